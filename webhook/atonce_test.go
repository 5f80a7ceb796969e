package webhook_test

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/webhook"
)

// counting is a resolver that answers none before it may.
type counting struct {
	going   atomic.Int64
	owners  atomic.Pointer[string]
	answers chan struct{}
}

func (c *counting) Resolve(_ context.Context, q resolver.Query) (resolver.Resolution, error) {
	c.going.Add(1)
	defer c.going.Add(-1)
	c.owners.Store(&q.Owner)
	<-c.answers
	return resolver.Resolution{Tag: "1.2.7"}, nil
}

// Each container that waits for a registry takes memory, and a workload may name hundreds.
func TestContainersAreResolvedAFewAtOnce(t *testing.T) {
	w := &world{t: t, host: "registry.example.com"}
	object := parse(t, w.deployment("patch", slices.Repeat([]string{"1.2.0"}, 100)...))
	synctest.Test(t, func(t *testing.T) {
		asked := &counting{answers: make(chan struct{})}
		decider, err := webhook.NewDecider(webhook.DeciderOptions{Resolver: asked})
		if err != nil {
			t.Fatal(err)
		}
		decided := make(chan *webhook.Decision)
		go func() {
			namespace := workload.NamespaceOf("on", map[string]string{"garboard.dev/enabled": "true"}, nil)
			decided <- decider.Decide(t.Context(), webhook.Input{Object: object, Namespace: namespace})
		}()
		synctest.Wait()
		if got := asked.going.Load(); got < 2 || got > 16 {
			t.Errorf("%d containers are resolved at once, want a few", got)
		}
		close(asked.answers)
		for _, o := range (<-decided).Outcomes() {
			if !strings.HasSuffix(o.Image, ":1.2.7") {
				t.Errorf("%s: %s", o.Slot.Name, o.Image)
			}
		}
		if owner := asked.owners.Load(); owner == nil || *owner != "on" {
			t.Errorf("asked for %v, want the namespace", owner)
		}
	})
}
