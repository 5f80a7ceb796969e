package updater

import (
	"context"
	"errors"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/garboard-dev/garboard/internal/workload"
)

// errMovedOn: what would be taken back is not there any more.
var errMovedOn = errors.New("the workload has been written since")

// errSameText: nothing in the template tells the two images apart.
var errSameText = errors.New("the image is written as before the move")

// takeBack brings back the images that a failed rollout moved from, as an undo
// does, and holds the versions that are left. It is the one time that the updater
// writes an image: there is nothing to resolve. It returns false where another try
// may do it.
func (u *Updater) takeBack(ctx context.Context, key objectKey, r *rollout, kept *unstructured.Unstructured) (done bool) {
	after, err := u.restore(ctx, kept, r)
	if err != nil {
		log.FromContext(ctx).Error(err, "taking back", "kind", key.gvk().Kind, "namespace", key.Namespace, "workload", key.Name)
		u.said.once(kept.GetUID(), "", "taking back", func() {
			u.say(kept, "", eventWarning, ReasonFailed, "taking back: %v", err)
			u.tell(kept, r.terms.channels, LevelError, ReasonFailed, "could not be taken back: "+err.Error(), r.changes)
		})
		return errors.Is(err, errMovedOn) || errors.Is(err, errSameText) || apierrors.IsNotFound(err)
	}
	u.said.clear(kept.GetUID(), "")
	back := make([]Change, 0, len(r.changes))
	for _, c := range r.changes {
		back = append(back, Change{Container: c.Container, From: c.To, To: c.From})
	}
	u.Metrics.rollout(rolloutRolledBack)
	u.rollouts.begin(key, &rollout{
		uid: after.GetUID(), generation: after.GetGeneration(), changes: back, terms: r.terms, back: true, began: u.Clock.Now(),
	})
	u.say(kept, "", eventWarning, ReasonRolledBack, "%s, and held", toldOf(back))
	u.tell(kept, r.terms.channels, LevelError, ReasonRolledBack, "taken back: "+toldOf(back), back)
	log.FromContext(ctx).Info("rolled back", "kind", key.gvk().Kind, "namespace", key.Namespace, "workload", key.Name, "images", toldOf(back))
	return true
}

// restore writes the former images, unless somebody has written the workload since
// it was read.
func (u *Updater) restore(ctx context.Context, kept *unstructured.Unstructured, r *rollout) (*unstructured.Unstructured, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), bumpTimeout)
	defer cancel()
	live := empty(workload.Kind{GroupVersionKind: kept.GroupVersionKind()})
	if err := u.Live.Get(ctx, client.ObjectKeyFromObject(kept), live); err != nil {
		return nil, fmt.Errorf("reading it: %w", err)
	}
	before := live.DeepCopy()
	object, ok := u.Kinds.FromMap(live.Object)
	if _, ours := movedAt(withTouches(live), r.generation); !ok || !ours || live.GetUID() != r.uid || !r.stands(object) {
		return nil, errMovedOn
	}
	former := map[string]workload.Former{}
	for _, m := range r.moves {
		if m.Image == "" || imageAfter(r.changes, m.Container) == m.Image {
			return nil, errSameText
		}
		former[m.Container] = workload.Former{Image: m.Image, To: m.From, Left: m.To}
	}
	if !object.GoBack(former) {
		return nil, errMovedOn
	}
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	if err := u.Client.Patch(ctx, live, patch, client.FieldOwner(fieldManager)); err != nil {
		return nil, fmt.Errorf("writing it: %w", err)
	}
	return live, nil
}

func imageAfter(changes []Change, container string) string {
	for _, c := range changes {
		if c.Container == container {
			return c.image()
		}
	}
	return ""
}

// toldOf lists images that moved: "web: example.com/app:1.2.7 -> example.com/app:1.2.8".
func toldOf(changes []Change) string {
	told := make([]string, 0, len(changes))
	for _, c := range changes {
		told = append(told, c.Container+": "+c.From+" -> "+c.To)
	}
	return workload.Shorten(strings.Join(told, ", "), maxNote)
}
