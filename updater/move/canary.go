package move

import (
	"sync"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/updater/watched"
)

// canaries knows the sets of workloads in which one goes ahead.
type canaries struct {
	mu   sync.Mutex
	sets map[string]map[watched.Key]settings.Canary
	of   map[watched.Key]string
	// soaked is what a first has run for long enough, by repository. It may run
	// another version by now: the rest follows to this one.
	soaked map[watched.Key]map[string]record.Result
}

func newCanaries() *canaries {
	return &canaries{
		sets: map[string]map[watched.Key]settings.Canary{}, of: map[watched.Key]string{},
		soaked: map[watched.Key]map[string]record.Result{},
	}
}

// setOf names a set in its namespace: no other may bear on it.
func setOf(namespace string, c settings.Canary) string { return namespace + "/" + c.Set }

// put notes a workload's place; the zero Canary takes it out.
func (c *canaries) put(key watched.Key, place settings.Canary) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if set, was := c.of[key]; was {
		delete(c.sets[set], key)
		if len(c.sets[set]) == 0 {
			delete(c.sets, set)
		}
		delete(c.of, key)
	}
	if !place.First {
		delete(c.soaked, key)
	}
	if place.Set == "" {
		return
	}
	set := setOf(key.Namespace, place)
	if c.sets[set] == nil {
		c.sets[set] = map[watched.Key]settings.Canary{}
	}
	c.sets[set][key], c.of[key] = place, set
}

// firsts are the workloads of a set that go ahead.
func (c *canaries) firsts(set string) map[watched.Key]settings.Canary {
	c.mu.Lock()
	defer c.mu.Unlock()
	firsts := map[watched.Key]settings.Canary{}
	for key, place := range c.sets[set] {
		if place.First {
			firsts[key] = place
		}
	}
	return firsts
}

// rest are those that follow a workload; none where it is not the first.
func (c *canaries) rest(key watched.Key) []watched.Key {
	c.mu.Lock()
	defer c.mu.Unlock()
	set := c.sets[c.of[key]]
	if !set[key].First {
		return nil
	}
	var rest []watched.Key
	for other, place := range set {
		if !place.First {
			rest = append(rest, other)
		}
	}
	return rest
}

// first reports whether a workload goes ahead of others.
func (c *canaries) first(key watched.Key) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sets[c.of[key]][key].First
}

// passed notes what a first has run for long enough, and returns false where that is
// no news.
func (c *canaries) passed(first watched.Key, repository string, result record.Result) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.soaked[first] == nil {
		c.soaked[first] = map[string]record.Result{}
	}
	news := c.soaked[first][repository] != result
	c.soaked[first][repository] = result
	return news
}

// lastPassed is what a first has run for long enough, of a repository.
func (c *canaries) lastPassed(first watched.Key, repository string) (record.Result, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	result, ok := c.soaked[first][repository]
	return result, ok
}

// runningOf is what a workload runs of a repository.
func runningOf(o *workload.Object, repository string) (record.Result, bool) {
	results := record.Of(o)
	for _, slot := range o.Slots() {
		reference, err := resolver.ParseReference(slot.Image)
		if err != nil || reference.Repository.String() != repository {
			continue
		}
		return record.Running(reference, results[slot.Key()]), true
	}
	return record.Result{}, false
}
