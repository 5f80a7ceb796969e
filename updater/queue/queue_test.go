package queue

import (
	"path"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/utils/clock"
)

// Workloads come and go while gates are closed for months: what waits for one is not kept for
// so long.
func TestWhatWaitsForLongIsHandedOutEachHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		queue := New(clock.RealClock{}, ofNobody, func(int) {})
		defer queue.ShutDown()
		began := time.Now()
		queue.AddLater("in a year", 365*24*time.Hour)
		queue.AddLater("in a minute", time.Minute)
		for _, want := range []struct {
			item  string
			after time.Duration
		}{{"in a minute", time.Minute}, {"in a year", time.Hour}} {
			item, _ := queue.Get()
			queue.Done(item)
			if took := time.Since(began); item != want.item || took < want.after || took > want.after+time.Minute {
				t.Errorf("%q came after %s, want %q after %s", item, took, want.item, want.after)
			}
		}
	})
}

func ofNobody(string) string { return "" }

// One namespace may have thousands of workloads, of which each takes its time.
func TestThoseWithFewItemsDoNotWaitForThoseWithMany(t *testing.T) {
	queue := New(clock.RealClock{}, path.Dir, func(int) {})
	t.Cleanup(queue.ShutDown)
	for _, item := range []string{"many/1", "many/2", "many/3", "few/1", "many/4", "few/2"} {
		queue.Add(item)
	}
	for _, item := range []string{"many/5", "many/6", "few/2"} {
		queue.AddUrgent(item)
	}
	var got []string
	for queue.Len() > 0 {
		item, _ := queue.Get()
		got = append(got, item)
		queue.Done(item)
		if item == "few/1" { // comes again in its turn
			queue.Add("few/3")
		}
	}
	if want := []string{"many/5", "few/2", "many/6", "many/1", "few/1", "many/2", "few/3", "many/3", "many/4"}; !slices.Equal(got, want) {
		t.Errorf("order %v, want %v", got, want)
	}
}

func TestUrgentItemsComeFirst(t *testing.T) {
	depth := 0
	queue := New(clock.RealClock{}, ofNobody, func(n int) { depth = n })
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
