package rollout

import (
	"fmt"
	"testing"
	"time"
)

// plan is how one kind counts its Pods: ten, of which some are new and available.
type plan struct {
	head   string
	status func(generation, updated, available int, at time.Time) string
}

const ten = "spec: {replicas: 10}\n"

func plans() map[string]plan {
	deployment := func(generation, updated, available int, at time.Time) string {
		reason := "ReplicaSetUpdated"
		if updated == 10 && available == 10 {
			reason = "NewReplicaSetAvailable"
		}
		return fmt.Sprintf(`{observedGeneration: %d, replicas: 10, updatedReplicas: %d, readyReplicas: %[3]d, availableReplicas: %[3]d, conditions: [
  {type: Available, status: "True"}, {type: Progressing, status: "True", reason: %s, lastUpdateTime: %q}]}`, generation, updated, available, reason, at.Format(time.RFC3339))
	}
	replicas := func(generation, updated, available int, _ time.Time) string {
		current := "a"
		if updated == 10 {
			current = "b"
		}
		if generation < 5 {
			current = "b" // the revision of the version before
		}
		return fmt.Sprintf(`{observedGeneration: %d, replicas: 10, updatedReplicas: %d, readyReplicas: %[3]d, availableReplicas: %[3]d, currentReplicas: %[5]d, currentRevision: %[4]s, updateRevision: b, expectedUpdatedReplicas: 10}`, generation, updated, available, current, map[bool]int{true: 10, false: 10 - updated}[updated == 10])
	}
	return map[string]plan{
		"Deployment":  {"apiVersion: apps/v1\nkind: Deployment\n" + ten, deployment},
		"StatefulSet": {"apiVersion: apps/v1\nkind: StatefulSet\n" + ten, replicas},
		"StatefulSet with a partition of 0 and maxUnavailable": {
			"apiVersion: apps/v1\nkind: StatefulSet\nspec: {replicas: 10, updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 0, maxUnavailable: 2}}}\n", replicas,
		},
		"CloneSet": {"apiVersion: apps.kruise.io/v1alpha1\nkind: CloneSet\n" + ten, replicas},
		"DaemonSet": {"apiVersion: apps/v1\nkind: DaemonSet\n", func(generation, updated, available int, _ time.Time) string {
			return fmt.Sprintf(`{observedGeneration: %d, desiredNumberScheduled: 10, currentNumberScheduled: 10, updatedNumberScheduled: %d, numberReady: %[3]d, numberAvailable: %[3]d}`, generation, updated, available)
		}},
		"Argo Rollout": {"apiVersion: argoproj.io/v1alpha1\nkind: Rollout\n" + ten, func(generation, updated, available int, _ time.Time) string {
			phase := "Progressing"
			if updated == 10 && available == 10 {
				phase = "Healthy"
			}
			return fmt.Sprintf(`{observedGeneration: "%d", phase: %s, replicas: 10, updatedReplicas: %d, readyReplicas: %[4]d, availableReplicas: %[4]d}`, generation, phase, updated, available)
		}},
	}
}

// The first event after a move has the status of the version before, of which all Pods
// are. To measure the new version by it would call every rollout late that takes longer
// than the timeout.
func TestSteadyRolloutIsNotLate(t *testing.T) {
	for name, p := range plans() {
		t.Run(name, func(t *testing.T) {
			s := moved(t, p.head+"status: "+p.status(4, 10, 10, noon.Add(-time.Hour))).begin(nil)
			for updated := range 10 {
				s.after(4 * time.Minute).says(p.status(5, updated+1, 9, s.clock.Now()))
			}
			s.after(time.Minute).says(p.status(5, 10, 10, s.clock.Now()))
			s.after(time.Hour).want("41 succeeded", "41 finished")
		})
	}
}

// A rollout that makes no step any more has failed, however far it came.
func TestRolloutThatStopsIsLate(t *testing.T) {
	for name, p := range plans() {
		t.Run(name, func(t *testing.T) {
			s := moved(t, p.head+"status: "+p.status(4, 10, 10, noon.Add(-time.Hour))).begin(nil)
			for updated := range 3 {
				s.after(4 * time.Minute).says(p.status(5, updated+1, 9, s.clock.Now()))
			}
			at := s.clock.Now()
			s.after(time.Minute).says(p.status(5, 3, 9, at)) // an event that is no step
			s.after(time.Hour)
			if len(s.heard) != 2 || s.heard[0][:9] != "22 failed" || s.heard[1] != "22 taken back" {
				t.Errorf("heard %q", s.heard)
			}
		})
	}
}

// A controller that has not seen the move says nothing of it, and a way back would not
// be seen either.
func TestMoveThatNoControllerSees(t *testing.T) {
	for name, p := range plans() {
		t.Run(name, func(t *testing.T) {
			s := moved(t, p.head+"status: "+p.status(4, 10, 10, noon.Add(-time.Hour))).begin(nil)
			s.after(time.Hour)
			if len(s.heard) != 1 || s.heard[0][:9] != "10 failed" || s.backs != 0 {
				t.Errorf("heard %q", s.heard)
			}
		})
	}
}

// Slow Pods are ready one after the other long after all have been replaced: each
// height of readiness is a step, once.
func TestReadinessThatGrowsIsProgressAndOneThatComesAndGoesIsNot(t *testing.T) {
	p := plans()["DaemonSet"]
	s := moved(t, p.head+"status: "+p.status(4, 10, 10, noon)).begin(nil)
	s.after(time.Minute).says(p.status(5, 10, 2, noon))
	for ready := 3; ready <= 6; ready++ {
		s.after(8 * time.Minute).says(p.status(5, 10, ready, noon))
	}
	for range 20 { // it crashes, and comes back
		s.after(time.Minute).says(p.status(5, 10, 5, noon))
		s.after(time.Minute).says(p.status(5, 10, 6, noon))
	}
	if len(s.heard) != 2 || s.heard[0][:9] != "43 failed" {
		t.Errorf("heard %q", s.heard)
	}
}

// A Deployment's controller calls it progress when a Pod that crashes is ready again,
// and so never gives up. Its Pods tell.
func TestDeploymentThatCrashesWithProgressHasFailed(t *testing.T) {
	p := plans()["Deployment"]
	s := moved(t, p.head+"status: "+p.status(4, 10, 10, noon)).begin(nil)
	s.pods = append(s.pods, pod("c=1.3.0", "CrashLoopBackOff"))
	for range 10 {
		s.after(time.Minute).says(p.status(5, 3, 8, s.clock.Now()))
		s.after(time.Minute).says(p.status(5, 3, 9, s.clock.Now()))
	}
	s.want("12 failed: container c of Pod web-1 crashes again and again", "12 taken back")
}

// Pods that take longer than the timeout to start are given the time that the
// controller gives them, where the workload says nothing else.
func TestDefaultTimeoutIsNoShorterThanTheControllers(t *testing.T) {
	for name, test := range map[string]struct {
		deadline int
		own      time.Duration
		want     string
	}{
		"a Deployment with an hour":                        {3600, 0, "50 succeeded"},
		"one with less than the default":                   {60, 0, "10 failed"},
		"one without a deadline":                           {2147483647, 0, "10 failed"},
		"one whose workload names a shorter healthTimeout": {3600, 15 * time.Minute, "15 failed"},
	} {
		t.Run(name, func(t *testing.T) {
			p := plans()["Deployment"]
			s := moved(t, p.head+"status: "+p.status(4, 10, 10, noon))
			s.set(int64(test.deadline), "spec", "progressDeadlineSeconds")
			if test.own > 0 {
				s.terms.Timeout, s.terms.Default = test.own, false
			}
			s.begin(nil).says(p.status(5, 3, 8, noon))
			s.after(50 * time.Minute).says(p.status(5, 10, 10, s.clock.Now()))
			if len(s.heard) == 0 || len(s.heard[0]) < len(test.want) || s.heard[0][:len(test.want)] != test.want {
				t.Errorf("heard %q, want %s first", s.heard, test.want)
			}
		})
	}
}
