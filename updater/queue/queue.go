// Package queue orders the work of the updater's stages: urgent items first, namespaces or
// registries in turns, an item to one worker at a time.
package queue

import (
	"sync"
	"time"

	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
)

// longest is how long an item of AddLater waits for its time without being handed out: it is
// kept for as long, even if what it names is gone.
const longest = time.Hour

// Queue hands out urgent items before the others, and each of both in turns among those whose
// they are.
type Queue[T comparable] struct {
	workqueue.TypedDelayingInterface[T]
	urgent *urgentItems[T]
}

// New returns a queue without items. whose tells whose an item is. depth is told how many
// items wait, whenever that changes.
func New[T comparable](clock clock.WithTicker, whose func(T) string, depth func(int)) *Queue[T] {
	urgent := &urgentItems[T]{items: map[T]bool{}}
	order := &priorityQueue[T]{urgent: urgent, inFast: map[T]bool{}, whose: whose, depth: depth}
	return &Queue[T]{
		urgent: urgent,
		TypedDelayingInterface: workqueue.NewTypedDelayingQueueWithConfig(workqueue.TypedDelayingQueueConfig[T]{
			Clock: clock,
			Queue: workqueue.NewTypedWithConfig(workqueue.TypedQueueConfig[T]{Clock: clock, Queue: order}),
		}),
	}
}

// AddLater adds an item once a time has passed, or an hour: who gets it before its time adds it
// again. AddAfter is for those who must not get it before.
func (q *Queue[T]) AddLater(item T, wait time.Duration) {
	q.AddAfter(item, min(wait, longest))
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

// priorityQueue is the order of a queue: urgent items first. The queue that it is in locks
// it.
type priorityQueue[T comparable] struct {
	urgent     *urgentItems[T]
	fast, slow lane[T]
	inFast     map[T]bool
	whose      func(T) string
	depth      func(int)
}

// Touch is called for an item that is added while it waits.
func (l *priorityQueue[T]) Touch(item T) {
	if l.inFast[item] || !l.urgent.take(item) {
		return
	}
	if whose := l.whose(item); l.slow.remove(whose, item) {
		l.fast.push(whose, item)
		l.inFast[item] = true
	}
}

// Push takes an item in.
func (l *priorityQueue[T]) Push(item T) {
	whose := l.whose(item)
	if l.urgent.take(item) {
		l.fast.push(whose, item)
		l.inFast[item] = true
	} else {
		l.slow.push(whose, item)
	}
	l.depth(l.Len())
}

// Len is how many items wait.
func (l *priorityQueue[T]) Len() int { return l.fast.len + l.slow.len }

// Pop hands out the next item.
func (l *priorityQueue[T]) Pop() (item T) {
	if l.fast.len > 0 {
		item = l.fast.pop()
		delete(l.inFast, item)
	} else {
		item = l.slow.pop()
	}
	l.depth(l.Len())
	return item
}
