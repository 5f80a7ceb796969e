package e2e

import (
	"context"
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// workload is a Deployment, StatefulSet or DaemonSet.
type workload struct {
	metav1.Object
	template corev1.PodTemplateSpec
	// rolling says what its rollout waits for; empty once that is over.
	rolling string
}

// workload reads one by what kubectl calls it: deployment/web. What is waited for is read
// so, since each kubectl costs a tenth of a second of a CPU that other tests need.
func (s *space) workload(ctx context.Context, object string) (w workload, err error) {
	kind, name, _ := strings.Cut(object, "/")
	apps := s.Client().AppsV1()
	switch kind {
	case "deployment":
		d, err := apps.Deployments(s.name).Get(ctx, name, metav1.GetOptions{})
		return workload{d, d.Spec.Template, rollingDeployment(d)}, err
	case "statefulset":
		d, err := apps.StatefulSets(s.name).Get(ctx, name, metav1.GetOptions{})
		return workload{d, d.Spec.Template, rollingStatefulSet(d)}, err
	case "daemonset":
		d, err := apps.DaemonSets(s.name).Get(ctx, name, metav1.GetOptions{})
		return workload{d, d.Spec.Template, rollingDaemonSet(d)}, err
	default:
		return workload{}, fmt.Errorf("reading %q: allowed: deployment, statefulset, daemonset", object)
	}
}

// imageOf is the tag of a workload's first container.
func (s *space) imageOf(object string) string {
	s.t.Helper()
	w, err := s.workload(s.t.Context(), object)
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.TrimPrefix(w.template.Spec.Containers[0].Image, s.image+":")
}

// rolled waits until a rollout is over, by what `kubectl rollout status` goes by.
func (s *space) rolled(object string) {
	s.t.Helper()
	s.await("the rollout of "+object, func(ctx context.Context) error {
		w, err := s.workload(ctx, object)
		if err == nil && w.rolling != "" {
			err = fmt.Errorf("it waits for %s", w.rolling)
		}
		return err
	})
}

func rollingDeployment(d *appsv1.Deployment) string {
	status := d.Status
	switch {
	case d.Generation == 0: // there is none
		return ""
	case status.ObservedGeneration < d.Generation:
		return "its controller"
	case status.UpdatedReplicas < *d.Spec.Replicas:
		return fmt.Sprintf("new Pods: %d of %d are there", status.UpdatedReplicas, *d.Spec.Replicas)
	case status.Replicas > status.UpdatedReplicas:
		return fmt.Sprintf("%d old Pods to end", status.Replicas-status.UpdatedReplicas)
	case status.AvailableReplicas < status.UpdatedReplicas:
		return fmt.Sprintf("Pods: %d of %d are available", status.AvailableReplicas, status.UpdatedReplicas)
	}
	return ""
}

func rollingStatefulSet(d *appsv1.StatefulSet) string {
	status := d.Status
	switch {
	case d.Generation == 0:
		return ""
	case status.ObservedGeneration < d.Generation:
		return "its controller"
	case status.ReadyReplicas < *d.Spec.Replicas:
		return fmt.Sprintf("Pods: %d of %d are ready", status.ReadyReplicas, *d.Spec.Replicas)
	case status.UpdateRevision != status.CurrentRevision:
		return fmt.Sprintf("new Pods: %d are there", status.UpdatedReplicas)
	}
	return ""
}

func rollingDaemonSet(d *appsv1.DaemonSet) string {
	status := d.Status
	switch {
	case d.Generation == 0:
		return ""
	case status.ObservedGeneration < d.Generation:
		return "its controller"
	case status.UpdatedNumberScheduled < status.DesiredNumberScheduled:
		return fmt.Sprintf("new Pods: %d of %d are there", status.UpdatedNumberScheduled, status.DesiredNumberScheduled)
	case status.NumberAvailable < status.DesiredNumberScheduled:
		return fmt.Sprintf("Pods: %d of %d are available", status.NumberAvailable, status.DesiredNumberScheduled)
	}
	return ""
}
