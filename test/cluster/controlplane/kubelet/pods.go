package kubelet

import (
	"encoding/json"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
)

// unpullable in an image is one that cannot be pulled.
const unpullable = "unpullable"

// nextStatus returns what a Pod that is not being deleted becomes next, or nil
// if it stays as it is. Conditions that it does not name stay.
func nextStatus(pod *corev1.Pod, now metav1.Time) *corev1.PodStatus {
	switch pod.Status.Phase {
	case corev1.PodPending:
		if slices.ContainsFunc(pod.Spec.Containers, func(c corev1.Container) bool { return strings.Contains(c.Image, unpullable) }) {
			return waiting(pod, now)
		}
		return running(pod, now)
	case corev1.PodRunning:
		if slices.ContainsFunc(pod.OwnerReferences, func(o metav1.OwnerReference) bool { return o.Kind == "Job" }) {
			return completed(pod, now)
		}
	}
	return nil
}

func running(pod *corev1.Pod, now metav1.Time) *corev1.PodStatus {
	status := &corev1.PodStatus{Phase: corev1.PodRunning, StartTime: &now}
	for _, t := range []corev1.PodConditionType{corev1.PodInitialized, corev1.ContainersReady, corev1.PodReady} {
		status.Conditions = append(status.Conditions, condition(t, corev1.ConditionTrue, "", now))
	}
	for _, gate := range pod.Spec.ReadinessGates {
		status.Conditions = append(status.Conditions, condition(gate.ConditionType, corev1.ConditionTrue, "", now))
	}
	for _, c := range pod.Spec.InitContainers {
		s := containerStatus(c, ended(now))
		s.Ready = true
		if ptr.Deref(c.RestartPolicy, "") == corev1.ContainerRestartPolicyAlways { // a sidecar
			s.State, s.Started = started(now), ptr.To(true)
		}
		status.InitContainerStatuses = append(status.InitContainerStatuses, s)
	}
	for _, c := range pod.Spec.Containers {
		s := containerStatus(c, started(now))
		s.Ready, s.Started = true, ptr.To(true)
		status.ContainerStatuses = append(status.ContainerStatuses, s)
	}
	return status
}

// waiting is for an image that cannot be pulled.
func waiting(pod *corev1.Pod, now metav1.Time) *corev1.PodStatus {
	const reason = "ImagePullBackOff"
	if slices.ContainsFunc(pod.Status.ContainerStatuses, func(s corev1.ContainerStatus) bool {
		return s.State.Waiting != nil && s.State.Waiting.Reason == reason
	}) {
		return nil
	}
	status := &corev1.PodStatus{Phase: corev1.PodPending, Conditions: []corev1.PodCondition{
		condition(corev1.PodInitialized, corev1.ConditionTrue, "", now),
		condition(corev1.ContainersReady, corev1.ConditionFalse, "ContainersNotReady", now),
		condition(corev1.PodReady, corev1.ConditionFalse, "ContainersNotReady", now),
	}}
	for _, c := range pod.Spec.Containers {
		s := containerStatus(c, corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{
			Reason: reason, Message: "Back-off pulling image " + c.Image,
		}})
		s.ImageID, s.Started = "", ptr.To(false)
		status.ContainerStatuses = append(status.ContainerStatuses, s)
	}
	return status
}

func completed(pod *corev1.Pod, now metav1.Time) *corev1.PodStatus {
	status := &corev1.PodStatus{Phase: corev1.PodSucceeded}
	for _, c := range pod.Spec.Containers {
		status.ContainerStatuses = append(status.ContainerStatuses, containerStatus(c, ended(now)))
	}
	return status
}

func condition(t corev1.PodConditionType, is corev1.ConditionStatus, reason string, now metav1.Time) corev1.PodCondition {
	return corev1.PodCondition{Type: t, Status: is, Reason: reason, LastTransitionTime: now}
}

func containerStatus(c corev1.Container, state corev1.ContainerState) corev1.ContainerStatus {
	return corev1.ContainerStatus{Name: c.Name, Image: c.Image, ImageID: c.Image, State: state}
}

func started(now metav1.Time) corev1.ContainerState {
	return corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: now}}
}

func ended(now metav1.Time) corev1.ContainerState {
	return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: "Completed", StartedAt: now, FinishedAt: now}}
}

// patchType merges conditions by their type and replaces the statuses of
// containers.
const patchType = types.StrategicMergePatchType

// statusPatch holds for the object of that UID alone: another one of its name
// answers with a conflict.
func statusPatch(uid types.UID, status any) ([]byte, error) {
	return json.Marshal(map[string]any{"metadata": map[string]any{"uid": uid}, "status": status})
}
