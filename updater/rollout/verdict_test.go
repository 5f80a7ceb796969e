package rollout

import (
	"errors"
	"fmt"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

const deployment = "apiVersion: apps/v1\nkind: Deployment\nspec: {replicas: 3}\n"

// of3 is the status of a Deployment of three.
func of3(generation, replicas, updated, available int, progressing string, at time.Time) string {
	state := "True"
	if progressing == "ProgressDeadlineExceeded" {
		state = "False"
	}
	return fmt.Sprintf(`{observedGeneration: %d, replicas: %d, updatedReplicas: %d, readyReplicas: %[4]d, availableReplicas: %[4]d, conditions: [
  {type: Available, status: "True"}, {type: Progressing, status: %q, reason: %s, lastUpdateTime: %q}]}`, generation, replicas, updated, available, state, progressing, at.Format(time.RFC3339))
}

func before3() string {
	return "status: " + of3(4, 3, 3, 3, "NewReplicaSetAvailable", noon.Add(-time.Hour))
}

// What people change after the move counts, at the verdict and at the way back.
func TestVerdictGoesByTheSettingsOfItsMoment(t *testing.T) {
	stuck := of3(5, 4, 1, 3, "ReplicaSetUpdated", noon)
	for name, test := range map[string]struct {
		change func(*stage)
		want   []string
	}{
		"nothing changes":                     {func(*stage) {}, []string{"10 failed: not healthy within 10m0s: Updated: 1/3", "10 taken back"}},
		"the namespace is opted out":          {func(s *stage) { s.governed = false }, []string{"10 abandoned"}},
		"rollback is switched off":            {func(s *stage) { s.terms.TakeBack = false }, []string{"10 failed: not healthy within 10m0s: Updated: 1/3"}},
		"healthTimeout becomes half an hour":  {func(s *stage) { s.terms.Timeout, s.terms.Default = 30*time.Minute, false }, []string{"30 failed: not healthy within 30m0s: Updated: 1/3", "30 taken back"}},
		"healthTimeout becomes three minutes": {func(s *stage) { s.terms.Timeout, s.terms.Default = 3*time.Minute, false; s.says(stuck) }, []string{"5 failed: not healthy within 3m0s: Updated: 1/3", "5 taken back"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := moved(t, deployment+before3()).begin(nil).says(stuck).after(5 * time.Minute)
			test.change(s)
			s.after(time.Hour).want(test.want...)
		})
	}
}

// A way back that the API server does not take is tried again by what holds then.
func TestWayBackThatIsTriedAgainGoesByTheSettingsOfItsMoment(t *testing.T) {
	exceeded := of3(5, 4, 1, 3, "ProgressDeadlineExceeded", noon.Add(time.Minute))
	first := []string{"1 failed: its progress deadline is exceeded", "1 not taken back yet", "1 not taken back yet"}
	for name, test := range map[string]struct {
		change func(*stage)
		want   []string
	}{
		"nothing changes":            {func(*stage) {}, []string{"2 taken back"}},
		"the namespace is opted out": {func(s *stage) { s.governed = false }, []string{"2 abandoned"}},
		"rollback is switched off":   {func(s *stage) { s.terms.TakeBack = false }, nil},
		"its Pods become healthy":    {func(s *stage) { s.says(of3(5, 3, 3, 3, "NewReplicaSetAvailable", noon.Add(time.Minute))) }, []string{"2 succeeded"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := moved(t, deployment+before3()).begin(nil)
			s.refusals = 2
			s.after(time.Minute).says(exceeded).after(50 * time.Second)
			test.change(s)
			s.after(time.Hour).want(append(first, test.want...)...)
		})
	}
}

// A workload that was short of Pods before the move is short with every version.
func TestWorkloadThatWasShortIsComparedWithHowItWas(t *testing.T) {
	short := Health{Observed: true, Wanted: 3, Running: 3, Updated: 3, Available: 2}
	const shortage = "2 of 3 Pods are available, 2 of 3 were before"
	const daemons = "apiVersion: apps/v1\nkind: DaemonSet\nstatus: {observedGeneration: 4, desiredNumberScheduled: 3, currentNumberScheduled: 3, updatedNumberScheduled: 3, numberReady: 2, numberAvailable: 2}"
	daemon := func(updated, available int) string {
		return fmt.Sprintf(`{observedGeneration: 5, desiredNumberScheduled: 3, currentNumberScheduled: 3, updatedNumberScheduled: %d, numberReady: %[2]d, numberAvailable: %[2]d}`, updated, available)
	}
	for name, test := range map[string]struct {
		object, status string
		crash          string
		before         *Health
		want           []string
	}{
		"a DaemonSet with a dead node, all replaced": {
			daemons, daemon(3, 2), "", &short, []string{"11 succeeded: " + shortage},
		},
		"a DaemonSet whose dead node stops the rollout": {
			daemons, daemon(0, 2), "", &short, []string{"10 failed: not healthy within 10m0s: Updated: 0/3; not taken back, since it was short of Pods before the move, too: " + shortage},
		},
		"a DaemonSet with a dead node and another Pod that is not ready": {
			daemons, daemon(3, 1), "", &short, []string{"11 failed: not healthy within 10m0s: Available: 1/3", "11 taken back"},
		},
		"a DaemonSet with a dead node and a Pod that crashes": {
			daemons, daemon(3, 2), "c=1.3.0", &short, []string{"11 failed: container c of Pod web-1 crashes again and again", "11 taken back"},
		},
		"a Deployment whose quota is reached, when its controller gives up": {
			deployment + before3(), of3(5, 2, 2, 2, "ProgressDeadlineExceeded", noon.Add(time.Minute)), "", &short, []string{"1 succeeded: " + shortage},
		},
		"a Deployment that had all of its Pods": {
			deployment + before3(), of3(5, 2, 2, 2, "ProgressDeadlineExceeded", noon.Add(time.Minute)), "", &Health{Observed: true, Wanted: 3, Running: 3, Updated: 3, Available: 3},
			[]string{"1 failed: its progress deadline is exceeded", "1 taken back"},
		},
		"a Deployment of which nothing is known from before": {
			deployment + before3(), of3(5, 2, 2, 2, "ProgressDeadlineExceeded", noon.Add(time.Minute)), "", nil,
			[]string{"1 failed: its progress deadline is exceeded", "1 taken back"},
		},
		"a Deployment that had no Pod at all": {
			deployment + before3(), of3(5, 3, 3, 0, "ProgressDeadlineExceeded", noon.Add(time.Minute)), "", &Health{Observed: true, Wanted: 3, Running: 3, Updated: 3},
			[]string{"1 failed: its progress deadline is exceeded", "1 taken back"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := moved(t, test.object).begin(test.before)
			if test.crash != "" {
				s.pods = append(s.pods, pod(test.crash, "CrashLoopBackOff"))
			}
			s.after(time.Minute).says(test.status).after(time.Hour)
			s.want(test.want...)
		})
	}
}

// At the end of its time a rollout that was healthy is judged by its own Pods: one of
// an earlier revision that a registry keeps from starting is nobody's crash.
func TestPodsOfTheRevisionCount(t *testing.T) {
	const crashed = "10 failed: container c of Pod web-1 crashes again and again"
	for name, test := range map[string]struct {
		record, reason string
		want           []string
	}{
		"no Pod crashes":                                  {"c=1.3.0", "ContainerCreating", []string{"1 succeeded", "10 finished"}},
		"a Pod of the version crashes":                    {"c=1.3.0", "CrashLoopBackOff", []string{"1 succeeded", crashed, "10 taken back"}},
		"a Pod of the version before crashes":             {"c=1.2.0", "CrashLoopBackOff", []string{"1 succeeded", "10 finished"}},
		"a Pod of the version before cannot be pulled":    {"c=1.2.0", "ErrImagePull", []string{"1 succeeded", "10 finished"}},
		"a Pod from before the first record cannot start": {"", "CreateContainerError", []string{"1 succeeded", "10 finished"}},
		"a Pod of the version cannot be pulled any more":  {"c=1.3.0", "ImagePullBackOff", []string{"1 succeeded", "10 finished"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := moved(t, deployment+before3()).begin(nil)
			s.after(time.Minute).says(of3(5, 3, 3, 3, "NewReplicaSetAvailable", noon.Add(time.Minute)))
			s.pods = append(s.pods, pod(test.record, test.reason))
			s.after(8 * time.Minute).says(of3(5, 3, 3, 2, "NewReplicaSetAvailable", noon.Add(time.Minute)))
			s.after(time.Hour).want(test.want...)
		})
	}
}

// Pods that cannot be read are asked for again; a workload that is judged by its status
// does not wait for them.
func TestPodsThatCannotBeRead(t *testing.T) {
	away := apierrors.NewServiceUnavailable("away")
	late := moved(t, deployment+before3()).begin(nil)
	late.podsErr = away
	late.says(of3(5, 4, 1, 3, "ReplicaSetUpdated", noon)).after(time.Hour).want("10 failed: not healthy within 10m0s: Updated: 1/3", "10 taken back")
	well := moved(t, deployment+before3()).begin(nil)
	well.podsErr = errors.New("away")
	well.after(time.Minute).says(of3(5, 3, 3, 3, "NewReplicaSetAvailable", noon)).says(of3(5, 3, 3, 2, "NewReplicaSetAvailable", noon))
	well.after(11 * time.Minute)
	well.podsErr, well.pods = nil, append(well.pods, pod("c=1.3.0", "CrashLoopBackOff"))
	well.after(time.Hour).want("1 succeeded", "12 failed: container c of Pod web-1 crashes again and again", "12 taken back")
}

// What is paused, partitioned or without Pods is judged by what it lets happen.
func TestRolloutThatRests(t *testing.T) {
	set := func(partition string, updated, available int) string {
		return "apiVersion: apps/v1\nkind: StatefulSet\nspec: {replicas: 3, updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: " + partition + "}}}\nstatus: " + sets(4, updated, available)
	}
	const kept = "1 settled: its partition keeps 2 Pods as they are"
	for name, test := range map[string]struct {
		play func(*testing.T) *stage
		want []string
	}{
		"a StatefulSet whose partition is reached": {func(t *testing.T) *stage {
			return moved(t, set("2", 3, 3)).begin(nil).after(time.Minute).says(sets(5, 1, 3)).after(time.Hour)
		}, []string{kept, "11 finished"}},
		"a StatefulSet whose one new Pod crashes": {func(t *testing.T) *stage {
			s := moved(t, set("2", 3, 3)).begin(nil)
			s.pods = append(s.pods, pod("c=1.3.0", "CrashLoopBackOff"))
			return s.after(time.Minute).says(sets(5, 1, 2)).after(time.Hour)
		}, []string{"11 failed: container c of Pod web-1 crashes again and again", "11 taken back"}},
		"a StatefulSet whose partition keeps all": {func(t *testing.T) *stage {
			return moved(t, set("3", 3, 3)).begin(nil).after(time.Minute).says(sets(5, 0, 3)).after(time.Hour)
		}, []string{"1 abandoned"}},
		"a Deployment that fails, and is scaled to nothing": {func(t *testing.T) *stage {
			s := moved(t, deployment+before3()).begin(nil).says(of3(5, 4, 1, 3, "ReplicaSetUpdated", noon)).after(5 * time.Minute)
			s.set(int64(0), "spec", "replicas")
			s.object.SetGeneration(6)
			return s.says(of3(6, 0, 0, 0, "NewReplicaSetAvailable", noon.Add(5*time.Minute))).after(24 * time.Hour)
		}, []string{"5 settled: it is to have no Pods"}},
		"one that is scaled up again, and still fails": {func(t *testing.T) *stage {
			s := moved(t, deployment+before3())
			s.set(int64(0), "spec", "replicas")
			s.begin(nil).after(2 * time.Hour)
			s.set(int64(3), "spec", "replicas")
			s.object.SetGeneration(6)
			return s.says(of3(5, 0, 0, 0, "NewReplicaSetAvailable", noon)).says(of3(6, 3, 3, 0, "NewReplicaSetAvailable", noon)).after(time.Hour)
		}, []string{"0 settled: it is to have no Pods", "130 failed: not healthy within 10m0s: Available: 0/3", "130 taken back"}},
		"a Deployment that an autoscaler makes larger meanwhile": {func(t *testing.T) *stage {
			s := moved(t, deployment+before3()).begin(nil).says(of3(5, 4, 1, 3, "ReplicaSetUpdated", noon)).after(5 * time.Minute)
			s.set(int64(5), "spec", "replicas")
			s.object.SetGeneration(6)
			s.says(of3(5, 4, 1, 3, "ReplicaSetUpdated", noon)).says(of3(6, 5, 3, 3, "ReplicaSetUpdated", s.clock.Now()))
			return s.after(6 * time.Minute).says(of3(6, 5, 5, 5, "NewReplicaSetAvailable", s.clock.Now())).after(time.Hour)
		}, []string{"11 succeeded", "11 finished"}},
		"an Argo Rollout that is paused at a step for days": {func(t *testing.T) *stage {
			s := moved(t, "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nspec: {replicas: 3}\nstatus: "+argo3(4, "Healthy")).begin(nil)
			s.says(argo3(5, "Progressing")).after(time.Minute).says(argo3(5, "Paused")).after(48 * time.Hour)
			return s.says(argo3(5, "Progressing")).after(time.Minute).says(argo3(5, "Healthy")).after(time.Hour)
		}, []string{"1 settled: its rollout is paused at a step", "2882 succeeded", "2882 finished"}},
		"a CronJob, which has no rollout": {func(t *testing.T) *stage {
			s := moved(t, "apiVersion: batch/v1\nkind: CronJob\nspec: {jobTemplate: {spec: {template: {spec: {containers: [{name: c, image: \"example.com/app:1.3.0\"}]}}}}}\nstatus: {}")
			return s.begin(nil).after(time.Hour)
		}, []string{"0 succeeded", "10 finished"}},
		"a CloneSet that is paused by its strategy": {func(t *testing.T) *stage {
			return moved(t, "apiVersion: apps.kruise.io/v1alpha1\nkind: CloneSet\nspec: {replicas: 3, updateStrategy: {paused: true}}\nstatus: "+sets(4, 3, 3)).begin(nil).says(sets(5, 0, 3)).after(time.Hour)
		}, []string{"0 abandoned"}},
		"a CloneSet whose partition is reached": {func(t *testing.T) *stage {
			return moved(t, "apiVersion: apps.kruise.io/v1alpha1\nkind: CloneSet\nspec: {replicas: 3, updateStrategy: {partition: \"66%\"}}\nstatus: "+sets(4, 3, 3)).begin(nil).after(time.Minute).says(sets(5, 1, 3)).after(time.Hour)
		}, []string{kept, "11 finished"}},
		"a DaemonSet whose Pods are replaced by hand": {func(t *testing.T) *stage {
			return moved(t, "apiVersion: apps/v1\nkind: DaemonSet\nspec: {updateStrategy: {type: OnDelete}}\nstatus: {observedGeneration: 4}").begin(nil).after(time.Hour)
		}, []string{"0 abandoned"}},
	} {
		t.Run(name, func(t *testing.T) { test.play(t).want(test.want...) })
	}
}

func sets(generation, updated, available int) string {
	return fmt.Sprintf(`{observedGeneration: %d, replicas: 3, updatedReplicas: %d, readyReplicas: %[3]d, availableReplicas: %[3]d, currentRevision: a, updateRevision: b}`, generation, updated, available)
}

func argo3(generation int, phase string) string {
	return fmt.Sprintf(`{observedGeneration: "%d", phase: %s, replicas: 3, updatedReplicas: 1, readyReplicas: 3, availableReplicas: 3}`, generation, phase)
}
