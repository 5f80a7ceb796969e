package updater

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// pending are the moves that polls found and that have not been made. They are kept
// without workload and rule, which are read again when their turn comes.
type pending struct {
	mu    sync.Mutex
	moves map[objectKey][]Move // one for each container
	// pushed is when the registry told of what a workload waits for.
	pushed map[objectKey]time.Time
	// refused are the workloads whose bumps the API server does not take.
	refused map[objectKey]refusals
}

// refusals are those in a row.
type refusals struct {
	n     int
	until time.Time
}

func newPending() *pending {
	return &pending{moves: map[objectKey][]Move{}, pushed: map[objectKey]time.Time{}, refused: map[objectKey]refusals{}}
}

// failed notes that a bump was refused, and returns how long to wait.
func (p *pending) failed(key objectKey, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.refused[key]
	wait := maxTryAgain
	if r.n < 5 {
		wait = min(tryAgain<<r.n, maxTryAgain)
	}
	p.refused[key] = refusals{r.n + 1, now.Add(wait)}
	return wait
}

// took notes that a bump was not refused.
func (p *pending) took(key objectKey) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.refused, key)
}

// add notes a move, in place of another of the same container. It returns false where
// that was the same.
func (p *pending) add(m Move, pushed time.Time) (news bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	moves := p.moves[m.key]
	if i := slices.IndexFunc(moves, func(other Move) bool { return other.Container == m.Container }); i >= 0 {
		news = moves[i].Image != m.Image || moves[i].To != m.To
		moves[i] = m
	} else {
		news = true
		p.moves[m.key] = append(moves, m)
	}
	if _, known := p.pushed[m.key]; !known && !pushed.IsZero() {
		p.pushed[m.key] = pushed
	}
	return news
}

// drop forgets the moves of some containers.
func (p *pending) drop(key objectKey, containers ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	left := slices.DeleteFunc(p.moves[key], func(m Move) bool { return slices.Contains(containers, m.Container) })
	if len(left) > 0 {
		p.moves[key] = left
		return
	}
	delete(p.moves, key)
	delete(p.pushed, key)
}

// forget drops a workload.
func (p *pending) forget(key objectKey) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.moves, key)
	delete(p.pushed, key)
	delete(p.refused, key)
}

// of returns the moves of a workload, by container, and when a registry told of
// one.
func (p *pending) of(key objectKey) ([]Move, time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	moves := slices.SortedFunc(slices.Values(p.moves[key]), func(a, b Move) int { return cmp.Compare(a.Container, b.Container) })
	return moves, p.pushed[key]
}

// waits reports whether a workload has moves that can be tried.
func (p *pending) waits(key objectKey, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.moves[key]) > 0 && !now.Before(p.refused[key].until)
}
