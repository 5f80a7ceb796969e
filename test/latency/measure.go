package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	appsv1client "k8s.io/client-go/kubernetes/typed/apps/v1"
	toolscache "k8s.io/client-go/tools/cache"
	"k8s.io/utils/ptr"

	"github.com/garboard-dev/garboard/test/cluster"
	"github.com/garboard-dev/garboard/test/installation"
)

// The workloads stand in both: Garboard follows them in the first, and has nothing to
// do with what is done by hand in the second.
const (
	followed = "followed"
	byHand   = "by-hand"
)

// measurement is a cluster with the workloads that are measured.
type measurement struct {
	options
	cluster  *cluster.Cluster
	receiver string

	mu      sync.Mutex
	seen    map[string]sight // by Deployment
	changed chan struct{}    // closed at each sight, and made anew
}

// sight is the image of a Deployment, and when it was seen first.
type sight struct {
	image string
	at    time.Time
}

func name(n int) string { return fmt.Sprintf("web-%d", n) }

func repository(n int) string { return fmt.Sprintf("latency/web-%d", n) }

// used is the repository that a workload uses.
func (m *measurement) used(n int) string { return repository(n / m.each) }

func (m *measurement) image(n int, tag string) string {
	return m.cluster.Registry + "/" + m.used(n) + ":" + tag
}

func (m *measurement) deployments(namespace string) appsv1client.DeploymentInterface {
	return m.cluster.Client().AppsV1().Deployments(namespace)
}

// create makes the Deployments, without Pods.
func (m *measurement) create(ctx context.Context) error {
	for namespace, labels := range map[string]map[string]string{followed: {"garboard.dev/enabled": "true"}, byHand: nil} {
		object := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace, Labels: labels}}
		if _, err := m.cluster.Client().CoreV1().Namespaces().Create(ctx, object, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(4)
	for n := range m.workloads {
		all.Go(func() error {
			if _, err := m.cluster.Push(ctx, m.used(n), "1.0.0"); err != nil {
				return err
			}
			for _, namespace := range []string{followed, byHand} {
				if _, err := m.deployments(namespace).Create(ctx, m.deployment(n), metav1.CreateOptions{}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return all.Wait()
}

func (m *measurement) deployment(n int) *appsv1.Deployment {
	labels := map[string]string{"app": name(n)}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name(n), Annotations: map[string]string{"garboard.dev/policy": "minor", "garboard.dev/trigger": "push"}},
		Spec: appsv1.DeploymentSpec{
			Replicas: ptr.To(int32(0)), Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "web", Image: m.image(n, "1.0.0")}}},
			},
		},
	}
}

// watch notes when each image is there for all to see.
func (m *measurement) watch(ctx context.Context) error {
	factory := informers.NewSharedInformerFactory(m.cluster.Client(), 0)
	note := func(object any) {
		d, ok := object.(*appsv1.Deployment)
		if !ok || d.Namespace != followed && d.Namespace != byHand {
			return
		}
		key := d.Namespace + "/" + d.Name
		m.mu.Lock()
		defer m.mu.Unlock()
		if image := d.Spec.Template.Spec.Containers[0].Image; m.seen[key].image != image {
			m.seen[key] = sight{image, time.Now()}
			close(m.changed)
			m.changed = make(chan struct{})
		}
	}
	informer := factory.Apps().V1().Deployments().Informer()
	if _, err := informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{AddFunc: note, UpdateFunc: func(_, after any) { note(after) }}); err != nil {
		return err
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	return ctx.Err()
}

// await returns when a Deployment was seen to name an image.
func (m *measurement) await(ctx context.Context, namespace string, n int, image string) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, m.limit)
	defer cancel()
	for {
		m.mu.Lock()
		now, changed := m.seen[namespace+"/"+name(n)], m.changed
		m.mu.Unlock()
		if now.image == image {
			return now.at, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return time.Time{}, fmt.Errorf("waiting for %s to name %s: it names %s: %w", name(n), image, now.image, ctx.Err())
		}
	}
}

// timed pushes a tag, does what follows, and returns how long it was from the push
// to the spec.
func (m *measurement) timed(ctx context.Context, w *way, n int, tag string) (time.Duration, error) {
	if _, err := m.cluster.Push(ctx, m.used(n), tag); err != nil {
		return 0, err
	}
	began := time.Now()
	if err := w.follow(ctx, n, tag); err != nil {
		return 0, err
	}
	at, err := m.await(ctx, w.namespace, n, m.image(n, tag))
	return at.Sub(began), err
}

// setImage is the loop's body as people write it, patch its request alone.
func (m *measurement) setImage(ctx context.Context, n int, tag string) error {
	_, _, err := m.cluster.Kubectl(ctx, "", "-n", byHand, "set", "image", "deployment/"+name(n), "web="+m.image(n, tag))
	return err
}

func (m *measurement) patch(ctx context.Context, n int, tag string) error {
	patch := fmt.Sprintf(`{"spec":{"template":{"spec":{"containers":[{"name":"web","image":%q}]}}}}`, m.image(n, tag))
	_, err := m.deployments(byHand).Patch(ctx, name(n), types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{FieldManager: "kubectl-set"})
	return err
}

// notify tells Garboard, as a registry does.
func (m *measurement) notify(ctx context.Context, n int, tag string) error {
	body, err := json.Marshal(map[string]string{"name": m.cluster.Registry + "/" + m.used(n), "tag": tag})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, m.receiver, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("telling of a push: %s", response.Status)
	}
	return nil
}

// compare measures the three ways. The first ones take turns, so that all see the
// same load; polls come last, since they would see the pushes of the others.
func (m *measurement) compare(ctx context.Context) error {
	ways := make([]*way, 0, 4)
	ways = append(ways,
		&way{name: "`kubectl set image` by hand", namespace: byHand, follow: m.setImage},
		&way{name: "its patch alone", namespace: byHand, follow: m.patch},
		&way{name: "push notification", namespace: followed, follow: m.notify},
	)
	for n := range m.workloads {
		for i, w := range ways {
			took, err := m.timed(ctx, w, n, fmt.Sprintf("1.%d.0", i+1))
			if err != nil {
				return fmt.Errorf("%s: %w", w.name, err)
			}
			w.took = append(w.took, took)
		}
	}
	polls := &way{name: fmt.Sprintf("polls each %s", m.interval)}
	if err := m.poll(ctx); err != nil {
		return err
	}
	var took []time.Duration
	var mu sync.Mutex
	all, ctx := errgroup.WithContext(ctx)
	for n := range m.workloads {
		if _, err := m.cluster.Push(ctx, repository(n), "1.9.0"); err != nil {
			return err
		}
		began := time.Now()
		all.Go(func() error {
			at, err := m.await(ctx, followed, n, m.image(n, "1.9.0"))
			mu.Lock()
			defer mu.Unlock()
			took = append(took, at.Sub(began))
			return err
		})
	}
	if err := all.Wait(); err != nil {
		return fmt.Errorf("%s: %w", polls.name, err)
	}
	polls.took = took
	ways = append(ways, polls)
	report(m, ways)
	return nil
}

// poll has all workloads polled from here on, and returns when they are.
func (m *measurement) poll(ctx context.Context) error {
	patch := fmt.Sprintf(`{"metadata":{"annotations":{"garboard.dev/trigger":"poll","garboard.dev/pollSchedule":"@every %s"}}}`, m.interval)
	for n := range m.workloads {
		if _, err := m.deployments(followed).Patch(ctx, name(n), types.MergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
			return err
		}
	}
	if _, err := m.cluster.Push(ctx, repository(m.workloads-1), "1.8.0"); err != nil {
		return err
	}
	return installation.Until(ctx, "the polls to begin", func(ctx context.Context) error {
		_, err := m.await(ctx, followed, m.workloads-1, m.image(m.workloads-1, "1.8.0"))
		return err
	})
}

// way is one of those that are compared.
type way struct {
	name, namespace string
	follow          func(context.Context, int, string) error
	took            []time.Duration
}

// at is a percentile; they are sorted by then.
func (w *way) at(percent int) time.Duration {
	return w.took[min(len(w.took)*percent/100, len(w.took)-1)]
}

// report prints what was measured, as docs/updater.md has it.
func report(m *measurement, ways []*way) {
	var table strings.Builder
	fmt.Fprintf(&table, "\nFrom the push of an image to the spec, %d workloads:\n\n| by | p50 | p95 |\n|---|---|---|\n", m.workloads)
	for _, w := range ways {
		slices.Sort(w.took)
		fmt.Fprintf(&table, "| %s | %d ms | %d ms |\n", w.name, w.at(50).Milliseconds(), w.at(95).Milliseconds())
	}
	more := ways[2].at(50) - ways[1].at(50)
	fmt.Fprintf(&table, "\nA push notification takes %d ms more than the patch alone, at p50\n", more.Milliseconds())
	fmt.Print(table.String())
}
