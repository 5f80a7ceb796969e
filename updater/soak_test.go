package updater

import (
	"errors"
	"fmt"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/updater/move"
	"github.com/garboard-dev/garboard/updater/report"
	"github.com/garboard-dev/garboard/updater/rollout"
)

// exceeded3 is a Deployment's status whose progress deadline was exceeded then.
func exceeded3(generation int, at time.Time) string {
	return fmt.Sprintf(`{observedGeneration: %d, replicas: 4, updatedReplicas: 1, readyReplicas: 3, availableReplicas: 3, conditions: [
  {type: Available, status: "True"}, {type: Progressing, status: "False", reason: ProgressDeadlineExceeded, lastUpdateTime: %q}]}`, generation, at.Format(time.RFC3339))
}

// healthy3 is that of a Deployment that is well at a generation.
func healthy3(generation int, at time.Time) string {
	return fmt.Sprintf(`{observedGeneration: %d, replicas: 3, updatedReplicas: 3, readyReplicas: 3, availableReplicas: 3, conditions: [
  {type: Available, status: "True"}, {type: Progressing, status: "True", reason: NewReplicaSetAvailable, lastUpdateTime: %q}]}`, generation, at.Format(time.RFC3339))
}

// A place that is not given back is one less for the cluster until the process is
// started anew: with a pace of one, nothing moves any more.
func TestSecondMoveInASoakLeaksNoPlace(t *testing.T) {
	for name, test := range map[string]struct {
		second func(*unstructured.Unstructured, bool) error
		places int // while the second goes on
	}{
		"a second move that admission does not make": {nil, 0},
		"a second move that is refused": {func(*unstructured.Unstructured, bool) error {
			return apierrors.NewForbidden(schema.GroupResource{}, "web", errors.New("not here"))
		}, 0},
		"a second move that is made": {admits("1.2.8"), 1},
	} {
		t.Run(name, func(t *testing.T) {
			o := movedBefore(t, "apps/v1", "Deployment", time.Minute, deploymentStatus("2", "ReplicaSetUpdated", noon))
			other := movedBefore(t, "apps/v1", "Deployment", 24*time.Hour, complete3(noon.Add(-24*time.Hour)))
			other.SetName("other")
			b := newBench(t, move.Pace{Cluster: 1}, o, other)
			b.takeOver(t)
			if b.mover.InProgress() != 1 {
				t.Fatal("the first move has no place")
			}
			b.status(t, o, healthy3(4, noon))
			b.wait(t, o, time.Minute)
			if b.mover.InProgress() != 0 || b.watcher.Of(keyIs(o)) == nil {
				t.Fatal("it is healthy, and has its place still, or is watched no more")
			}
			b.answer = test.second
			b.finds(t, o, "1.2.8")
			if got := b.mover.InProgress(); got != test.places {
				t.Errorf("%d places are taken after the second, want %d", got, test.places)
			}
			b.status(t, o, healthy3(5, b.clock.Now()))
			b.wait(t, o, time.Minute)
			b.wait(t, o, 11*time.Minute)
			if got := b.mover.InProgress(); got != 0 {
				t.Errorf("%d places are taken after all", got)
			}
			b.answer = admits("1.2.8")
			b.finds(t, other, "1.2.8")
			if got := b.image(t, other); got != "example.com/app:1.2.8" {
				t.Errorf("another has to wait after all, and runs %s", got)
			}
		})
	}
}

// A move whose place was taken from it by an idle one that came after would let a
// second rollout in beside it.
func TestIdleMoveTakesNoPlaceFromARolloutOnItsWay(t *testing.T) {
	o := movedBefore(t, "apps/v1", "Deployment", time.Minute, deploymentStatus("2", "ReplicaSetUpdated", noon))
	b := newBench(t, move.Pace{Cluster: 1}, o)
	b.takeOver(t)
	b.finds(t, o, "1.2.8")
	if b.mover.InProgress() != 1 {
		t.Error("the rollout goes on without its place")
	}
}

// A status that is written at the moment of the way back must not leave a broken
// version where it is; nor must each try be another alarm.
func TestWayBackThatMeetsAConflictIsTriedAgain(t *testing.T) {
	o := movedBefore(t, "apps/v1", "Deployment", time.Minute, deploymentStatus("2", "ReplicaSetUpdated", noon))
	b := newBench(t, move.Pace{Cluster: 1}, o)
	b.takeOver(t)
	b.status(t, o, exceeded3(4, noon.Add(time.Minute)))
	b.answer = func(*unstructured.Unstructured, bool) error {
		return apierrors.NewConflict(schema.GroupResource{}, "web", errors.New("it was written meanwhile"))
	}
	b.wait(t, o, 2*time.Minute)
	for range 2 {
		if got := b.returned.last(); got != rollout.RetryAfter {
			t.Fatalf("it is tried again in %s, want %s", got, rollout.RetryAfter)
		}
		b.wait(t, o, rollout.RetryAfter)
	}
	if b.writes != 3 || b.image(t, o) != repository+":1.2.7" {
		t.Errorf("%d writes, and it runs %s", b.writes, b.image(t, o))
	}
	b.answer = nil
	b.wait(t, o, rollout.RetryAfter)
	if got := b.image(t, o); got != repository+":1.2.6" {
		t.Errorf("it runs %s, want what it ran before", got)
	}
	for reason, want := range map[string]int{report.ReasonRolloutFailed: 1, report.ReasonNotRolledBack: 1, report.ReasonRolledBack: 1} {
		if got := b.told.of(reason); got != want {
			t.Errorf("people were told %d times of %s, want %d", got, reason, want)
		}
	}
	if b.mover.InProgress() != 0 {
		t.Error("it keeps its place")
	}
}

// A hold on what was never tried keeps a good version from people; a hold on what
// was asked for, where admission chose another, keeps the broken one in use.
func TestWayBackHoldsWhatAdmissionMoved(t *testing.T) {
	for name, test := range map[string]struct {
		admitted []string
		hold     string
		images   []string
	}{
		"both, as asked for":        {[]string{"1.2.9", "2.0.1"}, "c=1.2.9,d=2.0.1", []string{"1.2.7", "2.0.0"}},
		"one of them":               {[]string{"1.2.9"}, "c=1.2.9", []string{"1.2.7", "2.0.0"}},
		"one, to a version between": {[]string{"1.2.8"}, "c=1.2.8", []string{"1.2.7", "2.0.0"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := movedBefore(t, "apps/v1", "Deployment", time.Hour, complete3(noon.Add(-time.Hour)))
			containers, _, _ := unstructured.NestedSlice(o.Object, "spec", "template", "spec", "containers")
			second := map[string]any{"name": "d", "image": repository + ":2.0.0"}
			if err := unstructured.SetNestedSlice(o.Object, append(containers, second), "spec", "template", "spec", "containers"); err != nil {
				t.Fatal(err)
			}
			b := newBench(t, move.Pace{}, o)
			b.answer = admits(test.admitted...)
			b.finds(t, o, "1.2.9", "2.0.1")
			b.answer = nil
			b.status(t, o, exceeded3(5, noon.Add(10*time.Minute)))
			b.wait(t, o, 10*time.Minute)
			after := b.workloadOf(t, b.objects["web"])
			if got := record.HoldsOf(after).String(); got != test.hold {
				t.Errorf("held: %q, want %q", got, test.hold)
			}
			for i, slot := range after.Slots() {
				if want := repository + ":" + test.images[i]; slot.Image != want {
					t.Errorf("%s runs %s, want %s", slot.Key(), slot.Image, want)
				}
			}
		})
	}
}

// A Deployment keeps its condition for a while after a new template is there: the
// version that mends what was broken would be taken back at once.
func TestDeadlineBeforeTheMoveIsNotTheMoves(t *testing.T) {
	for name, test := range map[string]struct {
		exceeded time.Duration // after noon, when it is moved
		want     string
	}{
		"exceeded an hour before":  {-time.Hour, "1.2.8"},
		"exceeded a minute before": {-time.Minute, "1.2.8"},
		"exceeded a minute after":  {time.Minute, "1.2.6"}, // 1.2.7 has never been healthy
	} {
		t.Run(name, func(t *testing.T) {
			o := movedBefore(t, "apps/v1", "Deployment", 2*time.Hour, exceeded3(4, noon.Add(-time.Hour)))
			b := newBench(t, move.Pace{Cluster: 1}, o)
			b.answer = admits("1.2.8")
			b.finds(t, o, "1.2.8")
			b.answer = nil
			b.status(t, o, exceeded3(5, noon.Add(test.exceeded)))
			b.wait(t, o, 2*time.Minute)
			if got := b.image(t, o); got != repository+":"+test.want {
				t.Errorf("it runs %s, want %s", got, test.want)
			}
			if failed := b.told.of(report.ReasonRolloutFailed) > 0; failed != (test.want == "1.2.6") {
				t.Errorf("people were told that it failed: %t", failed)
			}
		})
	}
}
