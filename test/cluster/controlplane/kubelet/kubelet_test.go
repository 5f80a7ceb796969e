package kubelet

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/tools/cache"
	"k8s.io/utils/ptr"
)

func TestNextStatus(t *testing.T) {
	now := metav1.NewTime(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	container := func(image string) []corev1.Container { return []corev1.Container{{Name: "app", Image: image}} }
	tests := map[string]struct {
		pod  corev1.Pod
		want string // phase, then conditions, then containers; "" = stays
	}{
		"a new Pod runs": {
			pod:  corev1.Pod{Spec: corev1.PodSpec{Containers: container("app:1")}, Status: corev1.PodStatus{Phase: corev1.PodPending}},
			want: "Running [Initialized=True ContainersReady=True Ready=True] [app:1 running ready]",
		},
		"its gates are ready, init containers are done, sidecars run": {
			pod: corev1.Pod{
				Spec: corev1.PodSpec{
					ReadinessGates: []corev1.PodReadinessGate{{ConditionType: "example.com/gate"}},
					InitContainers: []corev1.Container{{Image: "init:1"}, {Image: "side:1", RestartPolicy: ptr.To(corev1.ContainerRestartPolicyAlways)}},
					Containers:     container("app:1"),
				},
				Status: corev1.PodStatus{Phase: corev1.PodPending},
			},
			want: "Running [Initialized=True ContainersReady=True Ready=True example.com/gate=True] [init:1 Completed ready side:1 running ready app:1 running ready]",
		},
		"an image that cannot be pulled is waited for": {
			pod:  corev1.Pod{Spec: corev1.PodSpec{Containers: container("app:2-unpullable")}, Status: corev1.PodStatus{Phase: corev1.PodPending}},
			want: "Pending [Initialized=True ContainersReady=False Ready=False] [app:2-unpullable ImagePullBackOff]",
		},
		"and stays so": {
			pod: corev1.Pod{Spec: corev1.PodSpec{Containers: container("app:2-unpullable")}, Status: corev1.PodStatus{
				Phase: corev1.PodPending,
				ContainerStatuses: []corev1.ContainerStatus{{State: corev1.ContainerState{
					Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff"},
				}}},
			}},
		},
		"until its image is another": {
			pod: corev1.Pod{Spec: corev1.PodSpec{Containers: container("app:3")}, Status: corev1.PodStatus{
				Phase: corev1.PodPending,
				ContainerStatuses: []corev1.ContainerStatus{{State: corev1.ContainerState{
					Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff"},
				}}},
			}},
			want: "Running [Initialized=True ContainersReady=True Ready=True] [app:3 running ready]",
		},
		"a running Pod goes on": {
			pod: corev1.Pod{Spec: corev1.PodSpec{Containers: container("app:1")}, Status: corev1.PodStatus{Phase: corev1.PodRunning}},
		},
		"a Job's completes": {
			pod: corev1.Pod{
				ObjectMeta: metav1.ObjectMeta{OwnerReferences: []metav1.OwnerReference{{Kind: "Job"}}},
				Spec:       corev1.PodSpec{Containers: container("app:1")}, Status: corev1.PodStatus{Phase: corev1.PodRunning},
			},
			want: "Succeeded [] [app:1 Completed]",
		},
		"once": {
			pod: corev1.Pod{
				ObjectMeta: metav1.ObjectMeta{OwnerReferences: []metav1.OwnerReference{{Kind: "Job"}}},
				Spec:       corev1.PodSpec{Containers: container("app:1")}, Status: corev1.PodStatus{Phase: corev1.PodSucceeded},
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, describe(nextStatus(&test.pod, now))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func describe(s *corev1.PodStatus) string {
	if s == nil {
		return ""
	}
	conditions, containers := []string{}, []string{}
	for _, c := range s.Conditions {
		conditions = append(conditions, fmt.Sprintf("%s=%s", c.Type, c.Status))
	}
	for _, c := range append(s.InitContainerStatuses, s.ContainerStatuses...) {
		state := "running"
		switch {
		case c.State.Waiting != nil:
			state = c.State.Waiting.Reason
		case c.State.Terminated != nil:
			state = c.State.Terminated.Reason
		}
		if c.Ready {
			state += " ready"
		}
		containers = append(containers, c.Image+" "+state)
	}
	return fmt.Sprint(s.Phase, " ", conditions, " ", containers)
}

func TestPodsHaveAddressesOfTheirOwn(t *testing.T) {
	a := newAddresses()
	seen := map[string]bool{nodeAddress: true}
	for i := range 1000 {
		address, err := a.of(cache.ObjectName{Namespace: "default", Name: fmt.Sprint(i)})
		if err != nil || seen[address] {
			t.Fatalf("Pod %d got %q, %v", i, address, err)
		}
		seen[address] = true
	}
	first := cache.ObjectName{Namespace: "default", Name: "0"}
	was, err := a.of(first)
	if again, _ := a.of(first); err != nil || again != was {
		t.Errorf("a Pod has %q, then %q", was, again)
	}
	a.release(first)
	if next, err := a.of(cache.ObjectName{Name: "next"}); err != nil || seen[next] {
		t.Errorf("a released address, or %v, is given at once", err)
	}
}

func TestAddressesRunOut(t *testing.T) {
	a := newAddresses()
	for i := range 1<<16 - 3 { // without the first, the last and the node's
		if _, err := a.of(cache.ObjectName{Name: fmt.Sprint(i)}); err != nil {
			t.Fatal(i, err)
		}
	}
	if got, err := a.of(cache.ObjectName{Name: "one more"}); err == nil {
		t.Errorf("got %q", got)
	}
	a.release(cache.ObjectName{Name: "7"})
	if _, err := a.of(cache.ObjectName{Name: "one more"}); err != nil {
		t.Error(err)
	}
}

func TestAPatchIsForOneObjectAlone(t *testing.T) {
	patch, err := statusPatch("uid-1", &corev1.PodStatus{Phase: corev1.PodRunning})
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Metadata struct{ UID string }
		Status   struct{ Phase string }
	}
	if err := json.Unmarshal(patch, &got); err != nil {
		t.Fatal(err)
	}
	if got.Metadata.UID != "uid-1" || got.Status.Phase != "Running" {
		t.Errorf("patch %s", patch)
	}
}

func TestNodesAndPodsArePlayed(t *testing.T) {
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node-0", UID: "n"}}
	pod := func(name, node string) *corev1.Pod {
		return &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default", UID: "p"},
			Spec:       corev1.PodSpec{NodeName: node, Containers: []corev1.Container{{Name: "app", Image: "app:1"}}},
			Status:     corev1.PodStatus{Phase: corev1.PodPending},
		}
	}
	old := pod("old", "node-0")
	old.Status = corev1.PodStatus{Phase: corev1.PodRunning, PodIP: "10.0.0.2"}
	deleted := pod("deleted", "node-0")
	deleted.DeletionTimestamp, deleted.Finalizers = ptr.To(metav1.Now()), []string{"example.com/of-the-test"}
	client := fake.NewClientset(node, old, pod("new", "node-0"), deleted)

	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- run(ctx, client, time.Now) }()
	await(t, func() error {
		n, err := client.CoreV1().Nodes().Get(ctx, "node-0", metav1.GetOptions{})
		if err == nil && nextNodeStatus(n, metav1.Now()) != nil {
			err = fmt.Errorf("the node has %v", n.Status.Conditions)
		}
		return err
	})
	await(t, func() error {
		_, err := client.CoordinationV1().Leases("kube-node-lease").Get(ctx, "node-0", metav1.GetOptions{})
		return err
	})
	await(t, func() error {
		p, err := client.CoreV1().Pods("default").Get(ctx, "new", metav1.GetOptions{})
		if err == nil && (p.Status.Phase != corev1.PodRunning || p.Status.PodIP != "10.0.0.3") {
			err = fmt.Errorf("the Pod has %s", describe(&p.Status)+p.Status.PodIP)
		}
		return err
	})
	await(t, func() error {
		if _, err := client.CoreV1().Pods("default").Get(ctx, "deleted", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
			return fmt.Errorf("the deleted Pod is there: %v", err)
		}
		return nil
	})
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func await(t *testing.T, check func() error) {
	t.Helper()
	deadline := time.After(time.Minute)
	for {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-deadline:
			t.Fatal(err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}
