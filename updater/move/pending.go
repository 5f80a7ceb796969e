package move

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/garboard-dev/garboard/updater/watched"
)

// pending are the moves that polls found and that have not been made. They are kept
// without workload and rule, which are read again when their turn comes.
type pending struct {
	mu    sync.Mutex
	moves map[watched.Key][]Move // one for each container
	// pushed is when the registry told of what a workload waits for.
	pushed map[watched.Key]time.Time
	// refused are the workloads whose bumps the API server does not take.
	refused map[watched.Key]refusals
}

// refusals are those in a row.
type refusals struct {
	n     int
	until time.Time
}

func newPending() *pending {
	return &pending{moves: map[watched.Key][]Move{}, pushed: map[watched.Key]time.Time{}, refused: map[watched.Key]refusals{}}
}

// failed notes that a bump was refused, and returns how long to wait.
func (p *pending) failed(key watched.Key, now time.Time) time.Duration {
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
func (p *pending) took(key watched.Key) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.refused, key)
}

// add notes moves of a workload, in place of others of the same containers. It returns
// false if all of them were known.
func (p *pending) add(key watched.Key, pushed time.Time, found ...Move) (news bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	moves := slices.Clone(p.moves[key])
	for _, m := range found {
		i := slices.IndexFunc(moves, func(other Move) bool { return other.Container == m.Container })
		if i < 0 {
			moves, news = append(moves, m), true
			continue
		}
		news = news || moves[i].Image != m.Image || moves[i].To != m.To
		moves[i] = m
	}
	p.moves[key] = moves
	if _, known := p.pushed[key]; !known && !pushed.IsZero() {
		p.pushed[key] = pushed
	}
	return news
}

// foundAgain notes when the moves of a workload in a repository were found again; false
// where there are none.
func (p *pending) foundAgain(key watched.Key, repository string, at time.Time) (known bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	moves := slices.Clone(p.moves[key])
	for i := range moves {
		if moves[i].Repository == repository {
			moves[i].Found, known = at, true
		}
	}
	if known {
		p.moves[key] = moves
	}
	return known
}

// drop forgets the move of a container, whatever it is.
func (p *pending) drop(key watched.Key, container string) {
	p.keep(key, func(m Move) bool { return m.Container != container })
}

// done forgets moves that were tried. What a poll has found for their containers since
// then waits for the next try.
func (p *pending) done(key watched.Key, tried ...Move) {
	p.keep(key, func(m Move) bool {
		return !slices.ContainsFunc(tried, func(t Move) bool {
			return t.Container == m.Container && t.Image == m.Image && t.Found.Equal(m.Found)
		})
	})
}

// keep forgets the moves of a workload that are not wanted.
func (p *pending) keep(key watched.Key, wanted func(Move) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var left []Move
	for _, m := range p.moves[key] {
		if wanted(m) {
			left = append(left, m)
		}
	}
	if len(left) > 0 {
		p.moves[key] = left
		return
	}
	delete(p.moves, key)
	delete(p.pushed, key)
}

// forget drops a workload.
func (p *pending) forget(key watched.Key) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.moves, key)
	delete(p.pushed, key)
	delete(p.refused, key)
}

// of returns the moves of a workload, by container, and when a registry told of
// one.
func (p *pending) of(key watched.Key) ([]Move, time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	moves := slices.SortedFunc(slices.Values(p.moves[key]), func(a, b Move) int { return cmp.Compare(a.Container, b.Container) })
	return moves, p.pushed[key]
}

// waits reports whether a workload has moves that can be tried.
func (p *pending) waits(key watched.Key, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.moves[key]) > 0 && !now.Before(p.refused[key].until)
}
