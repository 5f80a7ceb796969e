package stories

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// team is a namespace that has opted in, with a Deployment and a Service of one name.
type team struct {
	*node
	t    *testing.T
	name string
}

// newTeam makes a namespace that is a story's own.
func (n *node) newTeam(t *testing.T, name string) *team {
	t.Helper()
	n.kubectl(t, "create namespace "+name)
	n.kubectl(t, "label namespace "+name+" garboard.dev/enabled=true")
	return &team{node: n, t: t, name: name}
}

func (m *team) repository() string { return m.name + "/shop" }

func (m *team) image(tag string) string { return m.Registry + "/" + m.repository() + ":" + tag }

// manifest is the Deployment as it is kept in Git, with some annotations, and its Service.
func (m *team) manifest(annotations ...string) string {
	return fmt.Sprintf(`
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
  namespace: %[1]s
  annotations: {%[3]s}
spec:
  replicas: 1
  progressDeadlineSeconds: 20
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      terminationGracePeriodSeconds: 5
      containers:
      - name: web
        image: %[2]s
        readinessProbe: {httpGet: {port: 8080}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: shop, namespace: %[1]s}
spec:
  selector: {app: shop}
  ports: [{port: 80, targetPort: 8080}]
`, m.name, m.image("1.2.0"), strings.Join(annotations, ", "))
}

const (
	governed    = `garboard.dev/policy: minor`
	polledOften = `garboard.dev/pollSchedule: "@every 3s"`
	takesBack   = `garboard.dev/rollback: auto`
)

func (m *team) deployment(ctx context.Context) (*appsv1.Deployment, error) {
	return m.Client().AppsV1().Deployments(m.name).Get(ctx, "shop", metav1.GetOptions{})
}

// awaitRun waits until the Deployment has rolled to a tag, and the Service's answer is a
// version.
func (m *team) awaitRun(tag, version string) {
	m.t.Helper()
	m.until(m.t, m.name+" to run "+tag, func(ctx context.Context) error {
		d, err := m.deployment(ctx)
		if err != nil {
			return err
		}
		if image := d.Spec.Template.Spec.Containers[0].Image; image != m.image(tag) {
			return fmt.Errorf("the image is %s", image)
		}
		if d.Status.ObservedGeneration != d.Generation || d.Status.UpdatedReplicas != 1 || d.Status.Replicas != 1 || d.Status.AvailableReplicas != 1 {
			return fmt.Errorf("it is rolling: %+v; %s", d.Status, m.waiting(ctx))
		}
		answer, err := m.ask(ctx)
		if err == nil && answer != version {
			err = fmt.Errorf("it answers %q", answer)
		}
		return err
	})
}

// ask asks the Service, as kube-proxy leads there.
func (m *team) ask(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	service, err := m.Client().CoreV1().Services(m.name).Get(ctx, "shop", metav1.GetOptions{})
	if err != nil {
		return "", err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+service.Spec.ClusterIP, http.NoBody)
	if err != nil {
		return "", err
	}
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return strings.TrimSpace(string(text)), err
}

// waiting says what the kubelet says of Pods that wait.
func (m *team) waiting(ctx context.Context) string {
	statuses, err := m.containers(ctx)
	if err != nil {
		return err.Error()
	}
	var all []string
	for _, c := range statuses {
		if c.State.Waiting != nil {
			all = append(all, c.Image+": "+c.State.Waiting.Reason)
		}
	}
	return strings.Join(all, ", ")
}

func (m *team) containers(ctx context.Context) ([]corev1.ContainerStatus, error) {
	pods, err := m.Client().CoreV1().Pods(m.name).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	var all []corev1.ContainerStatus
	for i := range pods.Items {
		all = append(all, pods.Items[i].Status.ContainerStatuses...)
	}
	return all, nil
}

// A Deployment in a namespace that has opted in is answered by the webhook in its Pod, and
// a tag that is pushed is pulled and runs.
func (n *node) pushedAndPulled(t *testing.T) {
	m := n.newTeam(t, "pushed")
	must(t, m.release(t.Context(), m.repository(), "1.2.0", "1.2.7"))
	n.apply(t, m.manifest(governed, polledOften))
	m.awaitRun("1.2.7", "1.2.7")
	must(t, m.release(t.Context(), m.repository(), "1.3.0"))
	m.awaitRun("1.3.0", "1.3.0")
	n.apply(t, m.manifest(governed, polledOften))
	m.awaitRun("1.3.0", "1.3.0")
}

// An image that no kubelet can pull fails the rollout, and is taken back and held; what
// ran before answers all the while.
func (n *node) takenBack(t *testing.T) {
	m := n.newTeam(t, "broken")
	must(t, m.release(t.Context(), m.repository(), "1.2.0"))
	n.apply(t, m.manifest(governed, polledOften, takesBack))
	m.awaitRun("1.2.0", "1.2.0")
	must(t, m.releaseBroken(t.Context(), m.repository(), "1.3.0"))
	n.until(t, "the kubelet to fail with 1.3.0", func(ctx context.Context) error {
		statuses, err := m.containers(ctx)
		if err != nil {
			return err
		}
		fails := slices.ContainsFunc(statuses, func(c corev1.ContainerStatus) bool {
			return c.Image == m.image("1.3.0") && c.State.Waiting != nil && slices.Contains([]string{"ErrImagePull", "ImagePullBackOff"}, c.State.Waiting.Reason)
		})
		if !fails {
			return fmt.Errorf("the containers are %+v", statuses)
		}
		return nil
	})
	if answer, err := m.ask(t.Context()); err != nil || answer != "1.2.0" {
		t.Errorf("while the rollout hangs, the Service answers %q: %v", answer, err)
	}
	m.awaitRun("1.2.0", "1.2.0")
	n.apply(t, m.manifest(governed, polledOften, takesBack))
	m.awaitRun("1.2.0", "1.2.0")
	must(t, m.release(t.Context(), m.repository(), "1.3.1"))
	m.awaitRun("1.3.1", "1.3.1")
}

// The runtime tells the image of a container by any tag of its digest. What Garboard
// shows and does goes by what the workload says.
func (n *node) otherTags(t *testing.T) {
	m := n.newTeam(t, "tags")
	image, err := m.appImage("any", nil)
	must(t, err)
	must(t, m.push(t.Context(), image, m.repository(), "1.2.0", "stable", "edge"))
	n.apply(t, m.manifest(governed, polledOften, takesBack))
	m.awaitRun("1.2.0", "any")
	must(t, m.push(t.Context(), image, m.repository(), "1.3.0"))
	m.awaitRun("1.3.0", "any")
	statuses, err := m.containers(t.Context())
	must(t, err)
	for _, c := range statuses {
		t.Logf("the workload has %s; the runtime calls it %s, of %s", m.image("1.3.0"), c.Image, c.ImageID)
	}
	d, err := m.deployment(t.Context())
	must(t, err)
	// A push that moves it once more proves that the polls between have left it alone.
	must(t, m.push(t.Context(), image, m.repository(), "1.4.0"))
	m.awaitRun("1.4.0", "any")
	after, err := m.deployment(t.Context())
	must(t, err)
	if moved := after.Generation - d.Generation; moved != 1 {
		t.Errorf("one push has changed the Deployment %d times", moved)
	}
	status := n.garboard(t, "status -n "+m.name)
	if !strings.Contains(status, "1.4.0") || strings.Contains(status, "stable") || strings.Contains(status, "edge") {
		t.Errorf("garboard status shows another tag than the workload's:\n%s", status)
	}
	if history := n.garboard(t, "history deployment/shop -n "+m.name); !strings.Contains(history, "1.4.0") {
		t.Errorf("garboard history:\n%s", history)
	}
}

// errNoAnswer is for what has not been seen yet.
var errNoAnswer = errors.New("nothing is there yet")
