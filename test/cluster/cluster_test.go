package cluster

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestCluster is one test because a cluster takes seconds to start: each step
// stands on the one before.
func TestCluster(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a cluster")
	}
	t.Parallel() // with another cluster: they must not meet
	ctx := t.Context()
	c, err := Start(ctx, Options{APIServerFlags: []string{"--event-ttl=2h"}})
	if err != nil {
		t.Fatal(err)
	}
	started, err := Status(c.Dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(context.WithoutCancel(ctx)); err != nil {
			t.Errorf("stopping: %v", err)
		}
	})

	t.Run("a Deployment's Pod runs", func(t *testing.T) { deploy(t, c, "before") })
	t.Run("an image that cannot be pulled keeps its Pod waiting", func(t *testing.T) { deployUnpullable(t, c) })
	t.Run("the registry takes and gives tags", func(t *testing.T) { pushAndList(t, c) })
	t.Run("cert-manager issues and a folder follows", func(t *testing.T) { followCertificate(t, c) })
	t.Run("a webhook behind a Service is reached by its route", func(t *testing.T) { routeWebhook(t, c) })
	t.Run("a ServiceAccount has its own rights", func(t *testing.T) { actAsServiceAccount(t, c) })
	t.Run("Helm installs a release", func(t *testing.T) { installChart(t, c) })
	t.Run("the API server comes back with its data", func(t *testing.T) {
		if err := c.StopAPIServer(); err != nil {
			t.Fatal(err)
		}
		if _, _, err := c.Kubectl(t.Context(), "", "get", "nodes"); err == nil {
			t.Error("a stopped API server answers")
		}
		if err := c.StartAPIServer(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Client().AppsV1().Deployments("default").Get(t.Context(), "before", metav1.GetOptions{}); err != nil {
			t.Error(err)
		}
		deploy(t, c, "after")
	})
	t.Run("writes are audited", func(t *testing.T) {
		log, err := os.ReadFile(c.AuditLog)
		if err != nil || !strings.Contains(string(log), "/deployments") {
			t.Errorf("no Deployment in %d bytes of audit: %v", len(log), err)
		}
	})

	if len(started) < 8 {
		t.Errorf("only %d processes: %v", len(started), started)
	}
	if err := c.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	for _, p := range started {
		if err := p.gone(ctx); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(c.Dir); !os.IsNotExist(err) {
		t.Errorf("the temporary folder is still there: %v", err)
	}
}

func deploy(t *testing.T, c *Cluster, name string) {
	t.Helper()
	create(t, c, name, "example.com/app:1.0.0")
	await(t, func(ctx context.Context) error {
		d, err := c.Client().AppsV1().Deployments("default").Get(ctx, name, metav1.GetOptions{})
		if err == nil && d.Status.AvailableReplicas != 1 {
			err = fmt.Errorf("%d available", d.Status.AvailableReplicas)
		}
		return err
	})
}

func deployUnpullable(t *testing.T, c *Cluster) {
	create(t, c, "hangs", "example.com/app:2.0.0-unpullable")
	await(t, func(ctx context.Context) error {
		pods, err := c.Client().CoreV1().Pods("default").List(ctx, metav1.ListOptions{LabelSelector: "app=hangs"})
		if err != nil {
			return err
		}
		for _, pod := range pods.Items {
			for _, s := range pod.Status.ContainerStatuses {
				if s.State.Waiting != nil && s.State.Waiting.Reason == "ImagePullBackOff" {
					return nil
				}
			}
		}
		return fmt.Errorf("no Pod waits")
	})
}

func create(t *testing.T, c *Cluster, name, image string) {
	t.Helper()
	labels := map[string]string{"app": name}
	d := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: image}}},
			},
		},
	}
	if _, err := c.Client().AppsV1().Deployments("default").Create(t.Context(), d, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

func pushAndList(t *testing.T, c *Cluster) {
	ctx := t.Context()
	first, err := c.Push(ctx, "team/app", "1.0.0")
	if err != nil {
		t.Fatal(err)
	}
	second, err := c.Push(ctx, "team/app", "1.0.1")
	if err != nil {
		t.Fatal(err)
	}
	if first.Digest == second.Digest {
		t.Errorf("two images have the digest %s", first.Digest)
	}
	alias, err := c.Tag(ctx, "team/app", "1.0.1", "latest")
	if err != nil {
		t.Fatal(err)
	}
	want := Image{Reference: c.Registry + "/team/app:latest", Digest: second.Digest}
	if diff := cmp.Diff(want, alias); diff != "" {
		t.Errorf("second tag (-want +got):\n%s", diff)
	}
	if err := c.DeleteTag(ctx, "team/app", "1.0.0"); err != nil {
		t.Fatal(err)
	}
	tags, err := c.Tags(ctx, "team/app")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"1.0.1", "latest"}, tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
}
