package pullsecret

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/watch"
)

// run lets the cache watch what it reads, until the context ends.
func (c *cache[O, T]) run(ctx context.Context) {
	c.update(func() { c.running = ctx })
	c.sweep(ctx)
	c.update(func() { c.running = nil }) // before the wait, which none may join
	c.watches.Wait()
}

// sweep ends the watches of what is not asked for any more.
func (c *cache[O, T]) sweep(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			c.update(func() { c.trim(c.now()) })
		case <-ctx.Done():
			return
		}
	}
}

// follow begins to watch an object from the version that was read. The cache is
// locked.
//
// A watch that ends is not begun again by itself: the API server ends each of
// them within the hour, and the next caller reads the object and watches it
// again. So nothing is watched that is not used, no version is ever too old,
// and where watching is forbidden the object is read every half minute.
func (c *cache[O, T]) follow(k key, o *object[T], version string) {
	if c.running == nil {
		return
	}
	ctx, stop := context.WithCancel(c.running)
	o.stop = stop
	c.watches.Go(func() {
		defer stop()
		c.watch(ctx, k, o, version)
	})
}

func (c *cache[O, T]) watch(ctx context.Context, k key, o *object[T], version string) {
	watched, err := c.in(k.namespace).Watch(ctx, metav1.ListOptions{
		FieldSelector:   fields.OneTermEqualSelector(metav1.ObjectNameField, k.name).String(),
		ResourceVersion: version,
	})
	if err != nil {
		return // the answer holds for as long as it does without a watch
	}
	defer watched.Stop()
	c.update(func() { o.watched = true })
	defer c.update(func() { o.watched, o.until = false, c.now().Add(unwatchedFor) })
	for {
		select {
		case event, open := <-watched.ResultChan():
			if !open || !c.take(k, o, event) {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// take brings an object up to date; false ends its watch.
func (c *cache[O, T]) take(k key, o *object[T], event watch.Event) bool {
	var next answer[T]
	switch event.Type {
	case watch.Added, watch.Modified:
		changed, ok := event.Object.(O)
		if !ok || changed.GetName() != k.name || changed.GetNamespace() != k.namespace {
			return false // not what was asked for
		}
		next = c.parsed(k, changed)
	case watch.Deleted:
		next.failed = c.fault(Missing, k, nil)
	case watch.Bookmark:
		return true
	default:
		return false
	}
	c.update(func() {
		o.answer = next
		c.trim(c.now())
	})
	return true
}

// update changes what is known, with the cache locked.
func (c *cache[O, T]) update(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
}
