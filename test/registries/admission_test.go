package registries

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/keelson-dev/keelson/internal/workload"
	"github.com/keelson-dev/keelson/resolver"
	"github.com/keelson-dev/keelson/resolver/registry"
	"github.com/keelson-dev/keelson/webhook"
)

// admission answers as the webhook does, without an API server in front.
type admission struct {
	client   *registry.Client
	resolver *resolver.Resolver
	decider  *webhook.Decider
	// patience is how long a request may take.
	patience time.Duration
}

// held are the credentials of namespaces, as their pull secrets would be.
type held map[string][]registry.Credential

func (h held) Of(namespace string, _ *workload.Object, _ workload.Rule) resolver.Credentials {
	return some(h[namespace])
}

// some are credentials, whatever the repository.
type some []registry.Credential

func (s some) For(context.Context, string) ([]registry.Credential, error) {
	return slices.Clone(s), nil
}

// newAdmission gives the namespace shop the credentials.
func newAdmission(t *testing.T, o registry.Options, credentials ...registry.Credential) *admission {
	t.Helper()
	return admissionOf(t, o, resolver.Options{}, held{"shop": credentials})
}

func admissionOf(t *testing.T, o registry.Options, answers resolver.Options, credentials held) *admission {
	t.Helper()
	client, err := registry.New(o)
	if err != nil {
		t.Fatal(err)
	}
	answers.Allows, answers.Credentials = client.Allows, client.Configured()
	r := resolver.New(client, answers)
	decider, err := webhook.NewDecider(webhook.DeciderOptions{Resolver: r, Credentials: credentials})
	if err != nil {
		t.Fatal(err)
	}
	return &admission{client, r, decider, 30 * time.Second}
}

// reachable is the options of a client that may ask the tests' registries, at
// any pace.
func reachable() registry.Options {
	return registry.Options{Private: []string{"127.0.0.1"}, Rate: 1e6, Burst: 1e6, Concurrency: 100}
}

// create has a Deployment created with one container, and returns the image
// that is stored and the warnings.
func (a *admission) create(t *testing.T, image, policy string, annotations ...string) (stored string, warnings []string) {
	t.Helper()
	return a.createIn(t, "shop", image, policy, annotations...)
}

func (a *admission) createIn(t *testing.T, namespace, image, policy string, annotations ...string) (stored string, warnings []string) {
	t.Helper()
	text := fmt.Sprintf(`{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"shop","annotations":{"keelson.dev/policy":%q`, policy)
	for i := 0; i+1 < len(annotations); i += 2 {
		text += fmt.Sprintf(",%q:%q", annotations[i], annotations[i+1])
	}
	text += fmt.Sprintf(`}},"spec":{"template":{"spec":{"containers":[{"name":"web","image":%q}]}}}}`, image)
	object, err := workload.Parse(workload.Kinds()[0], []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), a.patience)
	defer cancel()
	decision := a.decider.Decide(ctx, webhook.Input{Object: object, Namespace: workload.Namespace{Name: namespace}})
	return decision.Outcomes()[0].Image, decision.Warnings()
}
