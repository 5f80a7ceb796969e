package queue

import (
	"slices"
	"testing"

	"k8s.io/utils/clock"
)

func TestUrgentItemsComeFirst(t *testing.T) {
	depth := 0
	queue := New[string](clock.RealClock{}, func(n int) { depth = n })
	t.Cleanup(queue.ShutDown)
	add := func(item string, urgent bool) {
		if urgent {
			queue.AddUrgent(item)
		} else {
			queue.Add(item)
		}
	}
	add("polled", false)
	add("pushed", true)
	add("polled and then pushed", false)
	add("polled too", false)
	add("polled and then pushed", true)
	add("pushed", true)
	if depth != 4 {
		t.Errorf("depth %d", depth)
	}
	var got []string
	for range 4 {
		item, _ := queue.Get()
		got = append(got, item)
		if item == "pushed" && len(got) == 1 { // told of again while it is being polled
			add("pushed", true)
		}
		queue.Done(item)
	}
	if want := []string{"pushed", "polled and then pushed", "pushed", "polled"}; !slices.Equal(got, want) {
		t.Errorf("order %v, want %v", got, want)
	}
	item, _ := queue.Get()
	queue.Done(item)
	if item != "polled too" || depth != 0 || queue.Len() != 0 {
		t.Errorf("left %s, depth %d of %d", item, depth, queue.Len())
	}
}
