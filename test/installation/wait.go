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

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// refusal tells the validating webhook's own answer from that of an API server
// that cannot reach it.
const refusal = `metadata.annotations[garboard.dev/policy]: Invalid value: "nonsense"`

// pollEvery is how often a state is asked for that nothing announces.
const pollEvery = 50 * time.Millisecond

func awaitReady(ctx context.Context, s *Server, log string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	ended := false
	err := Until(ctx, "its readiness", func(ctx context.Context) error {
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
// the check's last that was not the context's own.
func Until(ctx context.Context, what string, check func(context.Context) error) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	var err error
	for {
		now := check(ctx)
		if now == nil {
			return nil
		}
		if err == nil || ctx.Err() == nil {
			err = now
		}
		select {
		case <-tick.C:
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
	_, _, err := i.Cluster.Kubectl(ctx, `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"`+probe+`","labels":{"garboard.dev/enabled":"true"}}}`,
		"apply", "-f", "-")
	if err != nil {
		return err
	}
	err = Until(ctx, "admission", func(ctx context.Context) error {
		// A bad setting is refused by the validating webhook, which is asked
		// after the mutating one has answered.
		pod := `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"probe","annotations":{"garboard.dev/policy":"nonsense"}},` +
			`"spec":{"containers":[{"name":"c","image":"example.com/app:1.0.0"}]}}`
		if _, _, err = i.Cluster.Kubectl(ctx, pod, "-n", probe, "create", "--dry-run=server", "-f", "-"); err == nil {
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
	return i.Cluster.Client().CoreV1().Namespaces().Delete(ctx, probe, metav1.DeleteOptions{})
}
