package updater

import (
	"context"
	"fmt"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/updater/rollout"
	"github.com/garboard-dev/garboard/updater/watched"
)

// owner is what the watcher of rollouts knows of the updater.
type owner struct{ *Updater }

// Workload is of rollout.Owner.
func (u owner) Workload(ctx context.Context, key watched.Key) *unstructured.Unstructured {
	return u.workloads.Get(ctx, key)
}

// Terms is of rollout.Owner.
func (u owner) Terms(ctx context.Context, key watched.Key, r *rollout.Rollout) (terms rollout.Terms, ok bool) {
	w, ok := u.workloads.Governed(ctx, key)
	if !ok {
		return terms, false
	}
	return termsOf(r, w.Object, w.Settings)
}

// termsOf are the terms of the containers that a rollout moved; ok is false where none
// of them is governed.
func termsOf(r *rollout.Rollout, object *workload.Object, settings *workload.Settings) (terms rollout.Terms, ok bool) {
	for _, slot := range object.Slots() {
		if rule := settings.Rule(slot); rule.Governed() && changed(r, slot.Key()) {
			return rollout.TermsOf(&rule), true
		}
	}
	return terms, false
}

func changed(r *rollout.Rollout, container string) bool {
	for _, c := range r.Changes {
		if c.Container == container {
			return true
		}
	}
	return false
}

// Hear is of rollout.Owner.
func (u owner) Hear(ctx context.Context, key watched.Key, report rollout.Report) {
	u.places.give(key, report.Rollout, u.pace.leave)
	if now := u.watcher.Of(key); now != nil && now != report.Rollout {
		return // another move has begun since
	}
	switch report.Outcome {
	case rollout.Settled:
		u.settled(key, report)
	case rollout.Succeeded:
		u.succeeded(key, report)
	case rollout.Failing:
		u.failing(ctx, key, report)
	case rollout.Finished:
		u.book.learn(key)
	case rollout.Abandoned:
		u.book.noteAll(key, func(s *Standing) {
			if s.State == StateRolling {
				s.settle()
			}
		})
	}
}

// settled is for a rollout that goes on when a person, or a schedule, says so.
func (u *Updater) settled(key watched.Key, report rollout.Report) {
	empty := rollout.Read(report.Workload).Phase == rollout.Empty
	u.stand(key, report.Rollout, func(s *Standing) {
		if s.State != StateRolling {
			return
		}
		if s.Message = report.Why; empty {
			s.settle() // no Pod runs anything else
		}
	})
}

func (u *Updater) succeeded(key watched.Key, report rollout.Report) {
	r := report.Rollout
	u.stand(key, r, func(s *Standing) { s.State, s.Reason, s.Message = StateCurrent, "", "" })
	if report.Why != "" { // it is not watched further
		u.book.learn(key)
	}
	for _, follower := range u.canaries.rest(key) {
		u.moves.Add(follower)
	}
	if r.Back || key.GVK().Kind == "CronJob" { // which rolls nothing
		return
	}
	text := toldOf(r.Changes)
	if report.Why != "" {
		text += ": " + report.Why
	}
	u.Metrics.rollout(rolloutSucceeded)
	u.say(report.Workload, "", eventNormal, ReasonSucceeded, "%s", text)
	u.tell(report.Workload, report.Terms.Channels, LevelSuccess, ReasonSucceeded, "rolled out: "+text, r.Changes)
}

func (u *Updater) failing(ctx context.Context, key watched.Key, report rollout.Report) {
	r := report.Rollout
	u.Metrics.rollout(rolloutFailed)
	u.stand(key, r, func(s *Standing) { s.State, s.Reason, s.Message = StateFailed, ReasonRolloutFailed, report.Why })
	text := fmt.Sprintf("%s: %s", toldOf(r.Changes), report.Why)
	u.say(report.Workload, "", eventWarning, ReasonRolloutFailed, "%s", text)
	u.tell(report.Workload, report.Terms.Channels, LevelError, ReasonRolloutFailed, "failed: "+text, r.Changes)
	log.FromContext(ctx).Info("rollout failed", "kind", key.GVK().Kind, "namespace", key.Namespace, "workload", key.Name, "images", toldOf(r.Changes), "why", report.Why)
}

// stand changes the standings of the containers of a rollout.
func (u *Updater) stand(key watched.Key, r *rollout.Rollout, change func(*Standing)) {
	for _, c := range r.Changes {
		u.book.note(key, c.Container, change)
	}
}

// recovered is for a workload that got well after it had failed.
func (u *Updater) recovered(key watched.Key) {
	u.book.noteAll(key, func(s *Standing) {
		if s.State == StateFailed {
			s.State, s.Reason, s.Message = StateCurrent, "", ""
		}
	})
}

// places knows which rollout of a workload has its place of the pace.
type places struct {
	mu sync.Mutex
	of map[watched.Key]*rollout.Rollout
}

func newPlaces() *places { return &places{of: map[watched.Key]*rollout.Rollout{}} }

// take notes that a rollout has the place of its workload.
func (p *places) take(key watched.Key, r *rollout.Rollout) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.of[key] = r
}

// give calls leave if a rollout has the place of its workload, which it has not any
// more then. Another rollout may have begun meanwhile, and keeps it.
func (p *places) give(key watched.Key, r *rollout.Rollout, leave func(watched.Key)) {
	p.mu.Lock()
	had := r != nil && p.of[key] == r
	if had {
		delete(p.of, key)
	}
	p.mu.Unlock()
	if had {
		leave(key)
	}
}

// taken reports whether a rollout has the place of a workload.
func (p *places) taken(key watched.Key) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.of[key] != nil
}

// forget drops a workload.
func (p *places) forget(key watched.Key) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.of, key)
}
