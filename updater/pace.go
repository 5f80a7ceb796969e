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
// waits in a line, and is woken when one is free.
type pace struct {
	limits Pace
	wake   func(objectKey)

	mu    sync.Mutex
	taken map[objectKey]place
	used  map[string]int // places, by what bounds them
	line  []queued
}

type place struct {
	namespace  string
	registries []string
}

type queued struct {
	key    objectKey
	place  place
	urgent bool
}

func newPace(limits Pace, wake func(objectKey)) *pace {
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

// enter takes a place, which the workload may have already; it waits in line where
// the verdict is closed.
func (p *pace) enter(key objectKey, at place, urgent bool) Verdict {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, has := p.taken[key]; has {
		return Verdict{}
	}
	if full := p.full(at); full != "" {
		p.queue(queued{key, at, urgent})
		return Verdict{Reason: WaitPace, Message: full}
	}
	p.quit(key)
	p.take(key, at)
	return Verdict{}
}

func (p *pace) take(key objectKey, at place) {
	p.taken[key] = at
	for bound := range p.bounds(at) {
		p.used[bound]++
	}
}

// hold takes a place for a rollout that goes on already, free or not.
func (p *pace) hold(key objectKey, at place) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, has := p.taken[key]; !has {
		p.take(key, at)
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

// queue puts the urgent ones before the others. Who waits already keeps the place
// in the line.
func (p *pace) queue(q queued) {
	if at := slices.IndexFunc(p.line, func(other queued) bool { return other.key == q.key }); at >= 0 {
		if p.line[at].place = q.place; p.line[at].urgent || !q.urgent {
			return
		}
		p.quit(q.key)
	}
	i := len(p.line)
	if q.urgent {
		if first := slices.IndexFunc(p.line, func(other queued) bool { return !other.urgent }); first >= 0 {
			i = first
		}
	}
	p.line = slices.Insert(p.line, i, q)
}

func (p *pace) quit(key objectKey) {
	p.line = slices.DeleteFunc(p.line, func(q queued) bool { return q.key == key })
}

// leave gives back the workload's place, if it has one, and wakes the next in line
// that there is a place for.
func (p *pace) leave(key objectKey) {
	p.mu.Lock()
	if at, has := p.taken[key]; has {
		delete(p.taken, key)
		for bound := range p.bounds(at) {
			if p.used[bound]--; p.used[bound] == 0 {
				delete(p.used, bound)
			}
		}
	}
	p.quit(key)
	p.mu.Unlock()
	p.next()
}

// next wakes the first in line that there is a place for.
func (p *pace) next() {
	p.mu.Lock()
	next := slices.IndexFunc(p.line, func(q queued) bool { return p.full(q.place) == "" })
	var woken objectKey
	if next >= 0 {
		woken = p.line[next].key
		p.line = slices.Delete(p.line, next, next+1)
	}
	p.mu.Unlock()
	if next >= 0 {
		p.wake(woken)
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
