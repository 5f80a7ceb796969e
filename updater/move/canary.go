package move

import (
	"strings"
	"sync"
	"time"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/updater/rollout"
	"github.com/garboard-dev/garboard/updater/watched"
)

// canaries knows the sets of workloads in which one goes ahead.
type canaries struct {
	mu   sync.Mutex
	sets map[string]map[watched.Key]settings.Canary
	of   map[watched.Key]string
	// healthy is from when on a workload was seen healthy with what it runs.
	healthy map[watched.Key]healthySince
	// soaked is what a first has run for long enough, by repository. It may run
	// another version by now: the rest follows to this one.
	soaked map[watched.Key]map[string]record.Result
}

// healthySince is how long a workload has been healthy with its images; the zero
// time where it is not. broken: it was not, at a time that was seen.
type healthySince struct {
	images string
	at     time.Time
	broken bool
}

func newCanaries() *canaries {
	return &canaries{
		sets: map[string]map[watched.Key]settings.Canary{}, of: map[watched.Key]string{}, healthy: map[watched.Key]healthySince{},
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
		delete(c.healthy, key)
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

// see notes how a workload is, and returns from when on it has been healthy with
// these images. Its own status may know better after a restart of ours; but not of
// Pods that broke later and came back.
func (c *canaries) see(key watched.Key, images string, h rollout.Health, now time.Time) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	known := c.healthy[key]
	if known.images != images {
		known = healthySince{images: images}
	}
	switch {
	case h.Phase != rollout.Healthy:
		known.at, known.broken = time.Time{}, true
	case known.at.IsZero() && !known.broken && !h.Since.IsZero():
		known.at = h.Since
	case known.at.IsZero():
		known.at = now
	}
	c.healthy[key] = known
	return known.at
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

// imagesOf tells apart what a workload runs at different times.
func imagesOf(o *workload.Object) string {
	slots := o.Slots()
	images := append(make([]string, 0, len(slots)+1), o.RecordText()) // which has digests that are not written
	for _, slot := range slots {
		images = append(images, slot.Image)
	}
	return strings.Join(images, " ")
}
