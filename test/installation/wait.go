package installation

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// refusal tells the validating webhook's own answer from that of an API server
// that cannot reach it.
const refusal = `metadata.annotations[garboard.dev/policy]: Invalid value: "nonsense"`

const (
	// pollEvery is how often a state is asked for that nothing announces, at first.
	pollEvery = 50 * time.Millisecond
	// pollAtLeast is how often it is asked for after that.
	pollAtLeast = 250 * time.Millisecond
)

func awaitReady(ctx context.Context, s *Server, log string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	ended := false
	err := Promptly(ctx, "its readiness", func(ctx context.Context) error {
		select {
		case <-s.Done():
			ended = true
			cancel() // it will not come back
			return ctx.Err()
		default:
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Health+"/readyz?verbose", nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			body, _ := io.ReadAll(response.Body)
			return fmt.Errorf("not ready: %s", body)
		}
		return nil
	})
	if ended {
		err = errors.New("it ended")
	}
	if err != nil {
		text, _ := os.ReadFile(log) // the folder may be gone after the test
		return fmt.Errorf("starting %s: %w; its log:\n%s", filepath.Base(log), err, text)
	}
	return nil
}

// Until polls a check until it is good or the context ends; the error is then
// the check's last that was not the context's own. It asks less often the longer it waits,
// and the longer a check takes: many tests wait at a time, some of them by a program.
func Until(ctx context.Context, what string, check func(context.Context) error) error {
	began := time.Now()
	return until(ctx, what, check, func(took time.Duration) time.Duration {
		return max(pollEvery, min(time.Since(began)/20, pollAtLeast), 3*took)
	})
}

// Promptly is Until for what is measured: it asks as often as at first.
func Promptly(ctx context.Context, what string, check func(context.Context) error) error {
	return until(ctx, what, check, func(time.Duration) time.Duration { return pollEvery })
}

// until is Until with a period, which is told how long the last check took.
func until(ctx context.Context, what string, check func(context.Context) error, period func(took time.Duration) time.Duration) error {
	var err error
	for {
		asked := time.Now()
		now := check(ctx)
		if now == nil {
			return nil
		}
		if err == nil || ctx.Err() == nil {
			err = now
		}
		took := time.Since(asked)
		select {
		case <-time.After(period(took) - took):
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", what, err)
		}
	}
}

// awaitAdmission waits until the API server's cache has both webhook
// configurations, with the CA that the cainjector wrote, and the opt-in label
// of a namespace.
func (i *Installation) awaitAdmission(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	const probe = "garboard-probe"
	core := i.Cluster.Client().CoreV1()
	optedIn := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: probe, Labels: map[string]string{"garboard.dev/enabled": "true"}}}
	if _, err := core.Namespaces().Create(ctx, optedIn, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	// A bad setting is refused by the validating webhook, which is asked after the
	// mutating one has answered.
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "probe", Annotations: map[string]string{"garboard.dev/policy": "nonsense"}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "example.com/app:1.0.0"}}},
	}
	err := Promptly(ctx, "admission", func(ctx context.Context) error {
		_, err := core.Pods(probe).Create(ctx, pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		if err == nil {
			return errors.New("a bad policy was admitted")
		}
		if !strings.Contains(err.Error(), refusal) {
			return err
		}
		return nil
	})
	if err != nil {
		return err
	}
	return core.Namespaces().Delete(ctx, probe, metav1.DeleteOptions{})
}
