package move

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/garboard-dev/garboard/updater/report"
	"github.com/garboard-dev/garboard/updater/watched"
)

// Pace bounds how many rollouts go on at once; 0 is no bound.
type Pace struct {
	// Cluster bounds all of them, Namespace those of each namespace, Registry those
	// whose images come from one registry. Namespace may be ThreeQuarters.
	Cluster, Namespace, Registry int
}

// ThreeQuarters stands for as many in one namespace as leave a quarter of the cluster's places
// to others: rollouts that come to nothing keep theirs for ten minutes, and longer if few do.
const ThreeQuarters = -1

// most is three quarters of the cluster's places, rounded up.
func (p Pace) most() int { return (3*p.Cluster + 3) / 4 }

// pace gives out places, one a workload that is being rolled out. Who finds none
// waits in a line, and is woken when there is one, which is kept until it comes.
type pace struct {
	limits Pace
	wake   func(key watched.Key)

	mu      sync.Mutex
	taken   map[watched.Key]place
	slow    map[watched.Key]bool // of those taken
	used    map[string]int       // places taken and kept, by what bounds them
	waiting waitingLine
}

// place names what a rollout counts for besides the cluster, as placeOf does.
type place struct {
	namespace  string
	registries []string
}

func newPace(limits Pace, wake func(key watched.Key)) *pace {
	if limits.Namespace == ThreeQuarters {
		limits.Namespace = limits.most()
	}
	return &pace{limits: limits, wake: wake, taken: map[watched.Key]place{}, slow: map[watched.Key]bool{}, used: map[string]int{}, waiting: newWaitingLine()}
}

// bounds are what a place counts for, with how many there may be. The cluster has no
// name.
func (p *pace) bounds(of place) iter.Seq2[string, int] {
	return func(yield func(string, int) bool) {
		if !yield("", p.limits.Cluster) || !yield(of.namespace, p.limits.Namespace) {
			return
		}
		for _, registry := range of.registries {
			if !yield(registry, p.limits.Registry) {
				return
			}
		}
	}
}

func (p *pace) count(at place, by int) {
	for bound := range p.bounds(at) {
		if p.used[bound] += by; p.used[bound] == 0 {
			delete(p.used, bound)
		}
	}
}

// enter takes a place, which the workload may have already; it waits in line where
// the verdict is closed.
func (p *pace) enter(key watched.Key, at place, urgent bool) Verdict {
	verdict, freed := p.take(key, at, urgent)
	if freed {
		p.next()
	}
	return verdict
}

// take does what enter does. freed: a place was kept for the workload, which may take
// another, or none.
func (p *pace) take(key watched.Key, at place, urgent bool) (verdict Verdict, freed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	freed = p.uncall(key)
	if _, has := p.taken[key]; has {
		p.waiting.remove(key)
		return Verdict{}, freed
	}
	if bound, full := p.full(at); full {
		p.waiting.queue(key, at, urgent)
		return Verdict{Reason: report.WaitPace, Message: p.explain(bound)}, freed
	}
	p.waiting.remove(key)
	p.taken[key] = at
	p.count(at, 1)
	return Verdict{}, freed
}

// uncall gives back the place that is kept for a workload; false where none is.
func (p *pace) uncall(key watched.Key) bool {
	q := p.waiting.of(key)
	if q == nil || !q.kept {
		return false
	}
	p.count(q.place, -1)
	q.kept = false
	return true
}

// occupy takes a place for a rollout that goes on already, free or not.
func (p *pace) occupy(key watched.Key, at place) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.slow, key) // that was another rollout
	if _, has := p.taken[key]; !has {
		p.taken[key] = at
		p.count(at, 1)
	}
}

// slowed notes that a rollout makes no step. It returns false where too many make none,
// so that it is not to keep its place.
func (p *pace) slowed(key watched.Key) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, has := p.taken[key]; !has || p.slow[key] {
		return true
	}
	if p.limits.Cluster > 0 && len(p.slow) >= p.limits.most() {
		return false
	}
	p.slow[key] = true
	return true
}

// full returns a bound that is reached, if one is.
func (p *pace) full(at place) (bound string, full bool) {
	for bound, limit := range p.bounds(at) {
		if limit > 0 && p.used[bound] >= limit {
			return bound, true
		}
	}
	return "", false
}

// explain says that a bound is reached.
func (p *pace) explain(bound string) string {
	where := ""
	if bound != "" {
		where = " in " + bound
	}
	return fmt.Sprintf("rollout limit%s reached (%d in progress)", where, p.used[bound])
}

// waits reports whether a workload is in line and there is no place for it: it is
// woken when there is one.
func (p *pace) waits(key watched.Key) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	q := p.waiting.of(key)
	if q == nil || q.kept {
		return false
	}
	_, full := p.full(q.place)
	return full
}

// quit takes a workload out of the line: it does not come.
func (p *pace) quit(key watched.Key) {
	p.mu.Lock()
	freed := p.uncall(key)
	p.waiting.remove(key)
	p.mu.Unlock()
	if freed {
		p.next()
	}
}

// leave gives back the workload's place, if it has one.
func (p *pace) leave(key watched.Key) {
	p.mu.Lock()
	at, has := p.taken[key]
	if has {
		delete(p.taken, key)
		delete(p.slow, key)
		p.count(at, -1)
	}
	p.mu.Unlock()
	if has {
		p.next()
	}
}

// next wakes all in line that there is a place for, the first first.
func (p *pace) next() {
	p.mu.Lock()
	var woken []watched.Key
	for q := range p.waiting.all() {
		if p.limits.Cluster > 0 && p.used[""] >= p.limits.Cluster {
			break
		}
		if _, full := p.full(q.place); q.kept || full {
			continue
		}
		q.kept = true
		p.count(q.place, 1)
		woken = append(woken, q.key)
	}
	p.mu.Unlock()
	for _, key := range woken {
		p.wake(key)
	}
}

// size returns how many rollouts go on.
func (p *pace) size() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.taken)
}

// placeOf is the place that moves of a workload need.
func placeOf(namespace string, repositories ...string) place {
	at := place{namespace: "namespace " + namespace}
	for _, repository := range repositories {
		registry, _, _ := strings.Cut(repository, "/")
		if bound := "registry " + registry; !slices.Contains(at.registries, bound) {
			at.registries = append(at.registries, bound)
		}
	}
	return at
}
