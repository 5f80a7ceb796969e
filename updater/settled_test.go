package updater

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/resolver/policy"
	"github.com/garboard-dev/garboard/updater/move"
	"github.com/garboard-dev/garboard/updater/poll"
	"github.com/garboard-dev/garboard/updater/report"
)

// three workloads of one repository, each polled every 30 seconds.
func three(t *testing.T) []*unstructured.Unstructured {
	t.Helper()
	var all []*unstructured.Unstructured
	for _, name := range []string{"one", "two", "three"} {
		o := followed(t, "pollSchedule", "@every 30s")
		o.SetName(name)
		all = append(all, o)
	}
	return all
}

// answers is a registry whose list has a number: zero where more than the list decides.
func answers(tag string, list uint64) func() (resolver.Resolution, error) {
	return func() (resolver.Resolution, error) {
		return resolver.Resolution{Tag: tag, Reason: policy.StayNewest, List: list}, nil
	}
}

// A list that is the same has the same answer for a workload that is the same: one look a
// poll shows it for all.
func TestPollsEvaluateAnewWhatMayHaveChanged(t *testing.T) {
	all := three(t)
	b := newBench(t, move.Pace{}, all...)
	for _, step := range []struct {
		what     string
		registry func() (resolver.Resolution, error)
		before   func()
		after    time.Duration
		reads    int
	}{
		{"the first poll", answers("1.2.7", 7), nil, time.Minute, 3},
		{"the same list", answers("1.2.7", 7), nil, time.Minute, 1},
		{"another list", answers("1.2.7", 8), nil, time.Minute, 3},
		{"that list again", answers("1.2.7", 8), nil, time.Minute, 1},
		{"an event of each workload", answers("1.2.7", 8), func() {
			for _, o := range all {
				b.event(t, o)
			}
		}, time.Minute, 3},
		{"events that come while they are evaluated", func() (resolver.Resolution, error) {
			b.event(t, b.objects[b.lastRead.Load().(string)])
			return answers("1.2.7", 8)()
		}, func() { b.poller.Unplan(repository); b.poller.Observe(repository) }, time.Minute, 3},
		{"which may have changed what was evaluated", answers("1.2.7", 8), nil, time.Minute, 3},
		{"what others than the list decide", answers("1.2.7", 0), nil, time.Minute, 3},
		{"once more", answers("1.2.7", 0), nil, time.Minute, 3},
		{"a list that decides alone", answers("1.2.7", 8), nil, time.Minute, 3},
		{"a registry that fails", down, nil, time.Minute, 3},
		{"and comes back with the same list", answers("1.2.7", 8), nil, time.Hour, 3},
		{"a push", answers("1.2.7", 8), func() { b.Pushed(poll.Push{Repository: repository, Received: b.clock.Now()}) }, time.Minute, 3},
		{"the look that follows a push without news", answers("1.2.7", 8), nil, time.Minute, 3},
		{"after it", answers("1.2.7", 8), nil, time.Minute, 1},
		{"evaluations that are old", answers("1.2.7", 8), nil, 6 * time.Minute, 3},
		{"a repository that another updater had meanwhile", answers("1.2.7", 8), func() { b.poller.Unplan(repository); b.poller.Observe(repository) }, time.Minute, 3},
		{"a version that comes", answers("1.2.8", 9), nil, time.Minute, 3},
		{"and that nothing was moved to", answers("1.2.8", 9), nil, time.Minute, 3},
	} {
		b.reads, b.registry = 0, step.registry
		if step.before != nil {
			step.before()
		}
		b.pollAfter(t, step.after)
		if b.reads != step.reads {
			t.Errorf("%s: %d evaluations, want %d", step.what, b.reads, step.reads)
		}
		for _, s := range b.Standings("") {
			if !s.Checked.Equal(b.clock.Now()) {
				t.Errorf("%s: %s was checked at %s, want %s", step.what, s.Name, s.Checked, b.clock.Now())
			}
		}
	}
}

// Who stands in line for a move is not evaluated by each poll, but what it waits for counts
// as found by the last one: what was found long ago is asked about once more.
func TestWhoStandsInLineIsFoundAgainByTheSameList(t *testing.T) {
	b, rolls, first, second := lined(t)
	b.registry = answers("1.2.8", 7)
	b.pollAfter(t, time.Minute)
	b.reads = 0
	b.pollAfter(t, time.Minute)
	if b.reads != 1 || b.mover.Queue.Len() != 0 {
		t.Errorf("%d evaluations, after which %d are tried, want 1 and none", b.reads, b.mover.Queue.Len())
	}
	for _, o := range []*unstructured.Unstructured{first, second} {
		moves, _ := b.mover.Waiting(keyIs(o))
		if len(moves) != 1 || !moves[0].Found.Equal(b.clock.Now()) || b.stateOf(t, o.GetName()) != report.StatePending {
			t.Errorf("%s: waits for %+v, want a move that was found at %s", o.GetName(), moves, b.clock.Now())
		}
	}
	b.status(t, rolls, healthy3(5, b.clock.Now()))
	b.wait(t, rolls, time.Second)
	b.tryAll(t)
	if got := b.image(t, first); got != "example.com/app:1.2.8" {
		t.Errorf("when its turn comes it runs %s", got)
	}
}
