// Package queue orders the work of the updater's stages: urgent items first, an item to
// one worker at a time.
package queue

import (
	"slices"
	"sync"
	"time"

	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
)

// longest is how long an item waits for its time without being handed out: it is kept for as
// long, even if what it names is gone.
const longest = time.Hour

// Queue hands out urgent items before the others, each in the order of arrival.
type Queue[T comparable] struct {
	workqueue.TypedDelayingInterface[T]
	urgent *urgentItems[T]
}

// New returns a queue without items. depth is told how many items wait, whenever that
// changes.
func New[T comparable](clock clock.WithTicker, depth func(int)) *Queue[T] {
	urgent := &urgentItems[T]{items: map[T]bool{}}
	order := &priorityQueue[T]{urgent: urgent, inFast: map[T]bool{}, depth: depth}
	return &Queue[T]{
		urgent: urgent,
		TypedDelayingInterface: workqueue.NewTypedDelayingQueueWithConfig(workqueue.TypedDelayingQueueConfig[T]{
			Clock: clock,
			Queue: workqueue.NewTypedWithConfig(workqueue.TypedQueueConfig[T]{Clock: clock, Queue: order}),
		}),
	}
}

// AddAfter adds an item once a time has passed, or an hour: who gets it before its time adds it
// again.
func (q *Queue[T]) AddAfter(item T, wait time.Duration) {
	q.TypedDelayingInterface.AddAfter(item, min(wait, longest))
}

// AddUrgent adds an item that goes before those that are not urgent.
func (q *Queue[T]) AddUrgent(item T) {
	q.urgent.add(item)
	q.Add(item)
}

// urgentItems are the items that were added as urgent and have not been put into a lane.
type urgentItems[T comparable] struct {
	mu    sync.Mutex
	items map[T]bool
}

func (u *urgentItems[T]) add(item T) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.items[item] = true
}

// take reports whether an item is urgent, and forgets that it is.
func (u *urgentItems[T]) take(item T) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	is := u.items[item]
	delete(u.items, item)
	return is
}

// priorityQueue is the order of a queue: urgent items first, each lane in the order of
// arrival. The queue that it is in locks it.
type priorityQueue[T comparable] struct {
	urgent     *urgentItems[T]
	fast, slow []T
	inFast     map[T]bool
	depth      func(int)
}

// Touch is called for an item that is added while it waits.
func (l *priorityQueue[T]) Touch(item T) {
	if l.inFast[item] || !l.urgent.take(item) {
		return
	}
	if i := slices.Index(l.slow, item); i >= 0 {
		l.slow = slices.Delete(l.slow, i, i+1)
		l.fast, l.inFast[item] = append(l.fast, item), true
	}
}

// Push takes an item in.
func (l *priorityQueue[T]) Push(item T) {
	if l.urgent.take(item) {
		l.fast, l.inFast[item] = append(l.fast, item), true
	} else {
		l.slow = append(l.slow, item)
	}
	l.depth(l.Len())
}

// Len is how many items wait.
func (l *priorityQueue[T]) Len() int { return len(l.fast) + len(l.slow) }

// Pop hands out the next item.
func (l *priorityQueue[T]) Pop() (item T) {
	if len(l.fast) > 0 {
		item, l.fast = l.fast[0], l.fast[1:]
		delete(l.inFast, item)
	} else {
		item, l.slow = l.slow[0], l.slow[1:]
	}
	l.depth(l.Len())
	return item
}
