package queue

import "slices"

// lane are items that wait, by whose they are. Whose items wait take turns, so that none
// with thousands keeps all others waiting; each one's items come in the order of arrival.
type lane[T comparable] struct {
	of map[string][]T
	// turns are those with items, whose turn is next first.
	turns []string
	len   int
}

func (l *lane[T]) push(whose string, item T) {
	if l.of == nil {
		l.of = map[string][]T{}
	}
	if len(l.of[whose]) == 0 {
		l.turns = append(l.turns, whose)
	}
	l.of[whose] = append(l.of[whose], item)
	l.len++
}

// pop takes the next item; the lane has one.
func (l *lane[T]) pop() T {
	whose := l.turns[0]
	l.turns = l.turns[1:]
	item := l.of[whose][0]
	l.of[whose] = l.of[whose][1:]
	l.len--
	if len(l.of[whose]) > 0 {
		l.turns = append(l.turns, whose)
	} else {
		delete(l.of, whose)
	}
	return item
}

// remove takes an item out that need not be there.
func (l *lane[T]) remove(whose string, item T) (was bool) {
	at := slices.Index(l.of[whose], item)
	if at < 0 {
		return false
	}
	l.of[whose] = slices.Delete(l.of[whose], at, at+1)
	l.len--
	if len(l.of[whose]) == 0 {
		delete(l.of, whose)
		l.turns = slices.DeleteFunc(l.turns, func(other string) bool { return other == whose })
	}
	return true
}
