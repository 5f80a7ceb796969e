package updater

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/updater/move"
	"github.com/garboard-dev/garboard/updater/poll"
	"github.com/garboard-dev/garboard/updater/report"
	"github.com/garboard-dev/garboard/updater/rollout"
	"github.com/garboard-dev/garboard/updater/watched"
)

// watch follows namespaces and the workloads of Kubernetes itself, and returns
// when both are known.
func (u *Updater) watch(ctx context.Context) error {
	namespaces, err := u.Cache.GetInformer(ctx, watched.EmptyNamespace())
	if err != nil {
		return fmt.Errorf("watching namespaces: %w", err)
	}
	var synced []toolscache.InformerSynced
	for _, kind := range u.Kinds.Rolling() {
		if u.Kinds.Custom(kind) {
			continue // see followCustom
		}
		hasSynced, err := u.follow(ctx, kind)
		if err != nil {
			return err
		}
		synced = append(synced, hasSynced)
		u.markFollowed(kind)
	}
	// A namespace's label or defaults change what all of its workloads want.
	registration, err := namespaces.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
		AddFunc: func(object any) { u.trackNamespace(ctx, object) },
		UpdateFunc: func(before, after any) {
			if settingsDiffer(before, after) {
				u.trackNamespace(ctx, after)
			}
		},
		DeleteFunc: func(any) {}, // its workloads are deleted one by one
	})
	if err != nil {
		return fmt.Errorf("watching namespaces: %w", err)
	}
	if !toolscache.WaitForCacheSync(ctx.Done(), append(synced, registration.HasSynced)...) {
		return ctx.Err()
	}
	return nil
}

// follow has every workload of a kind tracked, and returns whether those that
// are there have been.
func (u *Updater) follow(ctx context.Context, kind workload.Kind, opts ...cache.InformerGetOption) (toolscache.InformerSynced, error) {
	informer, err := u.Cache.GetInformer(ctx, watched.Empty(kind.GroupVersionKind), opts...)
	if err != nil {
		return nil, fmt.Errorf("watching %s: %w", kind.GroupKind(), err)
	}
	registration, err := informer.AddEventHandler(u.handler(ctx, kind))
	if err != nil {
		return nil, fmt.Errorf("watching %s: %w", kind.GroupKind(), err)
	}
	return registration.HasSynced, nil
}

func (u *Updater) handler(ctx context.Context, kind workload.Kind) toolscache.ResourceEventHandler {
	track := func(object any) {
		if o, ok := object.(*unstructured.Unstructured); ok {
			u.track(ctx, watched.KeyOf(kind.GroupVersionKind, o), o)
		}
	}
	return toolscache.ResourceEventHandlerFuncs{
		AddFunc: track,
		UpdateFunc: func(before, object any) {
			was, okWas := before.(*unstructured.Unstructured)
			is, okIs := object.(*unstructured.Unstructured)
			same := okWas && okIs && was.GetUID() == is.GetUID()
			if okWas && okIs && !same { // deleted and created anew while the watch was broken
				u.drop(watched.KeyOf(kind.GroupVersionKind, was), was.GetUID())
			}
			if track(object); same {
				u.hold(was, is)
			}
		},
		DeleteFunc: func(object any) {
			if gone, ok := object.(toolscache.DeletedFinalStateUnknown); ok {
				object = gone.Obj
			}
			if o, ok := object.(*unstructured.Unstructured); ok {
				u.drop(watched.KeyOf(kind.GroupVersionKind, o), o.GetUID())
			}
		},
	}
}

// track notes which repositories a workload wants polled.
func (u *Updater) track(ctx context.Context, key watched.Key, o *unstructured.Unstructured) {
	namespace, err := u.workloads.Namespace(ctx, o.GetNamespace())
	if err != nil {
		log.FromContext(ctx).V(1).Info("namespace not known yet", "namespace", o.GetNamespace(), "error", err.Error())
		return // its own event tracks its workloads
	}
	object, ok := u.Kinds.FromMap(o.Object)
	if !ok {
		return
	}
	uses, standings, ties := u.usesOf(ctx, object, namespace)
	u.report.Keep(key, standings)
	u.poller.Track(key, uses)
	h := rollout.Read(o)
	if !u.watcher.Changed(key) && h.Phase == rollout.Healthy {
		u.report.Recovered(key)
	}
	if u.watcher.Of(key) == nil {
		u.report.LearnFrom(key, object, h)
	}
	u.mover.Changed(key, object, ties, h)
	u.reviewApprovals(o.GetUID())
}

// usesOf returns what a workload wants followed, what is known of its containers
// from itself alone, and what binds it to others.
func (u *Updater) usesOf(ctx context.Context, o *workload.Object, namespace workload.Namespace) (uses []poll.Use, standings []report.Standing, ties move.Ties) {
	if !namespace.Enabled() || o.Owned() || o.Deleting() {
		return nil, nil, ties
	}
	w := watched.Workload{}
	w.Object, w.Settings = u.workloads.Settings(ctx, o, namespace)
	for _, c := range w.Containers() {
		if c.Rule.Schedule == nil {
			continue
		}
		wants := poll.Use{Repository: c.Reference.Repository.String(), Schedule: c.Rule.Schedule}
		if c.Rule.Trigger == settings.TriggerPush {
			wants.Schedule = nil
		}
		uses = append(uses, wants)
		ties.Canary, ties.After = c.Rule.Canary, c.Rule.After
		ties.Repositories = append(ties.Repositories, wants.Repository)
		standings = append(standings, report.Standing{
			Kind: o.Kind.GroupVersionKind.Kind, Namespace: o.Namespace(), Name: o.Name(), Container: c.Slot.Key(),
			Repository: c.Reference.Repository.String(), Running: c.Running.String(),
			Policy: c.Rule.Policy.Name(), State: report.StateUnknown, ReleaseNotes: c.Rule.ReleaseNotes,
			After: settings.AfterText(c.Rule.After),
		})
	}
	return uses, standings, ties
}

// drop forgets a workload that is gone.
func (u *Updater) drop(key watched.Key, uid types.UID) {
	u.poller.Forget(key)
	u.workloads.Forget(key)
	u.report.Forget(key, uid)
	u.watcher.Forget(key)
	u.mover.Forget(key)
}

// hold tells of holds that are new.
func (u *Updater) hold(before, after *unstructured.Unstructured) {
	is, ok := u.Kinds.FromMap(after.Object)
	if !ok || is.HoldText() == "" {
		return
	}
	if was, ok := u.Kinds.FromMap(before.Object); ok {
		u.report.Held(after, was, is)
	}
}

// trackNamespace notes anew what the workloads of a namespace want.
func (u *Updater) trackNamespace(ctx context.Context, object any) {
	namespace, ok := object.(*metav1.PartialObjectMetadata)
	if !ok {
		return
	}
	u.trackEach(ctx, namespace.Name, nil)
}

// trackAll notes anew what the workloads of a kind want that are wanted; nil
// wants all.
func (u *Updater) trackAll(ctx context.Context, kind workload.Kind, wanted func(*workload.Object) bool, opts ...client.ListOption) {
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(kind.GroupVersion().WithKind(kind.GroupVersionKind.Kind + "List"))
	if err := u.Cache.List(ctx, list, opts...); err != nil {
		log.FromContext(ctx).Error(err, "listing workloads", "kind", kind.GroupKind())
		return
	}
	for i := range list.Items {
		if o, ok := u.Kinds.FromMap(list.Items[i].Object); ok && (wanted == nil || wanted(o)) {
			u.track(ctx, watched.KeyOf(kind.GroupVersionKind, &list.Items[i]), &list.Items[i])
		}
	}
}

// settingsDiffer reports whether a namespace's update can change what is
// polled.
func settingsDiffer(before, after any) bool {
	a, okA := before.(*metav1.PartialObjectMetadata)
	b, okB := after.(*metav1.PartialObjectMetadata)
	return !okA || !okB || !workload.SameKeys(a.Labels, b.Labels) || !workload.SameKeys(a.Annotations, b.Annotations)
}
