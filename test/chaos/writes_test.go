package chaos

import (
	"context"
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// revision is where the deployment controller numbers the templates.
const revision = "deployment.kubernetes.io/revision"

// take believes what is stored.
func (a *app) take(d *appsv1.Deployment) {
	a.label, a.applied = number(d.Labels["label"]), number(d.Labels["applied"])
	a.env, a.replicas = envOf(d.Spec.Template), *d.Spec.Replicas
}

func (w *writer) label(ctx context.Context, a *app) {
	a.label++
	w.write(ctx, "label", a, func(ctx context.Context) error {
		return w.patch(ctx, a, types.MergePatchType, "kubectl-label", fmt.Appendf(nil, `{"metadata":{"labels":{"label":"%d"}}}`, a.label))
	})
}

func (w *writer) scale(ctx context.Context, a *app) {
	a.replicas = int32(w.random.IntN(3))
	w.write(ctx, "scale", a, func(ctx context.Context) error {
		return w.patch(ctx, a, types.MergePatchType, "kubectl-scale", fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, a.replicas), "scale")
	})
}

func (w *writer) setEnv(ctx context.Context, a *app) {
	a.env++
	w.write(ctx, "set env", a, func(ctx context.Context) error {
		return w.patch(ctx, a, types.StrategicMergePatchType, "kubectl-set", fmt.Appendf(nil,
			`{"spec":{"template":{"spec":{"containers":[{"name":"web","env":[{"name":"N","value":"%d"}]}]}}}}`, a.env))
	})
}

func (w *writer) restart(ctx context.Context, a *app) {
	w.write(ctx, "rollout restart", a, func(ctx context.Context) error {
		return w.patch(ctx, a, types.StrategicMergePatchType, "kubectl-rollout", fmt.Appendf(nil,
			`{"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"%d"}}}}}`, w.random.Int64()))
	})
}

// apply brings the manifest again: as it was, as a rule, and now and then with
// another tag in it, up or down.
func (w *writer) apply(ctx context.Context, a *app) {
	kind := []string{"apply", "apply --server-side", "replace"}[a.style]
	submit := func() {
		a.applied++
		w.write(ctx, kind, a, func(ctx context.Context) error { return w.submit(ctx, a) })
	}
	if w.random.IntN(3) > 0 {
		submit()
		return
	}
	up := w.random.IntN(int(w.newest.Load()) + 1)
	if d := w.read(ctx, a); a.style == serverSide && (d == nil || tagOf(d.Spec.Template) == up) {
		return // docs/other-webhooks.md: where a mirror comes and goes, nothing tells this one
	}
	kind += " with another tag"
	a.source = up
	w.goingTo(ctx, a, up, submit)
}

// setImage goes to any tag that there is, up or down.
func (w *writer) setImage(ctx context.Context, a *app) {
	tag := w.random.IntN(int(w.newest.Load()) + 1)
	w.goingTo(ctx, a, tag, func() {
		w.write(ctx, "set image", a, func(ctx context.Context) error {
			return w.patch(ctx, a, types.StrategicMergePatchType, "kubectl-set", fmt.Appendf(nil,
				`{"spec":{"template":{"spec":{"containers":[{"name":"web","image":"%s:1.2.%d"}]}}}}`, a.image, tag))
		})
	})
}

// undo goes back to any revision that is there.
func (w *writer) undo(ctx context.Context, a *app) {
	d := w.read(ctx, a)
	if d == nil {
		return
	}
	target := w.revisionOf(ctx, d)
	if target == nil {
		return
	}
	after := envOf(target.Spec.Template)
	acknowledged := false
	w.goingTo(ctx, a, tagOf(target.Spec.Template), func() {
		acknowledged = w.write(ctx, "rollout undo", a, func(ctx context.Context) error {
			_, _, err := w.cluster.Kubectl(ctx, "", "-n", w.namespace, "rollout", "undo", "deployment/"+a.name, "--to-revision="+target.Annotations[revision])
			if err != nil && strings.Contains(err.Error(), "unable to find specified revision") {
				return &skippedError{} // it has another number by now, perhaps since an attempt was stored
			}
			return err
		})
	})
	now := w.read(ctx, a)
	if now == nil {
		return
	}
	switch got := envOf(now.Spec.Template); {
	case acknowledged && got != after:
		w.ledger.fault("a write was lost: %s: the undo to revision %s left env %d, want %d", a.name, target.Annotations[revision], got, after)
	case got != after && got != a.env:
		w.ledger.fault("a failed undo was stored differently: %s: env %d, want %d or %d", a.name, got, a.env, after)
	}
	a.env = envOf(now.Spec.Template)
}

// revisionOf picks a revision of the Deployment that is not its current one, and
// whose number is its own: the deployment controller counts from what its cache has,
// and two templates in quick succession can get the same one. kubectl then takes
// either.
func (w *writer) revisionOf(ctx context.Context, d *appsv1.Deployment) *appsv1.ReplicaSet {
	list, err := w.client.AppsV1().ReplicaSets(w.namespace).List(ctx, metav1.ListOptions{LabelSelector: "app=" + d.Name})
	if err != nil {
		return nil // another time
	}
	var owned, others []appsv1.ReplicaSet
	numbered := map[string]int{}
	for _, set := range list.Items {
		if len(set.OwnerReferences) > 0 && set.OwnerReferences[0].UID == d.UID {
			owned = append(owned, set)
			numbered[set.Annotations[revision]]++
		}
	}
	for _, set := range owned {
		number := set.Annotations[revision]
		if number != "" && numbered[number] == 1 && foreign(set.Spec.Template) != foreign(d.Spec.Template) {
			others = append(others, set)
		}
	}
	if len(others) == 0 {
		return nil
	}
	return &others[w.random.IntN(len(others))]
}
