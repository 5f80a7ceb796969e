package updater

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// maxPods bounds how many Pods of a workload are looked at.
const maxPods = 100

// crashing says which container of a workload's Pods crashes again and again, or
// cannot be started, or nothing. Pods are read when a rollout is late, and never
// kept.
func (u *Updater) crashing(ctx context.Context, kept *unstructured.Unstructured) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, bumpTimeout)
	defer cancel()
	live := &unstructured.Unstructured{}
	live.SetGroupVersionKind(kept.GroupVersionKind())
	if err := u.Live.Get(ctx, client.ObjectKeyFromObject(kept), live); err != nil {
		return "", fmt.Errorf("reading %q: %w", kept.GetName(), err)
	}
	of, _, _ := unstructured.NestedMap(live.Object, "spec", "selector")
	selector := &metav1.LabelSelector{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(of, selector); err != nil {
		return "", fmt.Errorf("reading the selector of %q: %w", kept.GetName(), err)
	}
	matches, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil || matches.Empty() {
		return "", err
	}
	pods := &corev1.PodList{}
	if err := u.Live.List(ctx, pods, client.InNamespace(kept.GetNamespace()), client.MatchingLabelsSelector{Selector: matches}, client.Limit(maxPods)); err != nil {
		return "", fmt.Errorf("listing the Pods of %q: %w", kept.GetName(), err)
	}
	for i := range pods.Items {
		if why := crash(&pods.Items[i]); why != "" {
			return why, nil
		}
	}
	return "", nil
}

// crash reads one Pod. What the runtime says of an error is not told: it may quote
// what the container wrote.
func crash(pod *corev1.Pod) string {
	for _, c := range append(pod.Status.InitContainerStatuses[:len(pod.Status.InitContainerStatuses):len(pod.Status.InitContainerStatuses)], pod.Status.ContainerStatuses...) {
		waiting := c.State.Waiting
		if waiting == nil {
			continue
		}
		switch waiting.Reason {
		case "CrashLoopBackOff":
			why := fmt.Sprintf("container %s of Pod %s crashes again and again", c.Name, pod.Name)
			if last := c.LastTerminationState.Terminated; last != nil {
				why += fmt.Sprintf(" (exit code %d)", last.ExitCode)
			}
			return why
		case "ImagePullBackOff", "ErrImagePull", "CreateContainerConfigError", "CreateContainerError", "RunContainerError", "InvalidImageName":
			return fmt.Sprintf("container %s of Pod %s cannot be started (%s)", c.Name, pod.Name, waiting.Reason)
		}
	}
	return ""
}
