package rollout

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// seen is a rollout with its workload and terms, as they are now.
type seen struct {
	rollout *Rollout
	object  *unstructured.Unstructured
	terms   Terms
	health  Health
}

func (s seen) report(outcome Outcome, why string) Report {
	return Report{Outcome: outcome, Rollout: s.rollout, Workload: s.object, Terms: s.terms, Why: why}
}

// Look judges a rollout by what the cache has of its workload. It makes no request.
func (w *Watcher[K]) Look(ctx context.Context, key K) {
	s, ok := w.see(ctx, key)
	if !ok {
		return
	}
	w.mu.Lock()
	if s.rollout.told { // its way back is a stage of its own
		w.mu.Unlock()
		return
	}
	what, again := s.rollout.next(s.health, s.terms, w.Clock.Now())
	w.mu.Unlock()
	switch what {
	case abandon:
		w.abandon(ctx, key, s)
	case fail:
		w.fail(ctx, key, s, judgement{why: s.health.Message})
	case inspect:
		w.Inspections.Add(key)
	case finish:
		w.finish(ctx, key, s)
	case succeed:
		w.Owner.Hear(ctx, key, s.report(Succeeded, ""))
		w.lookAt(key, again)
	case rest:
		w.Owner.Hear(ctx, key, s.report(Settled, s.health.Message))
		w.lookAt(key, again)
	case linger:
		w.Owner.Hear(ctx, key, s.report(Slow, ""))
		w.lookAt(key, again)
	default:
		w.lookAt(key, again)
	}
}

// lookAt plans the next look; the zero time is at the workload's next event.
func (w *Watcher[K]) lookAt(key K, at time.Time) {
	if !at.IsZero() {
		w.Looks.AddAfter(key, at.Sub(w.Clock.Now()))
	}
}

// see reads what a rollout is judged by. ok is false where there is nothing to judge:
// it is over, or the cache is behind.
func (w *Watcher[K]) see(ctx context.Context, key K) (s seen, ok bool) {
	if s.rollout = w.Of(key); s.rollout == nil {
		return s, false
	}
	s.object = w.Owner.Workload(ctx, key)
	if s.object == nil || s.object.GetUID() != s.rollout.UID {
		s.object = nil
		w.abandon(ctx, key, s) // it is gone
		return s, false
	}
	if s.object.GetGeneration() < s.rollout.Generation {
		return s, false // its next event comes here again
	}
	if !w.ours(s.rollout, s.object) {
		w.abandon(ctx, key, s) // another writer answers for it
		return s, false
	}
	if s.terms, ok = w.Owner.Terms(ctx, s.object, s.rollout); !ok {
		w.abandon(ctx, key, s) // the workload asks no longer for it
		return s, false
	}
	s.health = Read(s.object)
	return s, true
}

// ours reports whether no other writer has changed the workload since the move.
func (w *Watcher[K]) ours(r *Rollout, o *unstructured.Unstructured) bool {
	object, ok := w.Pods.Kinds.FromMap(o.Object)
	if !ok || !r.Stands(object) {
		return false
	}
	_, ours := Ours(o, r.Others)
	return ours
}

// Inspect decides about a rollout by its Pods.
func (w *Watcher[K]) Inspect(ctx context.Context, key K) {
	s, ok := w.see(ctx, key)
	if !ok {
		return
	}
	w.mu.Lock()
	started, told := s.rollout.healthy, s.rollout.told
	w.mu.Unlock()
	if told {
		return
	}
	crash, err := w.Pods.Crash(ctx, s.object, started)
	if err != nil {
		w.logger(ctx, key).Error(err, "reading Pods")
	}
	w.mu.Lock()
	judged := s.rollout.judge(s.health, s.terms, crash, err != nil, w.Clock.Now())
	w.mu.Unlock()
	switch judged.step {
	case fail:
		w.fail(ctx, key, s, judged)
	case succeed:
		w.Owner.Hear(ctx, key, s.report(Succeeded, judged.why))
		w.end(key, s.rollout)
	case finish:
		w.finish(ctx, key, s)
	default:
		w.Looks.AddAfter(key, RetryAfter)
	}
}

func (w *Watcher[K]) finish(ctx context.Context, key K, s seen) {
	if w.end(key, s.rollout) {
		w.Owner.Hear(ctx, key, s.report(Finished, ""))
	}
}

// abandon stops watching without a verdict.
func (w *Watcher[K]) abandon(ctx context.Context, key K, s seen) {
	if w.end(key, s.rollout) {
		w.Owner.Hear(ctx, key, s.report(Abandoned, ""))
	}
}

// fail tells of a rollout that failed, and has it taken back where that is wanted.
func (w *Watcher[K]) fail(ctx context.Context, key K, s seen, judged judgement) {
	w.mu.Lock()
	first := !s.rollout.told
	s.rollout.told = true
	w.mu.Unlock()
	takenBack := s.terms.TakeBack && !s.rollout.Back
	why := judged.why
	if takenBack && judged.kept != "" {
		takenBack, why = false, why+"; not taken back, since "+judged.kept
	}
	if first {
		w.Owner.Hear(ctx, key, s.report(Failing, why))
	}
	if !takenBack {
		w.end(key, s.rollout)
		return
	}
	w.Returns.Add(key)
}

// recovered reports whether a rollout that was late became healthy before it was taken
// back. One that has been healthy before comes and goes with a crash.
func (w *Watcher[K]) recovered(s seen) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !s.rollout.healthy && s.health.Phase == Healthy
}

// Return takes a rollout back that failed. What the settings say now counts.
func (w *Watcher[K]) Return(ctx context.Context, key K) {
	s, ok := w.see(ctx, key)
	if !ok {
		return
	}
	if w.recovered(s) {
		w.Owner.Hear(ctx, key, s.report(Succeeded, ""))
		w.end(key, s.rollout)
		return
	}
	if !s.terms.TakeBack || w.Owner.TakeBack(ctx, key, s.rollout) {
		w.end(key, s.rollout)
		return
	}
	w.Returns.AddAfter(key, RetryAfter)
}
