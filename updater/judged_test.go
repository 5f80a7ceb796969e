package updater

import (
	"testing"
	"time"

	"github.com/garboard-dev/garboard/updater/move"
	"github.com/garboard-dev/garboard/updater/report"
)

// Somebody replaces the Pods by hand, today or next week. To call that late would
// take back a version that no Pod has run.
func TestOnDeleteIsNotJudged(t *testing.T) {
	for kind, status := range map[string]string{
		"DaemonSet":   `{observedGeneration: 5, desiredNumberScheduled: 3, currentNumberScheduled: 3, updatedNumberScheduled: 0, numberReady: 3, numberAvailable: 3}`,
		"StatefulSet": `{observedGeneration: 5, replicas: 3, readyReplicas: 3, updatedReplicas: 0, currentRevision: a, updateRevision: b}`,
	} {
		for strategy, judged := range map[string]bool{"OnDelete": false, "RollingUpdate": true} {
			t.Run(kind+" with "+strategy, func(t *testing.T) {
				o := movedBefore(t, "apps/v1", kind, time.Hour, status)
				set(t, o, strategy, "spec", "updateStrategy", "type")
				b := newBench(t, move.Pace{Cluster: 1}, o)
				b.answer = admits("1.2.8")
				b.finds(t, o, "1.2.8")
				b.answer = nil
				b.wait(t, o, 0)
				if places := b.mover.InProgress(); (places == 1) != judged {
					t.Errorf("it holds %d places", places)
				}
				b.wait(t, o, 11*time.Minute)
				want := repository + ":1.2.8"
				if judged {
					want = repository + ":1.2.6" // what was healthy last
				}
				if got := b.image(t, o); got != want {
					t.Errorf("it runs %s, want %s", got, want)
				}
				if failed := b.told.of(report.ReasonRolloutFailed) > 0; failed != judged {
					t.Errorf("people were told that it failed: %t", failed)
				}
			})
		}
	}
}

// The controller of Argo Rollouts writes a phase for what it has seen: the one of the
// version before would call a version good that it has not begun with. Its steps may
// take days, and end badly.
func TestArgoRollout(t *testing.T) {
	const (
		before   = `{observedGeneration: "4", phase: Healthy, replicas: 3, updatedReplicas: 3}`
		rolling  = `{observedGeneration: "5", phase: Progressing, replicas: 3, updatedReplicas: 1}`
		paused   = `{observedGeneration: "5", phase: Paused, replicas: 3, updatedReplicas: 1}`
		degraded = `{observedGeneration: "5", phase: Degraded, replicas: 3, updatedReplicas: 1}`
		healthy  = `{observedGeneration: "5", phase: Healthy, replicas: 3, updatedReplicas: 3}`
	)
	type step struct {
		status string
		wait   time.Duration
		places int
		told   string // the reason of the notice that it brings
	}
	for name, steps := range map[string][]step{
		"the phase of the version before says nothing of this one": {
			{before, time.Minute, 1, ""}, {healthy, time.Minute, 0, report.ReasonSucceeded},
		},
		"one that stays at an earlier generation is late": {
			{before, time.Minute, 1, ""}, {before, 11 * time.Minute, 0, report.ReasonRolloutFailed},
		},
		"paused at a step it gives its place back, and is judged when it goes on": {
			{rolling, time.Minute, 1, ""}, {paused, time.Minute, 0, ""}, {paused, 48 * time.Hour, 0, ""}, {degraded, time.Minute, 0, report.ReasonRolloutFailed},
		},
		"paused at a step it may end well": {
			{paused, time.Minute, 0, ""}, {paused, 48 * time.Hour, 0, ""}, {healthy, time.Minute, 0, report.ReasonSucceeded},
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := movedBefore(t, "argoproj.io/v1alpha1", "Rollout", time.Hour, before)
			b := newBench(t, move.Pace{Cluster: 1}, o)
			b.answer = admits("1.2.8")
			b.finds(t, o, "1.2.8")
			b.answer = nil
			for i, step := range steps {
				told := map[string]int{report.ReasonSucceeded: b.told.of(report.ReasonSucceeded), report.ReasonRolloutFailed: b.told.of(report.ReasonRolloutFailed)}
				b.status(t, o, step.status)
				b.wait(t, o, step.wait)
				if got := b.mover.InProgress(); got != step.places {
					t.Errorf("step %d: it holds %d places, want %d", i+1, got, step.places)
				}
				for reason, before := range told {
					if got, want := b.told.of(reason) > before, reason == step.told; got != want {
						t.Errorf("step %d: people were told of %s: %t", i+1, reason, got)
					}
				}
			}
		})
	}
}
