package rollout

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func TestCrashes(t *testing.T) {
	waiting := func(reason string) corev1.ContainerStatus {
		return corev1.ContainerStatus{Name: "web", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: "secret"}}}
	}
	crashing := waiting("CrashLoopBackOff")
	crashing.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: 3, Message: "secret"}
	for name, test := range map[string]struct {
		status  corev1.PodStatus
		started bool
		want    string
	}{
		"a container that crashes":                      {corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{crashing}}, false, "container web of Pod p crashes again and again (exit code 3)"},
		"an init container that crashes":                {corev1.PodStatus{InitContainerStatuses: []corev1.ContainerStatus{crashing}}, false, "container web of Pod p crashes again and again (exit code 3)"},
		"an image that cannot be pulled":                {corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{waiting("ImagePullBackOff")}}, false, "container web of Pod p cannot be started (ImagePullBackOff)"},
		"an image that cannot be pulled again":          {corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{waiting("ImagePullBackOff")}}, true, ""},
		"a container that crashes after it was healthy": {corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{crashing}}, true, "container web of Pod p crashes again and again (exit code 3)"},
		"a container that is being created":             {corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{waiting("ContainerCreating")}}, false, ""},
		"a container that runs":                         {corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{Name: "web"}}}, false, ""},
		"a Pod of which nothing is known yet":           {corev1.PodStatus{}, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			pod := &corev1.Pod{Status: test.status}
			pod.Name = "p"
			if got := crashOf(pod, test.started); got != test.want {
				t.Errorf("told %q, want %q", got, test.want)
			}
		})
	}
}
