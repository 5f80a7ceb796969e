package updater

import (
	"context"
	"fmt"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/updater/rollout"
	"github.com/garboard-dev/garboard/updater/watched"
)

// resumeAll watches again what a former leader began, of the kinds that are wanted.
func (u *Updater) resumeAll(ctx context.Context, wanted func(watched.Key) bool) {
	for _, key := range u.poller.Keys() {
		if wanted(key) {
			u.resume(ctx, key)
		}
	}
}

// resume watches again what a former leader began: the API server has all that it
// takes. What has failed by itself meanwhile is told by its standing alone, unless
// it is to be taken back.
func (u *Updater) resume(ctx context.Context, key watched.Key) {
	o := u.workloads.Get(ctx, key)
	if o == nil {
		return
	}
	at, ours := rollout.Ours(o, "")
	h := rollout.Read(o)
	if !ours || h.Phase != rollout.Rolling && h.Phase != rollout.Failed && !h.Resumes || rollout.Over(o, at) {
		return
	}
	past, err := u.recall(ctx, key)
	if err != nil {
		log.FromContext(ctx).Error(err, "resuming", "kind", key.GVK().Kind, "namespace", key.Namespace, "workload", key.Name)
		return
	}
	if len(past.Changes) == 0 {
		return
	}
	r := past.Rollout
	r.Began, r.Generation, r.UID = at, o.GetGeneration(), o.GetUID()
	now := u.Clock.Now()
	switch late := now.Sub(at) > past.terms.Timeout; {
	case h.Phase == rollout.Rolling && late && !rollout.Watched(o):
		return // it was not watched: it may have been healthy since, and broken by a node
	case h.Phase == rollout.Failed && now.Sub(h.FailedAt) > 2*past.terms.Timeout:
		u.report.FailedBefore(key, r.Changes, h.Message)
		return // people were told, or have lived with it
	}
	if h.Phase == rollout.Rolling {
		u.mover.Resumed(key, r, past.repositories...)
		u.report.Rolling(key, r.Changes)
	}
	u.watcher.Begin(key, r)
}

// recalled is a rollout that a former leader began, with its terms as they are now.
type recalled struct {
	*rollout.Rollout
	terms        rollout.Terms
	repositories []string
}

// recallTimeout bounds one read of the API server.
const recallTimeout = 30 * time.Second

// recall reads from the workload's state what its last moves were.
func (u *Updater) recall(ctx context.Context, key watched.Key) (recalled, error) {
	ctx, cancel := context.WithTimeout(ctx, recallTimeout)
	defer cancel()
	past := recalled{Rollout: &rollout.Rollout{}}
	live := watched.Empty(key.GVK())
	if err := u.Live.Get(ctx, key.NamespacedName, live); err != nil {
		return past, fmt.Errorf("reading %q: %w", key.Name, err)
	}
	object, ok := u.Kinds.FromMap(live.Object)
	namespace, err := u.workloads.Namespace(ctx, key.Namespace)
	if !ok || err != nil {
		return past, fmt.Errorf("reading %q: %w", key.Name, err)
	}
	_, read := u.workloads.Settings(ctx, object, namespace)
	for _, slot := range object.Slots() {
		former, last, ok := lastMove(object, slot)
		if !ok {
			continue
		}
		reference, err := resolver.ParseReference(slot.Image)
		if err != nil {
			continue
		}
		digest := ""
		if reference.Digest != "" {
			digest = former.Digest
		}
		past.repositories = append(past.repositories, reference.Repository.String())
		past.Changes = append(past.Changes, rollout.Change{Container: slot.Key(), From: reference.With(former.Tag, digest), To: slot.Image})
		// What is held has been left: this is the way back.
		if held, is := record.HoldsOf(object)[slot.Key()]; is && !held.Agrees(last) {
			past.Back = true
		}
	}
	past.terms, _ = past.Rollout.Terms(object, read)
	return past, nil
}

// lastMove is where the updater moved a container from, and to; ok is false where it
// did not move it last. From is what was healthy last, where that is known.
func lastMove(o *workload.Object, slot workload.Slot) (from, to record.Result, ok bool) {
	state := record.StateOf(o)[slot.Key()]
	reference, err := resolver.ParseReference(slot.Image)
	past := state.Results
	if err != nil || len(past) < 2 {
		return from, to, false
	}
	last, former := past[len(past)-1], past[len(past)-2]
	to, okTo := record.ParseResult(last.Result)
	// Another webhook may have stored something else.
	was, _, _ := former.StoredAs()
	is, stored, _ := last.StoredAs()
	if !okTo || is != reference.Repository.String() || was != reference.Repository.String() || !record.Named(reference).Agrees(stored) {
		return from, to, false
	}
	if healthy, known := record.ParseResult(state.Healthy); known {
		return healthy, to, healthy != to
	}
	from, ok = record.ParseResult(former.Result)
	return from, to, ok && o.MovedByUpdater(slot.Key())
}
