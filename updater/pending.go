package updater

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"
)

// pending are the moves that polls found and that have not been made.
type pending struct {
	mu    sync.Mutex
	moves map[objectKey]map[string]Move
	// pushed is when the registry told of what a workload waits for.
	pushed map[objectKey]time.Time
}

func newPending() *pending {
	return &pending{moves: map[objectKey]map[string]Move{}, pushed: map[objectKey]time.Time{}}
}

// add notes a move, in place of another of the same container.
func (p *pending) add(m Move, pushed time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.moves[m.key] == nil {
		p.moves[m.key] = map[string]Move{}
	}
	p.moves[m.key][m.Container] = m
	if _, known := p.pushed[m.key]; !known && !pushed.IsZero() {
		p.pushed[m.key] = pushed
	}
}

// drop forgets the moves of some containers.
func (p *pending) drop(key objectKey, containers ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, container := range containers {
		delete(p.moves[key], container)
	}
	if len(p.moves[key]) == 0 {
		delete(p.moves, key)
		delete(p.pushed, key)
	}
}

// forget drops a workload.
func (p *pending) forget(key objectKey) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.moves, key)
	delete(p.pushed, key)
}

// of returns the moves of a workload, by container, and when a registry told of
// one.
func (p *pending) of(key objectKey) ([]Move, time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	moves := slices.SortedFunc(maps.Values(p.moves[key]), func(a, b Move) int { return cmp.Compare(a.Container, b.Container) })
	return moves, p.pushed[key]
}

func (p *pending) has(key objectKey) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.moves[key]) > 0
}
