package updater

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/resolver"
)

// resumeAll watches again what a former leader began, of the kinds that are wanted.
func (u *Updater) resumeAll(ctx context.Context, wanted func(objectKey) bool) {
	for _, key := range u.tracker.keys() {
		if wanted(key) {
			u.resume(ctx, key)
		}
	}
}

// resume watches again what a former leader began: the API server has all that it
// takes. What has failed by itself meanwhile is told by its standing alone, unless
// it is to be taken back.
func (u *Updater) resume(ctx context.Context, key objectKey) {
	o := &unstructured.Unstructured{}
	o.SetGroupVersionKind(key.gvk())
	if u.Cache.Get(ctx, key.NamespacedName, o) != nil {
		return
	}
	at, ours := movedAt(o, 0)
	h := healthOf(o)
	if !ours || h.phase != phaseRolling && h.phase != phaseFailed && !h.resumes || complete(o, at) {
		return
	}
	r, err := u.recall(ctx, key)
	if err != nil {
		log.FromContext(ctx).Error(err, "resuming", "kind", key.gvk().Kind, "namespace", key.Namespace, "workload", key.Name)
		return
	}
	if len(r.changes) == 0 {
		return
	}
	r.began, r.generation, r.uid = at, o.GetGeneration(), o.GetUID()
	now := u.Clock.Now()
	switch late := now.Sub(at) > r.terms.timeout; {
	case h.phase == phaseRolling && late && conditionOf(o, "Progressing") == nil:
		return // nobody watched: it may have been healthy since, and broken by a node
	case h.phase == phaseFailed && now.Sub(h.failed) > 2*r.terms.timeout:
		u.stand(key, r, func(s *Standing) { s.State, s.Reason, s.Message = StateFailed, ReasonRolloutFailed, h.message })
		return // people were told, or have lived with it
	}
	r.placed = h.phase == phaseRolling
	u.rollouts.begin(key, r)
	if r.placed {
		u.pace.hold(key, placeOf(key.Namespace, repositoriesOf(r.moves)...))
		u.stand(key, r, func(s *Standing) { s.State, s.Reason, s.Message = StateRolling, "", "" })
	}
	u.checks.Add(key)
}

// recall reads from the workload's state what its last move was.
func (u *Updater) recall(ctx context.Context, key objectKey) (*rollout, error) {
	ctx, cancel := context.WithTimeout(ctx, bumpTimeout)
	defer cancel()
	live := empty(workload.Kind{GroupVersionKind: key.gvk()})
	if err := u.Live.Get(ctx, key.NamespacedName, live); err != nil {
		return nil, fmt.Errorf("reading %q: %w", key.Name, err)
	}
	object, ok := u.Kinds.FromMap(live.Object)
	namespace, err := u.namespace(ctx, key.Namespace)
	if !ok || err != nil {
		return nil, fmt.Errorf("reading %q: %w", key.Name, err)
	}
	settings := workload.ReadSettings(u.withRelease(ctx, object), namespace)
	r, state := &rollout{}, object.State()
	for _, slot := range object.Slots() {
		past := state[slot.Key()].Results
		reference, err := resolver.ParseReference(slot.Image)
		if err != nil || len(past) < 2 || !object.MovedByUpdater(slot.Key()) {
			continue
		}
		last, former := past[len(past)-1], past[len(past)-2]
		from, okFrom := workload.ParseResult(former.Result)
		to, okTo := workload.ParseResult(last.Result)
		// Another webhook may have stored something else.
		was, left, _ := former.StoredAs()
		is, stored, _ := last.StoredAs()
		running := workload.Result{Tag: reference.Tag, Digest: reference.Digest}
		if running.Digest == "" {
			running.Tag = reference.TagOrLatest()
		}
		if !okFrom || !okTo || was != reference.Repository || is != reference.Repository || !running.Agrees(stored) {
			continue
		}
		digest := ""
		if reference.Digest != "" {
			digest = left.Digest
		}
		rule := settings.Rule(slot)
		m := Move{key: key, Container: slot.Key(), Repository: reference.Repository, Image: reference.With(left.Tag, digest), From: from, To: to}
		r.moves, r.terms = append(r.moves, m), termsOf(&rule)
		r.changes = append(r.changes, Change{Container: slot.Key(), From: m.Image, To: slot.Image})
		// What is held has been left: this is the way back.
		if held, is := object.Holds()[slot.Key()]; is && !held.Agrees(to) {
			r.back = true
		}
	}
	return r, nil
}

// complete reports whether the rollout of a move that was made then is over by the
// workload's own word, whatever its Pods are now.
func complete(o *unstructured.Unstructured, moved time.Time) bool {
	if at := completed(o); !at.IsZero() && !at.Before(moved) {
		return true
	}
	current, okCurrent, _ := unstructured.NestedString(o.Object, "status", "currentRevision")
	updated, okUpdated, _ := unstructured.NestedString(o.Object, "status", "updateRevision")
	return okCurrent && okUpdated && current == updated && observed(o)
}

func observed(o *unstructured.Unstructured) bool {
	generation, known, _ := unstructured.NestedInt64(o.Object, "status", "observedGeneration")
	return known && generation >= o.GetGeneration()
}
