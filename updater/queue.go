package updater

import (
	"slices"
	"sync"

	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
)

// urgent are the items of a queue that go before the others.
type urgent[T comparable] struct {
	mu    sync.Mutex
	items map[T]bool
}

func newUrgent[T comparable]() *urgent[T] { return &urgent[T]{items: map[T]bool{}} }

// add makes an item urgent that is put into the queue next.
func (u *urgent[T]) add(item T) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.items[item] = true
}

// take reports whether an item is urgent, which it is not any more then.
func (u *urgent[T]) take(item T) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	is := u.items[item]
	delete(u.items, item)
	return is
}

// lanes is the order of a queue: urgent items first, each lane in the order of
// arrival. The queue that it is in locks it.
type lanes[T comparable] struct {
	urgent     *urgent[T]
	fast, slow []T
	inFast     map[T]bool
	depth      func(int)
}

// newQueue returns a queue that hands out urgent items first, an item to one
// worker at a time.
func newQueue[T comparable](first *urgent[T], clock clock.WithTicker, depth func(int)) workqueue.TypedDelayingInterface[T] {
	order := &lanes[T]{urgent: first, inFast: map[T]bool{}, depth: depth}
	return workqueue.NewTypedDelayingQueueWithConfig(workqueue.TypedDelayingQueueConfig[T]{
		Clock: clock,
		Queue: workqueue.NewTypedWithConfig(workqueue.TypedQueueConfig[T]{Clock: clock, Queue: order}),
	})
}

// Touch is called for an item that is added while it waits.
func (l *lanes[T]) Touch(item T) {
	if l.inFast[item] || !l.urgent.take(item) {
		return
	}
	if i := slices.Index(l.slow, item); i >= 0 {
		l.slow = slices.Delete(l.slow, i, i+1)
		l.fast, l.inFast[item] = append(l.fast, item), true
	}
}

// Push takes an item in.
func (l *lanes[T]) Push(item T) {
	if l.urgent.take(item) {
		l.fast, l.inFast[item] = append(l.fast, item), true
	} else {
		l.slow = append(l.slow, item)
	}
	l.depth(l.Len())
}

// Len is how many items wait.
func (l *lanes[T]) Len() int { return len(l.fast) + len(l.slow) }

// Pop hands out the next item.
func (l *lanes[T]) Pop() (item T) {
	if len(l.fast) > 0 {
		item, l.fast = l.fast[0], l.fast[1:]
		delete(l.inFast, item)
	} else {
		item, l.slow = l.slow[0], l.slow[1:]
	}
	l.depth(l.Len())
	return item
}
