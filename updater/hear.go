package updater

import (
	"context"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/updater/report"
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
func termsOf(r *rollout.Rollout, object *workload.Object, settings *settings.Settings) (terms rollout.Terms, ok bool) {
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
func (u owner) Hear(ctx context.Context, key watched.Key, heard rollout.Report) {
	u.places.give(key, heard.Rollout, u.pace.leave)
	if now := u.watcher.Of(key); now != nil && now != heard.Rollout {
		return // another move has begun since
	}
	switch heard.Outcome {
	case rollout.Settled:
		hasPods := rollout.Read(heard.Workload).Phase != rollout.Empty
		u.report.Settled(key, heard.Rollout.Changes, heard.Why, hasPods)
	case rollout.Succeeded:
		u.succeeded(key, heard)
	case rollout.Failing:
		u.report.Failed(ctx, aboutOf(key, heard), heard.Rollout.Changes, heard.Why)
	case rollout.Finished:
		u.report.Learn(key)
	case rollout.Abandoned:
		u.report.Abandoned(key)
	}
}

func (u *Updater) succeeded(key watched.Key, heard rollout.Report) {
	r := heard.Rollout
	silent := r.Back || key.GVK().Kind == "CronJob" // which rolls nothing
	u.report.Succeeded(aboutOf(key, heard), r, heard.Why, silent)
	for _, follower := range u.canaries.rest(key) {
		u.moves.Add(follower)
	}
}

func aboutOf(key watched.Key, heard rollout.Report) report.About {
	return report.About{Key: key, Object: heard.Workload, Channels: heard.Terms.Channels}
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
