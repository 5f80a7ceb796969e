package updater

import (
	"strconv"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/updater/move"
	"github.com/garboard-dev/garboard/updater/poll"
	"github.com/garboard-dev/garboard/updater/report"
)

// lined are a workload that is being rolled out, and two others that wait for it.
func lined(t *testing.T) (b *bench, rolls, first, second *unstructured.Unstructured) {
	t.Helper()
	var all []*unstructured.Unstructured
	for _, name := range []string{"rolls", "first", "second"} {
		o := followed(t, "pollSchedule", "@every 30s")
		o.SetName(name)
		all = append(all, o)
	}
	b = newBench(t, move.Pace{Cluster: 1}, all...)
	b.answer = admits("1.2.8")
	for _, o := range all {
		b.finds(t, o, "1.2.8")
	}
	if b.image(t, all[0]) != "example.com/app:1.2.8" || b.mover.WaitsForPlace(keyIs(all[0])) || !b.mover.WaitsForPlace(keyIs(all[1])) || !b.mover.WaitsForPlace(keyIs(all[2])) {
		t.Fatal("not one is rolled out while two wait")
	}
	return b, all[0], all[1], all[2]
}

// Thousands stand in line for a long time. To try each again with every poll takes the
// workers from those whose turn it is, the longer the line, the more.
func TestPollLeavesAloneWhoStandsInLine(t *testing.T) {
	b, _, first, _ := lined(t)
	b.registry = newer
	b.pollAfter(t, time.Minute)
	if b.reads == 0 || b.mover.Queue.Len() != 0 {
		t.Errorf("%d reads, after which %d are tried again", b.reads, b.mover.Queue.Len())
	}
	b.Pushed(poll.Push{Repository: repository, Received: b.clock.Now()})
	b.poller.Work(t.Context())
	if b.mover.Queue.Len() != 2 {
		t.Fatalf("%d are tried again after a push, want 2", b.mover.Queue.Len())
	}
	b.tryAll(t)
	if _, pushed := b.mover.Waiting(keyIs(first)); pushed.IsZero() || !b.mover.WaitsForPlace(keyIs(first)) {
		t.Errorf("a push does not bring it forward in the line: pushed %s", pushed)
	}
}

// What a poll finds meanwhile is shown, and is what it moves to, in one move.
func TestWhoStandsInLineMovesToWhatWasFoundLast(t *testing.T) {
	b, rolls, first, _ := lined(t)
	b.registry = func() (resolver.Resolution, error) { return resolver.Resolution{Tag: "1.2.9"}, nil }
	b.answer = admits("1.2.9")
	b.pollAfter(t, time.Minute)
	b.tryAll(t)
	if got := b.standing(t, "first"); got.Newest != "1.2.9" || got.Reason != report.WaitPace {
		t.Errorf("it is shown as %+v", got)
	}
	b.status(t, rolls, healthy3(6, b.clock.Now())) // which has moved again, in its own place
	b.wait(t, rolls, time.Second)
	b.tryAll(t)
	if got := b.image(t, first); got != "example.com/app:1.2.9" {
		t.Errorf("it runs %s", got)
	}
}

// A poll that failed says so of all; the next one that succeeds has to take that back.
func TestWhoStandsInLineIsShownSoAfterAnOutage(t *testing.T) {
	b, _, _, _ := lined(t)
	for _, step := range []struct {
		registry func() (resolver.Resolution, error)
		reason   string
	}{{down, report.ReasonUnavailable}, {newer, report.WaitPace}} {
		b.registry = step.registry
		b.pollAfter(t, time.Minute)
		b.tryAll(t)
		for _, name := range []string{"first", "second"} {
			if got := b.standing(t, name); got.Reason != step.reason {
				t.Errorf("%s is shown as %+v, want %s", name, got, step.reason)
			}
		}
	}
}

// tryAll tries all that are to be tried.
func (b *bench) tryAll(t *testing.T) {
	t.Helper()
	for range b.mover.Queue.Len() {
		b.mover.Work(t.Context())
	}
}

// A place is kept for who is woken. Behind thousands of others, which find no place
// anyhow, it would be kept for nothing.
func TestWhoIsWokenGoesFirst(t *testing.T) {
	b, rolls, first, second := lined(t)
	b.mover.Queue.Add(keyIs(second))
	b.mover.Queue.Add(key("another"))
	b.status(t, rolls, healthy3(5, b.clock.Now()))
	b.wait(t, rolls, time.Second)
	if b.mover.Queue.Len() != 3 {
		t.Fatalf("%d are to be tried", b.mover.Queue.Len())
	}
	b.mover.Work(t.Context())
	if got := b.image(t, first); got != "example.com/app:1.2.8" {
		t.Errorf("it runs %s after the first try", got)
	}
}

// Whoever may write two namespaces has as many rollouts as they like that make no step for
// a day. Three quarters of the places are theirs then, but not the last.
func TestRolloutsWithoutAStepLeavePlacesToOthers(t *testing.T) {
	for name, test := range map[string]struct{ places, kept int }{
		"one place is kept, since one at a time is what it says": {1, 1},
		"one of four is given back":                              {4, 3},
		"two of eight are":                                       {8, 6},
	} {
		t.Run(name, func(t *testing.T) {
			var slow []*unstructured.Unstructured
			for i := range test.places {
				o := followed(t, "healthTimeout", "24h")
				o.SetName("slow-" + strconv.Itoa(i))
				slow = append(slow, o)
			}
			next := followed(t, "pollSchedule", "@every 30s")
			next.SetName("next")
			b := newBench(t, move.Pace{Cluster: test.places}, append(slow, next)...)
			b.answer = admits("1.2.8")
			for _, o := range append(slow, next) {
				b.finds(t, o, "1.2.8")
			}
			for _, after := range []time.Duration{9 * time.Minute, time.Minute, time.Hour} {
				b.clock.Step(after)
				for _, o := range slow {
					b.look(t, o)
				}
				want := test.places
				if b.clock.Since(noon) >= 10*time.Minute {
					want = test.kept
				}
				if got := b.mover.InProgress(); got != want {
					t.Fatalf("%s after: %d have a place, want %d", b.clock.Since(noon), got, want)
				}
			}
			b.tryAll(t)
			if moved := b.image(t, next) == "example.com/app:1.2.8"; moved != (test.kept < test.places) {
				t.Errorf("who waits is moved: %t", moved)
			}
			last := slow[test.places-1]
			if b.stateOf(t, last.GetName()) != report.StateRolling {
				t.Errorf("a slow one is %s", b.stateOf(t, last.GetName()))
			}
			b.wait(t, last, 24*time.Hour)
			if b.stateOf(t, last.GetName()) != report.StateFailed {
				t.Errorf("it is not told that a slow one has failed, but that it is %s", b.stateOf(t, last.GetName()))
			}
		})
	}
}
