package registries

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/resolver/registry"
	"github.com/garboard-dev/garboard/resolver/registry/auth"
	"github.com/garboard-dev/garboard/webhook"
)

// shop is the namespace of a test that has but one.
const shop = "shop"

// admission answers as the webhook does, without an API server in front.
type admission struct {
	client   *registry.Client
	resolver *resolver.Resolver
	decider  *webhook.Decider
	// patience is how long a request may take.
	patience time.Duration
}

// own is the credentials of a workload, whatever the repository.
type own []auth.Credential

func (o own) For(context.Context, registry.Repository) ([]auth.Credential, error) { return o, nil }

// tenants are the credentials that each namespace's pull secrets hold.
type tenants map[string]own

// Of looks at the namespace alone.
func (t tenants) Of(namespace string, _ *workload.Object, _ workload.Slot, _ settings.Rule) resolver.Credentials {
	return t[namespace]
}

// newAdmission is one process in a cluster whose only namespace has the
// credentials.
func newAdmission(t *testing.T, o registry.Options, credentials ...auth.Credential) *admission {
	t.Helper()
	return newAdmissionFor(t, o, tenants{shop: credentials})
}

// newAdmissionFor wires the parts as cmd/garboard does.
func newAdmissionFor(t *testing.T, o registry.Options, namespaces tenants) *admission {
	t.Helper()
	client, err := registry.New(o)
	if err != nil {
		t.Fatal(err)
	}
	r := resolver.New(client, resolver.Options{Credentials: client.Configured(), Allows: client.Allows, Now: o.Now})
	decider, err := webhook.NewDecider(webhook.DeciderOptions{Resolver: r, Credentials: namespaces})
	if err != nil {
		t.Fatal(err)
	}
	return &admission{client, r, decider, 20 * time.Second}
}

// reachable is the options of a client that may ask the tests' registries, at
// any pace.
func reachable() registry.Options {
	return registry.Options{Private: []string{"127.0.0.1"}, Rate: 1e6, Burst: 1e6, Concurrency: 100}
}

// timed is reachable by a clock of the test's.
func timed(c *clock) registry.Options {
	o := reachable()
	o.Now, o.Jitter = c.Now, func() float64 { return 1 }
	return o
}

// create has a Deployment created with one container.
func (a *admission) create(t *testing.T, image, policy string, annotations ...string) answer {
	t.Helper()
	return a.createIn(t, shop, image, policy, annotations...)
}

// createIn may be called from many goroutines at once.
func (a *admission) createIn(t *testing.T, namespace, image, policy string, annotations ...string) answer {
	t.Helper()
	return a.decide(t, webhook.Input{Object: deployment(t, image, policy, annotations...), Namespace: workload.Namespace{Name: namespace}})
}

// govern has a running Deployment that had no policy get one.
func (a *admission) govern(t *testing.T, image, policy string) answer {
	t.Helper()
	return a.decide(t, webhook.Input{
		Object: deployment(t, image, policy), Stored: deployment(t, image, "never"), Namespace: workload.Namespace{Name: shop},
	})
}

func (a *admission) decide(t *testing.T, in webhook.Input) answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), a.patience)
	defer cancel()
	decision := a.decider.Decide(ctx, in)
	return answer{decision.Outcomes()[0].Image, decision.Warnings()}
}

// deployment has one container, and annotations as pairs of key and value.
func deployment(t *testing.T, image, policy string, annotations ...string) *workload.Object {
	t.Helper()
	text := fmt.Sprintf(`{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"shop","annotations":{"garboard.dev/policy":%q`, policy)
	for i := 0; i+1 < len(annotations); i += 2 {
		text += fmt.Sprintf(",%q:%q", annotations[i], annotations[i+1])
	}
	text += fmt.Sprintf(`}},"spec":{"template":{"spec":{"containers":[{"name":"web","image":%q}]}}}}`, image)
	return parseDeployment(t, text)
}

func parseDeployment(t *testing.T, text string) *workload.Object {
	t.Helper()
	object, err := workload.Parse(workload.StandardKinds().All()[0], []byte(text))
	if err != nil {
		t.Errorf("parsing %s: %v", text, err)
	}
	return object
}
