package move

import (
	"slices"
	"strconv"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/garboard-dev/garboard/updater/watched"
)

func key(name string) watched.Key {
	return watched.NewKey(schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}, "on", name)
}

// paced is a pace whose line is worked off by hand.
type paced struct {
	*pace
	woken []string
}

func newPaced(limits Pace) *paced {
	p := &paced{}
	p.pace = newPace(limits, func(key watched.Key) { p.woken = append(p.woken, key.Name) })
	return p
}

func (p *paced) enters(name string, at place, urgent bool) bool {
	return p.enter(key(name), at, urgent).Open()
}

// come has workloads ask for a place one after the other.
func (p *paced) come(at place, names ...string) {
	for _, name := range names {
		p.enters(name, at, false)
	}
}

func (p *paced) wantWoken(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(p.woken, want) {
		t.Errorf("woken %v, want %v", p.woken, want)
	}
}

// wantIdle holds that nothing goes on, and nobody waits.
func (p *paced) wantIdle(t *testing.T) {
	t.Helper()
	if p.size() != 0 || len(p.used) != 0 || len(p.waiting.in) != 0 {
		t.Errorf("%d places are taken, counted %v, %d wait", p.size(), p.used, len(p.waiting.in))
	}
}

func TestPaceBoundsWhatItNames(t *testing.T) {
	for name, test := range map[string]struct {
		limits Pace
		third  place
		enters bool
	}{
		"no bound lets all in":                     {Pace{}, placeOf("a", "r.io/x"), true},
		"the cluster's bound counts everybody":     {Pace{Cluster: 2}, placeOf("b", "q.io/x"), false},
		"a namespace's bound counts its own":       {Pace{Namespace: 2}, placeOf("a", "q.io/x"), false},
		"a namespace's bound lets others in":       {Pace{Namespace: 2}, placeOf("b", "r.io/x"), true},
		"a registry's bound counts its own":        {Pace{Registry: 2}, placeOf("b", "r.io/y"), false},
		"a registry's bound counts one of several": {Pace{Registry: 2}, placeOf("b", "q.io/y", "r.io/y"), false},
		"a registry's bound lets others in":        {Pace{Registry: 2}, placeOf("a", "q.io/y"), true},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPaced(test.limits)
			for _, first := range []string{"one", "two"} {
				if !p.enters(first, placeOf("a", "r.io/x", "r.io/z"), false) {
					t.Fatalf("%s has to wait", first)
				}
			}
			if got := p.enters("three", test.third, false); got != test.enters {
				t.Errorf("the third enters: %t", got)
			}
			p.leave(key("one"))
			if woken := len(p.woken) == 1; woken == test.enters {
				t.Errorf("woken: %v", p.woken)
			}
			if !p.enters("three", test.third, false) {
				t.Error("it has to wait when there is room")
			}
		})
	}
}

// Whoever may write one namespace has as many rollouts as they like that come to nothing.
func TestOneNamespaceLeavesPlacesForRolloutsOfOthers(t *testing.T) {
	for cluster, want := range map[int]int{0: 100, 1: 1, 2: 2, 4: 3, 10: 8, 50: 38} {
		p := newPaced(Pace{Cluster: cluster, Namespace: ThreeQuarters})
		entered := 0
		for i := range 100 {
			if p.enters(strconv.Itoa(i), placeOf("a", "r.io/x"), false) {
				entered++
			}
		}
		if entered != want {
			t.Errorf("of %d places one namespace takes %d, want %d", cluster, entered, want)
		}
	}
}

func TestPaceKeepsTheLine(t *testing.T) {
	p := newPaced(Pace{Cluster: 1})
	at := placeOf("a", "r.io/x")
	p.enters("runs", at, false)
	for _, waiting := range []string{"polled", "polled too"} {
		p.enters(waiting, at, false)
	}
	p.enters("pushed", at, true)
	p.enters("pushed too", at, true)
	p.enters("polled", at, false) // asks again
	p.enters("polled, then pushed", at, false)
	p.enters("polled, then pushed", at, true)
	p.enters("gone", at, false)
	p.quit(key("gone"))
	if len(p.woken) > 0 {
		t.Errorf("woken while nothing is free: %v", p.woken)
	}
	for _, leaving := range []string{"runs", "pushed", "pushed too", "polled, then pushed", "polled", "polled too"} {
		before := len(p.woken)
		p.leave(key(leaving))
		if p.enters("passes by", at, true) && len(p.woken) > before {
			t.Error("somebody takes the place of the one that was woken")
		}
		for _, next := range p.woken[before:] {
			if next != "passes by" && !p.enters(next, at, false) {
				t.Errorf("%s was woken for nothing", next)
			}
		}
		p.quit(key("passes by"))
	}
	p.leave(key("passes by"))
	p.wantWoken(t, "pushed", "pushed too", "polled, then pushed", "polled", "polled too")
	p.wantIdle(t)
}

// A workload that is woken and does not come, because a gate has closed, would
// keep its place from all others.
func TestPaceWakesTheNextWhereOneDoesNotCome(t *testing.T) {
	p := newPaced(Pace{Cluster: 1})
	at := placeOf("a", "r.io/x")
	p.come(at, "runs", "closed", "open")
	p.leave(key("runs"))
	p.quit(key("closed"))
	p.wantWoken(t, "closed", "open")
}

// A workload that is woken for a place which it does not need any more would keep it
// from the next until another rollout ends.
func TestPaceWakesTheNextWhereOneNeedsAnotherPlace(t *testing.T) {
	here, there := placeOf("a", "r.io/x"), placeOf("a", "q.io/x")
	for name, room := range map[string]bool{"there is room at the other place": true, "all places are taken there, too": false} {
		t.Run(name, func(t *testing.T) {
			p := newPaced(Pace{Registry: 1})
			p.come(here, "runs", "changed", "next")
			woken := []string{"changed", "next"}
			if !room {
				p.come(there, "runs there")
				woken = append(woken, "changed")
			}
			p.leave(key("runs"))
			if p.enters("changed", there, false) != room {
				t.Errorf("it enters: %t", !room)
			}
			p.leave(key("runs there"))
			p.wantWoken(t, woken...)
		})
	}
}

// A rollout that another leader began is taken up while the workload stands in line
// already: a place that is kept for it then would never be given back.
func TestPaceKeepsNoPlaceForWhoHasOne(t *testing.T) {
	p := newPaced(Pace{Cluster: 2})
	at := placeOf("a", "r.io/x")
	p.come(at, "runs", "runs too", "web", "next")
	p.occupy(key("web"), at)
	p.leave(key("runs"))
	p.leave(key("runs too"))
	if p.waits(key("web")) || !p.waits(key("next")) {
		t.Error("one that was woken waits still, or one that was not does not")
	}
	if !p.enters("web", at, false) || p.waits(key("web")) {
		t.Error("it does not enter, or stands in line still")
	}
	p.enters("next", at, false)
	p.leave(key("web"))
	p.leave(key("next"))
	p.wantIdle(t)
	p.wantWoken(t, "web", "next")
}

// One rollout may be counted by two registries: its end lets in one of each.
func TestPaceWakesAllThatThereIsRoomFor(t *testing.T) {
	p := newPaced(Pace{Registry: 1})
	p.enters("both", placeOf("a", "r.io/x", "q.io/x"), false)
	p.come(placeOf("a", "r.io/x"), "one", "one too")
	p.enters("two", placeOf("a", "q.io/x"), false)
	p.leave(key("both"))
	p.wantWoken(t, "one", "two")
}

// The end of an old rollout must not cost a newer move of the workload its place in
// the line.
func TestPaceKeepsTheLineOfWhoLeaves(t *testing.T) {
	p := newPaced(Pace{Cluster: 1})
	at := placeOf("a", "r.io/x")
	p.come(at, "other", "web")
	p.leave(key("web"))
	p.leave(key("other"))
	p.wantWoken(t, "web")
}

func TestARolloutThatGoesOnCountsEvenAboveTheBound(t *testing.T) {
	p := newPaced(Pace{Cluster: 1})
	at := placeOf("a", "r.io/x")
	p.occupy(key("one"), at)
	p.occupy(key("two"), at)
	p.occupy(key("two"), at)
	if p.size() != 2 || p.enters("three", at, false) {
		t.Errorf("%d go on, and a third enters", p.size())
	}
	if !p.enters("one", at, false) {
		t.Error("one that has a place is refused")
	}
}
