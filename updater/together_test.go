package updater

import (
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/updater/move"
	"github.com/garboard-dev/garboard/updater/report"
)

// Any event of a workload wakes a worker for it, such as one of its Pods that became
// ready. If that is while a poll looks at its second container, two rollouts came of
// one push.
func TestMovesOfOnePollAreOneBump(t *testing.T) {
	o := followed(t, "pollSchedule", "@every 30s")
	set(t, o, []any{
		map[string]any{"name": "c", "image": "example.com/app:1.2.7"},
		map[string]any{"name": "d", "image": "example.com/app:1.2.7"},
	}, "spec", "template", "spec", "containers")
	b := newBench(t, move.Pace{}, o)
	b.answer = func(o *unstructured.Unstructured, dry bool) error { // which moves what the bump names
		tags := []string{"1.2.7", "1.2.7"}
		for i, container := range []string{"c", "d"} {
			if strings.Contains(b.patches[len(b.patches)-1], container+"=1.2.8") {
				tags[i] = "1.2.8"
			}
		}
		return admits(tags...)(o, dry)
	}
	b.registry = func() (resolver.Resolution, error) {
		b.event(t, o)
		b.tryAll(t)
		return newer()
	}
	b.pollAfter(t, time.Minute)
	b.tryAll(t)
	if b.reads != 2 || b.writes != 2 {
		t.Errorf("%d reads and %d writes, want one bump, with its dry run, for both containers: %q", b.reads, b.writes, b.patches)
	}
	if got := b.told.of(report.ReasonUpdated); got != 1 {
		t.Errorf("told of %d moves", got)
	}
}

// A push that comes in while a bump is on its way may be the only word of a version.
func TestWhatAPollFindsDuringABumpIsTried(t *testing.T) {
	o := followed(t, "trigger", "push")
	b := newBench(t, move.Pace{}, o)
	b.answer = func(*unstructured.Unstructured, bool) error { // which moves nothing
		b.clock.Step(time.Second)
		b.found(t, o, "1.2.9")
		return nil
	}
	b.finds(t, o, "1.2.8")
	if moves, _ := b.mover.Waiting(keyIs(o)); len(moves) != 1 || moves[0].To.Tag != "1.2.9" {
		t.Errorf("what waits is %+v, want 1.2.9", moves)
	}
}
