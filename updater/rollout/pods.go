package rollout

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/garboard-dev/garboard/internal/workload"
)

const (
	// podsPerPage and maxPods bound how many Pods of a workload are looked at.
	podsPerPage = 100
	maxPods     = 2000
	// podsTimeout bounds how long that may take.
	podsTimeout = 30 * time.Second
)

// Pods reads the Pods of workloads past the cache. They are read when a rollout is
// late, and never kept.
type Pods struct {
	Live  client.Reader
	Kinds workload.Kinds
}

// Crash says which container of a workload's Pods crashes again and again, or cannot
// be started, or nothing. Pods of another revision than the template's are not looked
// at. started is true where all Pods had the image already: one that cannot be pulled
// any more is the registry's fault then.
func (p Pods) Crash(ctx context.Context, kept *unstructured.Unstructured, started bool) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, podsTimeout)
	defer cancel()
	live := &unstructured.Unstructured{}
	live.SetGroupVersionKind(kept.GroupVersionKind())
	if err := p.Live.Get(ctx, client.ObjectKeyFromObject(kept), live); err != nil {
		return "", fmt.Errorf("reading %q: %w", kept.GetName(), err)
	}
	object, ok := p.Kinds.FromMap(live.Object)
	selector, err := selectorOf(live)
	if !ok || err != nil || selector == nil {
		return "", err
	}
	options := []client.ListOption{client.InNamespace(kept.GetNamespace()), selector, client.Limit(podsPerPage)}
	next := client.Continue("")
	for range maxPods / podsPerPage {
		page := &corev1.PodList{}
		if err := p.Live.List(ctx, page, append(slices.Clone(options), next)...); err != nil {
			return "", fmt.Errorf("listing the Pods of %q: %w", kept.GetName(), err)
		}
		for i := range page.Items {
			if why := crash(&page.Items[i], started); why != "" && ofRevision(&page.Items[i], object) {
				return why, nil
			}
		}
		if next = client.Continue(page.Continue); next == "" {
			break
		}
	}
	return "", nil
}

// selectorOf is nil where a workload selects no Pods.
func selectorOf(live *unstructured.Unstructured) (client.ListOption, error) {
	of, _, _ := unstructured.NestedMap(live.Object, "spec", "selector")
	selector := &metav1.LabelSelector{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(of, selector); err != nil {
		return nil, fmt.Errorf("reading the selector of %q: %w", live.GetName(), err)
	}
	matches, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil || matches.Empty() {
		return nil, err
	}
	return client.MatchingLabelsSelector{Selector: matches}, nil
}

// ofRevision reports whether a Pod is of the workload's template as it is. Each move
// changes the record, and a Pod has that of its template; its images may have been
// rewritten on the way.
func ofRevision(pod *corev1.Pod, o *workload.Object) bool {
	return pod.Annotations[workload.AnnotationRecord] == o.RecordText()
}

// crash reads one Pod. What the runtime says of an error is not told: it may quote
// what the container wrote.
func crash(pod *corev1.Pod, started bool) string {
	for _, c := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
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
			if !started {
				return fmt.Sprintf("container %s of Pod %s cannot be started (%s)", c.Name, pod.Name, waiting.Reason)
			}
		}
	}
	return ""
}
