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
	why := ""
	_, err := p.each(ctx, kept, func(pod *corev1.Pod, ours bool) bool {
		if found := crashOf(pod, started); ours && found != "" {
			why = found
		}
		return why == ""
	})
	return why, err
}

// ReadySince returns since when all Pods of a workload have been ready, all of them of the
// template as it is; the zero time where they are not, or there is none.
func (p Pods) ReadySince(ctx context.Context, kept *unstructured.Unstructured) (time.Time, error) {
	var last time.Time
	whole, err := p.each(ctx, kept, func(pod *corev1.Pod, ours bool) bool {
		at := readyAt(pod)
		if !ours || at.IsZero() {
			last = time.Time{}
			return false
		}
		if at.After(last) {
			last = at
		}
		return true
	})
	if err != nil || !whole {
		return time.Time{}, err
	}
	return last, nil
}

// readyAt is since when a Pod has been ready; the zero time where it is not.
func readyAt(pod *corev1.Pod) time.Time {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue {
			return c.LastTransitionTime.Time
		}
	}
	return time.Time{}
}

// each visits the Pods of a workload until visit returns false; ours tells those of the
// template as it is. whole is true where all were visited.
func (p Pods) each(ctx context.Context, kept *unstructured.Unstructured, visit func(pod *corev1.Pod, ours bool) bool) (whole bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, podsTimeout)
	defer cancel()
	live := &unstructured.Unstructured{}
	live.SetGroupVersionKind(kept.GroupVersionKind())
	if err := p.Live.Get(ctx, client.ObjectKeyFromObject(kept), live); err != nil {
		return false, fmt.Errorf("reading %q: %w", kept.GetName(), err)
	}
	object, ok := p.Kinds.FromMap(live.Object)
	selector, err := selectorOf(live)
	if !ok || err != nil || selector == nil {
		return false, err
	}
	options := []client.ListOption{client.InNamespace(kept.GetNamespace()), selector, client.Limit(podsPerPage)}
	next := client.Continue("")
	for range maxPods / podsPerPage {
		page := &corev1.PodList{}
		if err := p.Live.List(ctx, page, append(slices.Clone(options), next)...); err != nil {
			return false, fmt.Errorf("listing the Pods of %q: %w", kept.GetName(), err)
		}
		for i := range page.Items {
			if !visit(&page.Items[i], ofRevision(&page.Items[i], object)) {
				return false, nil
			}
		}
		if next = client.Continue(page.Continue); next == "" {
			return true, nil
		}
	}
	return false, nil
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

// crashOf reads one Pod. What the runtime says of an error is not told: it may quote
// what the container wrote.
func crashOf(pod *corev1.Pod, started bool) string {
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
