package stories

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// writeEvery is how often a writer writes.
const writeEvery = 100 * time.Millisecond

// written is the namespace that writers write to, and writtenTag what the answers have to have.
const written, writtenTag = "writes", "1.2.7"

// writer asks the API server all the time for what Garboard has to answer.
type writer struct {
	n    *node
	end  context.CancelFunc
	done sync.WaitGroup

	mu       sync.Mutex
	writes   int
	failures []string
}

// startWriter starts one that ends with stop. Dry runs are admitted as all writes are.
func (n *node) startWriter(t *testing.T) *writer {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	w := &writer{n: n, end: cancel}
	w.done.Go(func() {
		tick := time.NewTicker(writeEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				w.write(ctx)
			}
		}
	})
	return w
}

func (w *writer) write(ctx context.Context) {
	image := w.n.Registry + "/" + written + "/shop:1.2.0"
	got, err := w.n.dryRun(ctx, written, image)
	if ctx.Err() != nil {
		return // it was told to end
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writes++
	switch {
	case err != nil:
		w.failures = append(w.failures, time.Now().Format(time.StampMilli)+": "+err.Error())
	case !strings.HasSuffix(got, ":"+writtenTag):
		w.failures = append(w.failures, time.Now().Format(time.StampMilli)+": answered with "+got)
	}
}

// dryRun asks for a governed Deployment to be made, and returns the image that it would
// have.
func (n *node) dryRun(ctx context.Context, namespace, image string, edits ...func(*appsv1.Deployment)) (string, error) {
	labels := map[string]string{"app": "dry-run"}
	wanted := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "dry-run", Annotations: map[string]string{"garboard.dev/policy": "minor"}},
		Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "web", Image: image}}},
			},
		},
	}
	for _, edit := range edits {
		edit(wanted)
	}
	d, err := n.quiet.AppsV1().Deployments(namespace).Create(ctx, wanted, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	if err != nil {
		return "", err
	}
	return d.Spec.Template.Spec.Containers[0].Image, nil
}

// await waits until some writes have been made since the start.
func (w *writer) await(t *testing.T, writes int) {
	t.Helper()
	w.n.until(t, "more writes", func(context.Context) error {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.writes < writes {
			return fmt.Errorf("there were %d", w.writes)
		}
		return nil
	})
}

// stop ends the writer. No write may have failed, and there must have been some.
func (w *writer) stop(t *testing.T) {
	t.Helper()
	w.end()
	w.done.Wait()
	t.Logf("%d writes, of which %d failed", w.writes, len(w.failures))
	if len(w.failures) > 0 {
		t.Errorf("%d of %d writes failed:\n%s", len(w.failures), w.writes, strings.Join(w.failures[:min(10, len(w.failures))], "\n"))
	}
	if w.writes == 0 {
		t.Error("nothing was written")
	}
}

// awaitAnswers waits until admission answers with the newest tag, 1.2.7.
func (n *node) awaitAnswers(t *testing.T, namespace string) {
	t.Helper()
	n.until(t, "admission", func(ctx context.Context) error {
		got, err := n.dryRun(ctx, namespace, n.Registry+"/"+namespace+"/shop:1.2.0")
		if err == nil && !strings.HasSuffix(got, ":1.2.7") {
			err = fmt.Errorf("answered with %s", got)
		}
		return err
	})
}
