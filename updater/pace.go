package updater

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Pace bounds how many rollouts go on at once; 0 is no bound.
type Pace struct {
	// Cluster bounds all of them, Namespace those of each namespace, Registry those
	// whose images come from one registry.
	Cluster, Namespace, Registry int
}

// pace gives out places, one a workload that is being rolled out. Who finds none
// waits in a line, and is woken when there is one, which is kept until it comes.
type pace struct {
	limits Pace
	wake   func(key objectKey, urgent bool)

	mu    sync.Mutex
	taken map[objectKey]place
	used  map[string]int // places taken and kept, by what bounds them
	line  []*queued
}

type place struct {
	namespace  string
	registries []string
}

type queued struct {
	key    objectKey
	place  place
	urgent bool
	kept   bool // woken, and its place is counted
}

func newPace(limits Pace, wake func(key objectKey, urgent bool)) *pace {
	return &pace{limits: limits, wake: wake, taken: map[objectKey]place{}, used: map[string]int{}}
}

// bounds are what a place counts for, with how many there may be.
func (p *pace) bounds(of place) map[string]int {
	bounds := map[string]int{"": p.limits.Cluster, "namespace " + of.namespace: p.limits.Namespace}
	for _, registry := range of.registries {
		bounds["registry "+registry] = p.limits.Registry
	}
	return bounds
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
func (p *pace) enter(key objectKey, at place, urgent bool) Verdict {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, has := p.taken[key]; has {
		return Verdict{}
	}
	i := p.inLine(key)
	if i >= 0 && p.line[i].kept { // woken, and now it is here
		p.count(p.line[i].place, -1)
		p.line[i].kept = false
	}
	if full := p.full(at); full != "" {
		p.queue(queued{key: key, place: at, urgent: urgent}, i)
		return Verdict{Reason: WaitPace, Message: full}
	}
	if i >= 0 {
		p.line = slices.Delete(p.line, i, i+1)
	}
	p.taken[key] = at
	p.count(at, 1)
	return Verdict{}
}

// hold takes a place for a rollout that goes on already, free or not.
func (p *pace) hold(key objectKey, at place) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, has := p.taken[key]; !has {
		p.taken[key] = at
		p.count(at, 1)
	}
}

// full says which bound is reached.
func (p *pace) full(at place) string {
	for bound, limit := range p.bounds(at) {
		if limit > 0 && p.used[bound] >= limit {
			if bound == "" {
				return fmt.Sprintf("%d rollouts go on, as many as may at once", p.used[bound])
			}
			return fmt.Sprintf("%d rollouts go on in %s, as many as may at once", p.used[bound], bound)
		}
	}
	return ""
}

func (p *pace) inLine(key objectKey) int {
	return slices.IndexFunc(p.line, func(q *queued) bool { return q.key == key })
}

// queue puts the urgent ones before the others. Who waits already, at i, keeps the
// place in the line.
func (p *pace) queue(q queued, i int) {
	if i >= 0 {
		if p.line[i].place = q.place; p.line[i].urgent || !q.urgent {
			return
		}
		p.line = slices.Delete(p.line, i, i+1)
	}
	at := len(p.line)
	if q.urgent {
		if first := slices.IndexFunc(p.line, func(other *queued) bool { return !other.urgent }); first >= 0 {
			at = first
		}
	}
	p.line = slices.Insert(p.line, at, &q)
}

// quit takes a workload out of the line: it does not come.
func (p *pace) quit(key objectKey) {
	p.mu.Lock()
	if i := p.inLine(key); i >= 0 {
		if p.line[i].kept {
			p.count(p.line[i].place, -1)
		}
		p.line = slices.Delete(p.line, i, i+1)
	}
	p.mu.Unlock()
	p.next()
}

// leave gives back the workload's place, if it has one.
func (p *pace) leave(key objectKey) {
	p.mu.Lock()
	at, has := p.taken[key]
	if has {
		delete(p.taken, key)
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
	var woken []*queued
	for _, q := range p.line {
		if p.limits.Cluster > 0 && p.used[""] >= p.limits.Cluster {
			break
		}
		if !q.kept && p.full(q.place) == "" {
			q.kept = true
			p.count(q.place, 1)
			woken = append(woken, q)
		}
	}
	p.mu.Unlock()
	for _, q := range woken {
		p.wake(q.key, q.urgent)
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
	at := place{namespace: namespace}
	for _, repository := range repositories {
		if registry, _, _ := strings.Cut(repository, "/"); !slices.Contains(at.registries, registry) {
			at.registries = append(at.registries, registry)
		}
	}
	return at
}
