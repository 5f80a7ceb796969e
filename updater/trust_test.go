package updater

import (
	"errors"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/updater/move"
	"github.com/garboard-dev/garboard/updater/report"
)

// named is a workload like any other, under another name.
func named(t *testing.T, name string) *unstructured.Unstructured {
	t.Helper()
	o := followed(t, "trigger", "push")
	o.SetName(name)
	o.SetUID("uid-of-" + types.UID(name))
	return o
}

// movesOf tries a move of each workload, and returns how many requests each took.
func (b *bench) movesOf(t *testing.T, all ...*unstructured.Unstructured) (requests []int) {
	t.Helper()
	for _, o := range all {
		before := b.writes
		b.finds(t, o, "1.2.8")
		requests = append(requests, b.writes-before)
	}
	return requests
}

// A wave costs one request a workload, and not two: half of what both webhooks do.
func TestOneDryRunStandsForItsNamespaceAndKind(t *testing.T) {
	for name, test := range map[string]struct {
		second func(t *testing.T, b *bench, o *unstructured.Unstructured)
		want   int
	}{
		"another workload": {func(*testing.T, *bench, *unstructured.Unstructured) {}, 1},
		"another namespace": {func(_ *testing.T, _ *bench, o *unstructured.Unstructured) {
			o.SetNamespace("other")
		}, 2},
		"another kind": {func(_ *testing.T, _ *bench, o *unstructured.Unstructured) {
			o.SetKind("StatefulSet")
		}, 2},
		"a custom kind, whose answer may say that its rollout has stopped": {func(_ *testing.T, _ *bench, o *unstructured.Unstructured) {
			o.SetAPIVersion("argoproj.io/v1alpha1")
			o.SetKind("Rollout")
		}, 2},
		"a move of the same after an hour": {func(_ *testing.T, b *bench, _ *unstructured.Unstructured) {
			b.clock.Step(time.Hour)
		}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			first, second := named(t, "first"), named(t, "second")
			b := newBench(t, move.Pace{}, first, second)
			b.answer = admits("1.2.8")
			if got := b.movesOf(t, first); got[0] != 2 {
				t.Errorf("the first move took %d requests, want a dry run and the bump", got[0])
			}
			test.second(t, b, second)
			b.event(t, second)
			if got := b.movesOf(t, second); got[0] != test.want {
				t.Errorf("the second move took %d requests, want %d: %q", got[0], test.want, b.patches)
			}
			if guarded := strings.Contains(b.patches[len(b.patches)-1], workload.AnnotationOnlyIfMoved); guarded != (test.want == 1) {
				t.Errorf("the last patch is %s", b.patches[len(b.patches)-1])
			}
			if got := b.told.of(report.ReasonUpdated); got != 2 || b.image(t, second) != "example.com/app:1.2.8" {
				t.Errorf("told of %d moves, and the second runs %s", got, b.image(t, second))
			}
		})
	}
}

// A bump without a dry run that does not do what is expected of it is followed by a dry
// run, which shows why, and so are the next ones.
func TestBumpThatEndsOtherwiseBringsTheDryRunBack(t *testing.T) {
	nothing := func(*unstructured.Unstructured, bool) error { return nil }
	for name, test := range map[string]struct {
		server func(*server)
		// want are the requests of the second move, stored is whether it is written; next
		// are the requests of the move after it.
		want   int
		stored bool
		next   int
	}{
		"admission is away, or moves nothing":    {func(s *server) { s.answer = nothing }, 2, false, 2},
		"another webhook puts the image back":    {func(s *server) { s.last = admits("1.2.7") }, 1, true, 2},
		"the API server refuses it for a reason": {func(s *server) { s.answer = func(*unstructured.Unstructured, bool) error { return errors.New("no") } }, 1, false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			first, second, third := named(t, "first"), named(t, "second"), named(t, "third")
			b := newBench(t, move.Pace{}, first, second, third)
			b.answer = admits("1.2.8")
			b.movesOf(t, first)
			generation := second.GetGeneration()
			test.server(b.server)
			if got := b.movesOf(t, second); got[0] != test.want {
				t.Errorf("the move took %d requests, want %d: %q", got[0], test.want, b.patches)
			}
			if b.objects["second"].GetGeneration() != generation != test.stored {
				t.Errorf("generation %d after %d", b.objects["second"].GetGeneration(), generation)
			}
			if got := b.told.of(report.ReasonUpdated); got != 1 {
				t.Errorf("told of %d moves, and only the first was made", got)
			}
			b.answer, b.last = admits("1.2.8"), nil
			if got := b.movesOf(t, third); got[0] != test.next {
				t.Errorf("the next move took %d requests, want %d", got[0], test.next)
			}
		})
	}
}

// Webhooks select objects by their labels, too: what holds for other workloads of a
// namespace does not hold for all, and each bump that is stored for nothing is a rollout.
func TestWorkloadWhoseImageIsPutBackKeepsItsDryRun(t *testing.T) {
	first, second, third := named(t, "first"), named(t, "second"), named(t, "third")
	b := newBench(t, move.Pace{}, first, second, third)
	b.answer = admits("1.2.8")
	b.movesOf(t, first)
	back := admits("1.2.7")
	b.last = func(o *unstructured.Unstructured, dry bool) error {
		if o.GetName() != "second" {
			return nil
		}
		return back(o, dry)
	}
	b.movesOf(t, second)
	generation := b.objects["second"].GetGeneration()
	b.movesOf(t, third) // which has the others trusted again
	for range 3 {
		b.clock.Step(40 * time.Minute)
		b.movesOf(t, second)
		b.answer = admits("1.2.7")
		b.finds(t, third, "1.2.7")
		b.answer = admits("1.2.8")
		b.movesOf(t, third)
	}
	if got := b.objects["second"].GetGeneration(); got != generation {
		t.Errorf("%d rollouts for nothing", got-generation)
	}
}
