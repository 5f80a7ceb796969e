package installation

import (
	"context"
	"fmt"
	"net/url"
	"os"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/utils/ptr"
)

const (
	statusService = "updater-status"
	statusPort    = 8082
)

// PlayUpdaterPod puts a Pod into the cluster that the updater's process plays, so
// that `garboard status` finds it as it does in a real cluster: the Pod has the name
// that the Lease tells, which is this machine's, and the address of a Service whose
// port is routed to the process. No kubelet takes it for its own, since nothing
// schedules it. It returns the Pod's name; empty if the machine's cannot be one.
func (i *Installation) PlayUpdaterPod(ctx context.Context) (string, error) {
	name, err := os.Hostname()
	if err != nil {
		return "", err
	}
	if len(validation.IsDNS1123Subdomain(name)) > 0 {
		return "", nil
	}
	at, err := url.Parse(i.Updater().Status)
	if err != nil {
		return "", err
	}
	core := i.Cluster.Client().CoreV1()
	service, err := core.Services(namespace).Create(ctx, &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: statusService}, Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: statusPort}}},
	}, metav1.CreateOptions{})
	if err != nil {
		return "", fmt.Errorf("playing the updater's Pod: %w", err)
	}
	pod, err := core.Pods(namespace).Create(ctx, updaterPod(name), metav1.CreateOptions{})
	if err != nil {
		return "", fmt.Errorf("playing the updater's Pod: %w", err)
	}
	pod.Status = corev1.PodStatus{
		Phase: corev1.PodRunning,
		PodIP: service.Spec.ClusterIP, PodIPs: []corev1.PodIP{{IP: service.Spec.ClusterIP}},
		Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}},
		ContainerStatuses: []corev1.ContainerStatus{{
			Name: "updater", Image: pod.Spec.Containers[0].Image, ImageID: pod.Spec.Containers[0].Image, Ready: true,
			State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.Now()}},
		}},
	}
	if _, err := core.Pods(namespace).UpdateStatus(ctx, pod, metav1.UpdateOptions{}); err != nil {
		return "", fmt.Errorf("playing the updater's Pod: %w", err)
	}
	return name, i.Cluster.Route(statusRoute(), at.Host)
}

// RemoveUpdaterPod takes away what PlayUpdaterPod has made.
func (i *Installation) RemoveUpdaterPod(ctx context.Context, name string) error {
	core := i.Cluster.Client().CoreV1()
	now := metav1.DeleteOptions{GracePeriodSeconds: ptr.To[int64](0)}
	if err := core.Pods(namespace).Delete(ctx, name, now); err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	if err := core.Services(namespace).Delete(ctx, statusService, now); err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	return i.Cluster.Route(statusRoute())
}

func statusRoute() string { return fmt.Sprintf("%s/%s:%d", namespace, statusService, statusPort) }

// updaterPod is what the namespace's Pod Security lets in, with the labels that the
// runbooks look for.
func updaterPod(name string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{
			"app.kubernetes.io/name": "garboard", "app.kubernetes.io/component": "updater",
		}},
		Spec: corev1.PodSpec{
			SchedulerName:   "nobody",
			SecurityContext: &corev1.PodSecurityContext{RunAsNonRoot: ptr.To(true), SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}},
			Containers: []corev1.Container{{Name: "updater", Image: "example.com/updater:1", SecurityContext: &corev1.SecurityContext{
				AllowPrivilegeEscalation: ptr.To(false), Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
			}}},
		},
	}
}
