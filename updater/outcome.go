package updater

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/garboard-dev/garboard/internal/workload"
)

// workHealth looks at the next rollout whose workload changed or whose time has
// come. It returns false at the end.
func (u *Updater) workHealth(ctx context.Context) bool {
	key, shutdown := u.checks.Get()
	if shutdown {
		return false
	}
	defer u.checks.Done(key)
	u.look(ctx, key)
	return ctx.Err() == nil
}

// look judges a rollout by what the cache has of its workload.
func (u *Updater) look(ctx context.Context, key objectKey) {
	r := u.rollouts.of(key)
	if r == nil {
		return
	}
	o := &unstructured.Unstructured{}
	o.SetGroupVersionKind(key.gvk())
	if err := u.Cache.Get(ctx, key.NamespacedName, o); err != nil || o.GetUID() != r.uid {
		u.abandon(key, r) // it is gone
		return
	}
	if o.GetGeneration() < r.generation {
		return // the cache is behind: its next event comes here again
	}
	object, ok := u.Kinds.FromMap(o.Object)
	if !ok || !r.stands(object) {
		u.abandon(key, r) // somebody wrote another image, and answers for it
		return
	}
	if _, ours := movedAt(o, r.generation); !ours {
		u.abandon(key, r) // somebody wrote the template since
		return
	}
	h := healthOf(o)
	if h.phase == phaseFailed && !h.failed.IsZero() && h.failed.Before(r.began.Add(-time.Second)) {
		h.phase = phaseRolling // that was the rollout before
	}
	now := u.Clock.Now()
	first := h.phase == phaseHealthy && !u.rollouts.wasHealthy(r)
	deadline := u.rollouts.step(r, h.updated, h.phase == phaseHealthy, now)
	switch {
	case h.phase == phasePaused && h.resumes:
		u.unplace(key, r) // its steps may take days
	case h.phase == phasePaused:
		u.abandon(key, r)
	case h.phase == phaseFailed:
		u.unhealthy(ctx, key, r, o, h.message)
	case first:
		u.succeeded(key, r, o)
		u.checks.AddAfter(key, deadline.Sub(now))
	case now.Before(deadline):
		u.checks.AddAfter(key, deadline.Sub(now))
	case h.phase == phaseHealthy:
		u.rollouts.end(key, r)
	default:
		u.late(ctx, key, r, o, h)
	}
}

// unplace gives back a rollout's place, if it has one.
func (u *Updater) unplace(key objectKey, r *rollout) {
	if u.rollouts.unplace(key, r) {
		u.pace.leave(key)
	}
}

// stands reports whether the workload still has the images of the move.
func (r *rollout) stands(o *workload.Object) bool {
	now := map[string]string{}
	for _, slot := range o.Slots() {
		now[slot.Key()] = slot.Image
	}
	for _, c := range r.changes {
		if image, ok := now[c.Container]; !ok || image != c.image() {
			return false
		}
	}
	return true
}

// abandon stops watching without a verdict.
func (u *Updater) abandon(key objectKey, r *rollout) {
	u.unplace(key, r)
	if !u.rollouts.end(key, r) {
		return
	}
	u.book.noteAll(key, func(s *Standing) {
		if s.State == StateRolling {
			s.settle()
		}
	})
}

func (u *Updater) succeeded(key objectKey, r *rollout, o *unstructured.Unstructured) {
	u.unplace(key, r)
	u.stand(key, r, func(s *Standing) { s.State, s.Reason, s.Message = StateCurrent, "", "" })
	for _, follower := range u.canaries.rest(key) {
		u.moves.Add(follower)
	}
	if r.back || key.gvk().Kind == "CronJob" { // which rolls nothing
		return
	}
	u.Metrics.rollout(rolloutSucceeded)
	u.say(o, "", eventNormal, ReasonSucceeded, "%s", toldOf(r.changes))
	u.tell(o, r.terms.channels, LevelSuccess, ReasonSucceeded, "rolled out: "+toldOf(r.changes), r.changes)
}

// late is for a rollout whose time is over. One that was healthy before is only
// taken for failed where its Pods crash: a node may be drained at any time.
func (u *Updater) late(ctx context.Context, key objectKey, r *rollout, o *unstructured.Unstructured, h health) {
	crash, err := u.crashing(ctx, o)
	if err != nil {
		log.FromContext(ctx).Error(err, "reading Pods", "workload", o.GetName(), "namespace", o.GetNamespace())
	}
	if crash == "" && u.rollouts.wasHealthy(r) {
		if err != nil && u.Clock.Since(r.began) < 2*r.terms.timeout {
			u.checks.AddAfter(key, tryAgain)
			return
		}
		u.rollouts.end(key, r)
		return
	}
	why := fmt.Sprintf("not healthy within %s: %s", r.terms.timeout, h.message)
	if crash != "" {
		why = crash
	}
	u.unhealthy(ctx, key, r, o, why)
}

// unhealthy ends a rollout that failed, and takes it back where that is wanted. A
// way back that the API server does not take is tried again.
func (u *Updater) unhealthy(ctx context.Context, key objectKey, r *rollout, o *unstructured.Unstructured, why string) {
	u.unplace(key, r)
	if u.rollouts.tell(r) {
		u.Metrics.rollout(rolloutFailed)
		u.stand(key, r, func(s *Standing) { s.State, s.Reason, s.Message = StateFailed, ReasonRolloutFailed, why })
		text := fmt.Sprintf("%s: %s", toldOf(r.changes), why)
		u.say(o, "", eventWarning, ReasonRolloutFailed, "%s", text)
		u.tell(o, r.terms.channels, LevelError, ReasonRolloutFailed, "failed: "+text, r.changes)
		log.FromContext(ctx).Info("rollout failed", "kind", key.gvk().Kind, "namespace", key.Namespace, "workload", key.Name, "images", toldOf(r.changes), "why", why)
	}
	if r.terms.rollback != workload.RollbackAuto || r.back {
		u.rollouts.end(key, r)
		return
	}
	if u.takeBack(ctx, key, r, o) {
		u.rollouts.end(key, r)
	} else {
		u.checks.AddAfter(key, tryAgain)
	}
}

// stand changes the standings of the containers of a rollout.
func (u *Updater) stand(key objectKey, r *rollout, change func(*Standing)) {
	for _, c := range r.changes {
		u.book.note(key, c.Container, change)
	}
}

// recovered is for a workload that got well after it had failed.
func (u *Updater) recovered(key objectKey) {
	u.book.noteAll(key, func(s *Standing) {
		if s.State == StateFailed {
			s.State, s.Reason, s.Message = StateCurrent, "", ""
		}
	})
}
