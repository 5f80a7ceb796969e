package updater

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/garboard-dev/garboard/internal/workload"
)

// rollout is a move that the updater made, until its outcome is known.
type rollout struct {
	uid types.UID
	// generation is that of the workload with the move. What the cache has of an
	// earlier one says nothing.
	generation int64
	changes    []Change
	// moves are what to take back.
	moves []Move
	terms terms
	// back is true for a move that takes another back.
	back bool

	began, progressed time.Time
	updated           int64
	// healthy: its Pods were, once.
	healthy bool
	// placed: it has a place of the pace.
	placed bool
	// told: people know that it failed.
	told bool
}

// terms are what a rule says of a rollout: thousands of them are watched at once, so
// that no more is kept of it.
type terms struct {
	timeout  time.Duration
	rollback string
	channels []string
}

func termsOf(rule *workload.Rule) terms {
	return terms{timeout: rule.HealthTimeout, rollback: rule.Rollback, channels: rule.Notify}
}

// deadline is when it has failed unless it is healthy or goes on.
func (r *rollout) deadline() time.Time {
	last := r.progressed
	if r.healthy || r.began.After(last) {
		last = r.began
	}
	return last.Add(r.terms.timeout)
}

// rollouts are those that are watched.
type rollouts struct {
	mu  sync.Mutex
	all map[objectKey]*rollout
}

func newRollouts() *rollouts { return &rollouts{all: map[objectKey]*rollout{}} }

func (r *rollouts) begin(key objectKey, of *rollout) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all[key] = of
}

// end forgets a rollout. It returns false where another has begun meanwhile, which
// stays.
func (r *rollouts) end(key objectKey, of *rollout) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.all[key] != of {
		return false
	}
	delete(r.all, key)
	return true
}

// unplace takes the place from a rollout; false where it has none, or another has
// begun meanwhile.
func (r *rollouts) unplace(key objectKey, of *rollout) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	had := r.all[key] == of && of.placed
	of.placed = false
	return had
}

// placed reports whether a rollout of a workload has a place.
func (r *rollouts) placed(key objectKey) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	of := r.all[key]
	return of != nil && of.placed
}

// tell reports whether people are still to be told that it failed.
func (r *rollouts) tell(of *rollout) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	first := !of.told
	of.told = true
	return first
}

func (r *rollouts) of(key objectKey) *rollout {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.all[key]
}

func (r *rollouts) forget(key objectKey) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.all, key)
}

// step notes what the cache says, and returns when it is to be looked at next.
func (r *rollouts) step(of *rollout, updated int64, healthy bool, now time.Time) (deadline time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if updated > of.updated {
		of.updated, of.progressed = updated, now
	}
	of.healthy = of.healthy || healthy
	return of.deadline()
}

// wasHealthy reports whether its Pods were healthy before.
func (r *rollouts) wasHealthy(of *rollout) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return of.healthy
}
