package pullsecret

import (
	"context"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
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
// again. So nothing is watched that is not used, and where watching is forbidden
// the object is read every half minute.
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

// watch watches from the version that was read. The API server remembers a hundred changes of
// a kind or some more, and none from before its own start: to most objects that were just
// read it answers that the version is too old. It is asked then to begin with what is there.
func (c *cache[O, T]) watch(ctx context.Context, k key, o *object[T], version string) {
	if tooOld := c.watchFrom(ctx, k, o, version); tooOld {
		c.watchFrom(ctx, k, o, "")
	}
}

func (c *cache[O, T]) watchFrom(ctx context.Context, k key, o *object[T], version string) (tooOld bool) {
	watched, err := c.in(k.namespace).Watch(ctx, metav1.ListOptions{
		FieldSelector:   fields.OneTermEqualSelector(metav1.ObjectNameField, k.name).String(),
		ResourceVersion: version,
	})
	if err != nil {
		return isTooOld(err) // the answer holds for as long as it does without a watch
	}
	defer watched.Stop()
	if version != "" { // otherwise the first event tells that the object is there still
		c.update(func() { o.watched = true })
	}
	defer c.update(func() { o.watched, o.until = false, c.now().Add(unwatchedFor) })
	for {
		select {
		case event, open := <-watched.ResultChan():
			if open && event.Type == watch.Error {
				return isTooOld(apierrors.FromObject(event.Object))
			}
			if !open || !c.take(k, o, event) {
				return false
			}
		case <-ctx.Done():
			return false
		}
	}
}

func isTooOld(err error) bool { return apierrors.IsResourceExpired(err) || apierrors.IsGone(err) }

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
		o.answer, o.watched = next, true
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
