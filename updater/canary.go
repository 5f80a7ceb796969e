package updater

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/resolver"
)

// canaries knows the sets of workloads in which one goes ahead.
type canaries struct {
	mu   sync.Mutex
	sets map[string]map[objectKey]workload.Canary
	of   map[objectKey]string
	// healthy is from when on a workload was seen healthy with what it runs.
	healthy map[objectKey]healthySince
}

// healthySince is how long a workload has been healthy with its images; the zero
// time where it is not. broken: it was not, at a time that was seen.
type healthySince struct {
	images string
	at     time.Time
	broken bool
}

func newCanaries() *canaries {
	return &canaries{sets: map[string]map[objectKey]workload.Canary{}, of: map[objectKey]string{}, healthy: map[objectKey]healthySince{}}
}

// setOf names a set in its namespace: no other may bear on it.
func setOf(namespace string, c workload.Canary) string { return namespace + "/" + c.Set }

// put notes a workload's place; the zero Canary takes it out.
func (c *canaries) put(key objectKey, place workload.Canary) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if set, was := c.of[key]; was {
		delete(c.sets[set], key)
		if len(c.sets[set]) == 0 {
			delete(c.sets, set)
		}
		delete(c.of, key)
	}
	if place.Set == "" {
		delete(c.healthy, key)
		return
	}
	set := setOf(key.Namespace, place)
	if c.sets[set] == nil {
		c.sets[set] = map[objectKey]workload.Canary{}
	}
	c.sets[set][key], c.of[key] = place, set
}

// firsts are the workloads of a set that go ahead.
func (c *canaries) firsts(set string) map[objectKey]workload.Canary {
	c.mu.Lock()
	defer c.mu.Unlock()
	firsts := map[objectKey]workload.Canary{}
	for key, place := range c.sets[set] {
		if place.First {
			firsts[key] = place
		}
	}
	return firsts
}

// rest are those that follow a workload; none where it is not the first.
func (c *canaries) rest(key objectKey) []objectKey {
	c.mu.Lock()
	defer c.mu.Unlock()
	set := c.sets[c.of[key]]
	if !set[key].First {
		return nil
	}
	var rest []objectKey
	for other, place := range set {
		if !place.First {
			rest = append(rest, other)
		}
	}
	return rest
}

// first reports whether a workload goes ahead of others.
func (c *canaries) first(key objectKey) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sets[c.of[key]][key].First
}

// see notes how a workload is, and returns from when on it has been healthy with
// these images. Its own status may know better after a restart of ours; but not of
// Pods that broke later and came back.
func (c *canaries) see(key objectKey, images string, h health, now time.Time) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	known := c.healthy[key]
	if known.images != images {
		known = healthySince{images: images}
	}
	switch {
	case h.phase != phaseHealthy:
		known.at, known.broken = time.Time{}, true
	case known.at.IsZero() && !known.broken && !h.since.IsZero():
		known.at = h.since
	case known.at.IsZero():
		known.at = now
	}
	c.healthy[key] = known
	return known.at
}

// canaryGate lets the rest of a set follow its first.
type canaryGate struct{ u *Updater }

// Judge is a Gate.
func (g canaryGate) Judge(ctx context.Context, m *Move) Verdict {
	place := m.Rule.Canary
	if place.Set == "" || place.First {
		return Verdict{}
	}
	firsts := g.u.canaries.firsts(setOf(m.Workload.Namespace(), place))
	if len(firsts) == 0 {
		return Verdict{Reason: WaitCanary, Message: fmt.Sprintf("no workload goes first in the set %q", place.Set)}
	}
	keys := slices.SortedFunc(maps.Keys(firsts), cmpKeys)
	for _, key := range keys {
		if verdict := g.follows(ctx, m, key, firsts[key].Soak); !verdict.Open() {
			return verdict
		}
	}
	return Verdict{}
}

// follows judges by one workload that goes ahead.
func (g canaryGate) follows(ctx context.Context, m *Move, first objectKey, soak time.Duration) Verdict {
	wait := func(format string, args ...any) Verdict {
		return Verdict{Reason: WaitCanary, Message: first.Name + " " + fmt.Sprintf(format, args...)}
	}
	o := &unstructured.Unstructured{}
	o.SetGroupVersionKind(first.gvk())
	if err := g.u.Cache.Get(ctx, first.NamespacedName, o); err != nil {
		return wait("goes first, and is not there")
	}
	object, ok := g.u.Kinds.FromMap(o.Object)
	if !ok {
		return wait("goes first, and is not there")
	}
	running, uses := runningOf(object, m.Repository)
	if !uses {
		return wait("goes first, and has no image of that repository")
	}
	if !running.Agrees(m.To) {
		return wait("goes first, and runs %s", running)
	}
	if replicas, known, _ := unstructured.NestedInt64(o.Object, "spec", "replicas"); known && replicas == 0 {
		return wait("goes first, and has no Pods")
	}
	h := healthOf(o)
	since := g.u.canaries.see(first, imagesOf(object), h, g.u.Clock.Now())
	if h.phase != phaseHealthy {
		return wait("goes first, and is not healthy")
	}
	if ripe := since.Add(soak); g.u.Clock.Now().Before(ripe) {
		verdict := wait("has been healthy since %s, for %s it has to be", since.UTC().Format("15:04 MST"), soak)
		verdict.Again = ripe
		return verdict
	}
	return Verdict{}
}

// runningOf is what a workload runs of a repository.
func runningOf(o *workload.Object, repository string) (workload.Result, bool) {
	record := o.Record()
	for _, slot := range o.Slots() {
		reference, err := resolver.ParseReference(slot.Image)
		if err != nil || reference.Repository != repository {
			continue
		}
		reference = tagged(reference, record[slot.Key()])
		running := workload.Result{Tag: reference.TagOrLatest(), Digest: reference.Digest}
		if recorded := record[slot.Key()]; running.Digest == "" && recorded.Tag == running.Tag {
			running.Digest = recorded.Digest
		}
		return running, true
	}
	return workload.Result{}, false
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
