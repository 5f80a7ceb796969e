package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/garboard-dev/garboard/test/installation"
)

// Replicas are replaced one after the other while writes go on, as in a rollout
// of Garboard. The API server goes on to be sent to one that has been told to
// stop, as it is until a Service's endpoints have changed everywhere: none of
// its calls may fail.
func TestRestartsLoseNoWrite(t *testing.T) {
	alone(t)
	s := newSpace(t)
	s.push("1.2.0", "1.2.7")
	s.must(s.manifest("web", "1.2.0", "garboard.dev/policy: patch", quiet), "apply", "-f", "-")
	const (
		delay    = "--shutdown-delay=5s" // as installed
		requests = "controller_runtime_webhook_requests_total"
	)
	s.only(s.start(delay), s.start(delay))

	writes := s.load(4)
	writes.atLeast(40)
	// Those that leave answer what comes by connections from before, until the writes end.
	writing, over := context.WithCancel(t.Context())
	defer over()
	var gone errgroup.Group
	served := 0 // by those that left
	for range 4 {
		fresh := s.start(delay)
		leaving, staying := s.garboard.Webhooks()[0], s.garboard.Webhooks()[1]
		if err := s.garboard.Route(leaving, staying, fresh); err != nil {
			t.Fatal(err)
		}
		served += s.metric(leaving.Metrics, requests)
		gone.Go(func() error { return leaving.Leave(writing) })
		s.await("the readiness to go", func(ctx context.Context) error { return wantUnready(ctx, leaving) })
		writes.atLeast(20) // while new connections are still sent to it
		if err := s.garboard.Route(staying, fresh); err != nil {
			t.Fatal(err)
		}
		writes.atLeast(20)
	}
	if served == 0 {
		t.Error("those that left had no connections to lose: this test sees nothing")
	}
	writes.end()
	over()
	if err := gone.Wait(); err != nil {
		t.Error(err)
	}
	s.wantTag("web", "1.2.7")
}

// wantUnready is good once the probe says that the server is leaving, and while
// it still answers.
func wantUnready(ctx context.Context, server *installation.Server) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.Health+"/readyz", nil)
	if err != nil {
		return err
	}
	client := http.Client{Timeout: 5 * time.Second}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusOK {
		return errors.New("still ready")
	}
	if response.StatusCode != http.StatusInternalServerError {
		return fmt.Errorf("status %s", response.Status)
	}
	return nil
}
