package move

import (
	"sync"

	"github.com/garboard-dev/garboard/updater/rollout"
	"github.com/garboard-dev/garboard/updater/watched"
)

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

// has reports whether a rollout has the place of its workload.
func (p *places) has(key watched.Key, r *rollout.Rollout) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return r != nil && p.of[key] == r
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
