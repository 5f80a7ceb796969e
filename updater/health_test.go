package updater

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/garboard-dev/garboard/internal/workload"
)

func TestHealth(t *testing.T) {
	const deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {generation: 4}\n"
	const statefulSet = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {generation: 4}\n"
	const available = `{type: Available, status: "True"}`
	for name, test := range map[string]struct {
		object string
		want   phase
	}{
		"a Deployment whose Pods are all new and available is healthy": {
			deployment + `spec: {replicas: 2}
status: {observedGeneration: 4, replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2, conditions: [` + available + `, {type: Progressing, status: "True", reason: NewReplicaSetAvailable}]}`, phaseHealthy,
		},
		"a Deployment that its controller has not seen yet rolls": {
			deployment + `spec: {replicas: 2}
status: {observedGeneration: 3, replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2, conditions: [` + available + `]}`, phaseRolling,
		},
		"a Deployment with Pods of the old template rolls": {
			deployment + `spec: {replicas: 2}
status: {observedGeneration: 4, replicas: 3, updatedReplicas: 1, readyReplicas: 2, availableReplicas: 2, conditions: [` + available + `]}`, phaseRolling,
		},
		"a Deployment whose new Pods are not available rolls": {
			deployment + `spec: {replicas: 2}
status: {observedGeneration: 4, replicas: 2, updatedReplicas: 2, conditions: [{type: Available, status: "False"}]}`, phaseRolling,
		},
		"a Deployment beyond its progress deadline has failed": {
			deployment + `spec: {replicas: 2}
status: {observedGeneration: 4, replicas: 3, updatedReplicas: 1, conditions: [` + available + `, {type: Progressing, status: "False", reason: ProgressDeadlineExceeded}]}`, phaseFailed,
		},
		"a Deployment without replicas is healthy": {
			deployment + `spec: {replicas: 0}
status: {observedGeneration: 4, conditions: [` + available + `]}`, phaseHealthy,
		},
		"a Deployment that is paused is nobody's to judge": {
			deployment + `spec: {replicas: 2, paused: true}
status: {observedGeneration: 4, replicas: 2}`, phasePaused,
		},
		"a StatefulSet at its new revision is healthy": {
			statefulSet + `spec: {replicas: 2}
status: {observedGeneration: 4, replicas: 2, readyReplicas: 2, currentReplicas: 2, updatedReplicas: 2, currentRevision: b, updateRevision: b}`, phaseHealthy,
		},
		"a StatefulSet between revisions rolls": {
			statefulSet + `spec: {replicas: 2}
status: {observedGeneration: 4, replicas: 2, readyReplicas: 2, currentReplicas: 1, updatedReplicas: 1, currentRevision: a, updateRevision: b}`, phaseRolling,
		},
		"a DaemonSet with old Pods rolls": {
			`{apiVersion: apps/v1, kind: DaemonSet, metadata: {generation: 4}, status: {observedGeneration: 4, desiredNumberScheduled: 3, currentNumberScheduled: 3, updatedNumberScheduled: 2, numberReady: 3, numberAvailable: 3}}`, phaseRolling,
		},
		"a CronJob has nothing to roll":        {`{apiVersion: batch/v1, kind: CronJob, metadata: {generation: 4}}`, phaseHealthy},
		"an Argo Rollout on its way rolls":     {`{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {generation: 4}, status: {observedGeneration: "3", phase: Progressing}}`, phaseRolling},
		"an Argo Rollout between steps waits":  {`{apiVersion: argoproj.io/v1alpha1, kind: Rollout, status: {phase: Paused}}`, phasePaused},
		"an Argo Rollout that aborted failed":  {`{apiVersion: argoproj.io/v1alpha1, kind: Rollout, status: {phase: Degraded, abort: true}}`, phaseFailed},
		"an Argo Rollout that is done":         {`{apiVersion: argoproj.io/v1alpha1, kind: Rollout, status: {phase: Healthy}}`, phaseHealthy},
		"a custom kind that replaces its Pods": {`{apiVersion: apps.kruise.io/v1alpha1, kind: CloneSet, metadata: {generation: 4}, spec: {replicas: 3}, status: {observedGeneration: 4, replicas: 3, updatedReplicas: 1}}`, phaseRolling},
		"a custom kind that has replaced them": {`{apiVersion: apps.kruise.io/v1alpha1, kind: CloneSet, metadata: {generation: 4}, spec: {replicas: 3}, status: {observedGeneration: 4, replicas: 3, updatedReplicas: 3}}`, phaseHealthy},
		"a status of another shape":            {`{apiVersion: apps/v1, kind: Deployment, metadata: {generation: 4}, status: [1]}`, phaseHealthy},
	} {
		t.Run(name, func(t *testing.T) {
			if got := healthOf(object(t, test.object)); got.phase != test.want {
				t.Errorf("phase %d (%s), want %d", got.phase, got.message, test.want)
			}
		})
	}
}

// What is kept of a workload tells as much of its health as the whole of it.
func TestHealthIsReadFromWhatIsKept(t *testing.T) {
	full := object(t, `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: team, generation: 4}
spec:
  replicas: 2
  template: {spec: {containers: [{name: c, image: "example.com/app:1"}]}}
status:
  observedGeneration: 4
  replicas: 3
  updatedReplicas: 1
  conditions: [{type: Progressing, status: "False", reason: ProgressDeadlineExceeded, message: long}]
`)
	kept, err := strip(workload.StandardKinds())(full)
	if err != nil {
		t.Fatal(err)
	}
	got, want := healthOf(kept.(*unstructured.Unstructured)), healthOf(full)
	if got != want || got.phase != phaseFailed || got.updated != 1 {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestWhoMovedLast(t *testing.T) {
	for name, test := range map[string]struct {
		managed string
		ours    bool
	}{
		"nobody but us":                       {`[{manager: garboard-updater, time: "2026-01-01T00:01:00Z", fieldsV1: {"f:spec": {}}}]`, true},
		"an apply before us":                  {`[{manager: kubectl, time: "2026-01-01T00:00:00Z", fieldsV1: {"f:spec": {}}}, {manager: garboard-updater, time: "2026-01-01T00:01:00Z", fieldsV1: {"f:spec": {}}}]`, true},
		"an apply after us":                   {`[{manager: kubectl, time: "2026-01-01T00:02:00Z", fieldsV1: {"f:spec": {}}}, {manager: garboard-updater, time: "2026-01-01T00:01:00Z", fieldsV1: {"f:spec": {}}}]`, false},
		"a label after us":                    {`[{manager: kubectl-label, time: "2026-01-01T00:02:00Z", fieldsV1: {"f:metadata": {}}}, {manager: garboard-updater, time: "2026-01-01T00:01:00Z", fieldsV1: {"f:spec": {}}}]`, true},
		"the controller's status after us":    {`[{manager: kube-controller-manager, subresource: status, time: "2026-01-01T00:02:00Z", fieldsV1: {"f:status": {}}}, {manager: garboard-updater, time: "2026-01-01T00:01:00Z", fieldsV1: {"f:spec": {}}}]`, true},
		"an autoscaler after us":              {`[{manager: kube-controller-manager, subresource: scale, time: "2026-01-01T00:02:00Z", fieldsV1: {"f:spec": {}}}, {manager: garboard-updater, time: "2026-01-01T00:01:00Z", fieldsV1: {"f:spec": {}}}]`, true},
		"an apply in the same second":         {`[{manager: kubectl, time: "2026-01-01T00:01:00Z", fieldsV1: {"f:spec": {}}}, {manager: garboard-updater, time: "2026-01-01T00:01:00Z", fieldsV1: {"f:spec": {}}}]`, false},
		"somebody else alone":                 {`[{manager: kubectl, time: "2026-01-01T00:00:00Z", fieldsV1: {"f:spec": {}}}]`, false},
		"managed fields that nobody can read": {`[1, {manager: garboard-updater, time: soon}, {}]`, false},
		"managed fields of another shape":     {`{}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			full := object(t, "{apiVersion: apps/v1, kind: Deployment, metadata: {managedFields: "+test.managed+"}}")
			kept := &unstructured.Unstructured{Object: map[string]any{touched: touches(full)}}
			if _, ours := movedAt(kept, 0); ours != test.ours {
				t.Errorf("ours: %t", ours)
			}
		})
	}
}

func TestCrashes(t *testing.T) {
	waiting := func(reason string) corev1.ContainerStatus {
		return corev1.ContainerStatus{Name: "web", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: "secret"}}}
	}
	crashing := waiting("CrashLoopBackOff")
	crashing.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: 3, Message: "secret"}
	for name, test := range map[string]struct {
		status corev1.PodStatus
		want   string
	}{
		"a container that crashes":            {corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{crashing}}, "container web of Pod p crashes again and again (exit code 3)"},
		"an init container that crashes":      {corev1.PodStatus{InitContainerStatuses: []corev1.ContainerStatus{crashing}}, "container web of Pod p crashes again and again (exit code 3)"},
		"an image that cannot be pulled":      {corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{waiting("ImagePullBackOff")}}, "container web of Pod p cannot be started (ImagePullBackOff)"},
		"a container that is being created":   {corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{waiting("ContainerCreating")}}, ""},
		"a container that runs":               {corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{Name: "web"}}}, ""},
		"a Pod of which nothing is known yet": {corev1.PodStatus{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			pod := &corev1.Pod{Status: test.status}
			pod.Name = "p"
			if got := crash(pod); got != test.want {
				t.Errorf("told %q, want %q", got, test.want)
			}
		})
	}
}
