// Package recent keeps what was used lately: a map that is bounded in number
// and forgets what was not asked for. Keys come from image references, which
// anyone who may create a workload can invent, so nothing may grow with them.
package recent

import (
	"container/list"
	"iter"
	"sync"
	"time"
)

// Map is a bounded map, safe for concurrent use. What was used longest ago goes
// first.
type Map[K comparable, V any] struct {
	limit int
	idle  time.Duration
	now   func() time.Time

	mu    sync.Mutex
	items map[K]*list.Element
	order *list.List // of *item[K, V], last used first
}

type item[K comparable, V any] struct {
	key   K
	value V
	used  time.Time
}

// New returns an empty map of at most limit entries, each of which is dropped
// once it was not used for idle.
func New[K comparable, V any](limit int, idle time.Duration, now func() time.Time) *Map[K, V] {
	return &Map[K, V]{
		limit: limit,
		idle:  idle,
		now:   now,
		items: map[K]*list.Element{},
		order: list.New(),
	}
}

// Get returns the value of key, made by create where there is none.
func (m *Map[K, V]) Get(key K, create func() V) V {
	now := m.now()
	m.mu.Lock()
	defer m.mu.Unlock()

	m.drop(now)
	if element, ok := m.items[key]; ok {
		m.order.MoveToFront(element)
		found := element.Value.(*item[K, V])
		found.used = now
		return found.value
	}
	added := &item[K, V]{key: key, value: create(), used: now}
	m.items[key] = m.order.PushFront(added)
	if m.order.Len() > m.limit {
		m.remove(m.order.Back())
	}
	return added.value
}

// Peek returns the value of key, if there is one. It counts as no use.
func (m *Map[K, V]) Peek(key K) (value V, ok bool) {
	now := m.now()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.drop(now)
	element, ok := m.items[key]
	if !ok {
		return value, false
	}
	return element.Value.(*item[K, V]).value, true
}

// Shed keeps what was used last, up to a limit of weight in all, and drops the
// rest; what was used last of all stays, whatever it weighs. weight is called
// with the map locked.
func (m *Map[K, V]) Shed(limit int, weight func(V) int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	total := 0
	for element := m.order.Front(); element != nil; {
		next := element.Next()
		total += weight(element.Value.(*item[K, V]).value)
		if total > limit && element != m.order.Front() {
			m.remove(element)
		}
		element = next
	}
}

// All returns what is in the map now, last used first. It counts as no use, and
// the map is not locked meanwhile.
func (m *Map[K, V]) All() iter.Seq2[K, V] {
	now := m.now()
	m.mu.Lock()
	m.drop(now)
	found := make([]*item[K, V], 0, m.order.Len())
	for element := m.order.Front(); element != nil; element = element.Next() {
		found = append(found, element.Value.(*item[K, V]))
	}
	m.mu.Unlock()
	return func(yield func(K, V) bool) {
		for _, i := range found {
			if !yield(i.key, i.value) { // neither ever changes
				return
			}
		}
	}
}

// Len is the number of entries, those included that the next Get drops.
func (m *Map[K, V]) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.order.Len()
}

// drop removes from the end, where the longest unused are: a call costs no more
// than what it removes.
func (m *Map[K, V]) drop(now time.Time) {
	for last := m.order.Back(); last != nil; last = m.order.Back() {
		if now.Sub(last.Value.(*item[K, V]).used) < m.idle {
			return
		}
		m.remove(last)
	}
}

func (m *Map[K, V]) remove(element *list.Element) {
	m.order.Remove(element)
	delete(m.items, element.Value.(*item[K, V]).key)
}
