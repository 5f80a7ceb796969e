package move

import (
	"container/list"
	"iter"

	"github.com/garboard-dev/garboard/updater/watched"
)

// waitingLine are the workloads that wait for a place of the pace: the urgent ones before
// the others, each in the order of arrival. There may be ten thousand in it, so that each
// is found by its key.
type waitingLine struct {
	urgent, others *list.List // of *queued
	in             map[watched.Key]*list.Element
}

type queued struct {
	key    watched.Key
	place  place
	urgent bool
	kept   bool // woken, and its place is counted
}

func newWaitingLine() waitingLine {
	return waitingLine{urgent: list.New(), others: list.New(), in: map[watched.Key]*list.Element{}}
}

// of returns a workload's place in the line; nil where it is not in it.
func (l waitingLine) of(key watched.Key) *queued {
	element := l.in[key]
	if element == nil {
		return nil
	}
	return element.Value.(*queued) //nolint:forcetypeassert // the lists have nothing else
}

// queue puts a workload at the end of its part. Who waits already keeps the place in
// the line, unless it has become urgent.
func (l waitingLine) queue(key watched.Key, at place, urgent bool) {
	if q := l.of(key); q != nil {
		if q.place = at; q.urgent || !urgent {
			return
		}
		l.remove(key)
	}
	l.in[key] = l.part(urgent).PushBack(&queued{key: key, place: at, urgent: urgent})
}

// remove takes a workload out, if it is in it.
func (l waitingLine) remove(key watched.Key) {
	if q := l.of(key); q != nil {
		l.part(q.urgent).Remove(l.in[key])
		delete(l.in, key)
	}
}

func (l waitingLine) part(urgent bool) *list.List {
	if urgent {
		return l.urgent
	}
	return l.others
}

// all are those in line, the first first.
func (l waitingLine) all() iter.Seq[*queued] {
	return func(yield func(*queued) bool) {
		for _, part := range []*list.List{l.urgent, l.others} {
			for element := part.Front(); element != nil; element = element.Next() {
				if !yield(element.Value.(*queued)) { //nolint:forcetypeassert // as in of
					return
				}
			}
		}
	}
}
