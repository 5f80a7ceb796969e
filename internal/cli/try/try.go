// Package try tells what Garboard does in one process and within seconds: the
// webhooks answer admission.k8s.io/v1 requests over HTTP, and the resolver asks a
// registry on loopback. What a cluster does beside (API server, kubectl, the
// updater's poll) is played, as far as the story needs it.
package try

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/resolver/registry"
	"github.com/garboard-dev/garboard/resolver/registry/memory"
)

// Run tells the story, and writes each step with what was answered. The error is
// that of the first step that does not hold, or the context's.
func Run(ctx context.Context, out io.Writer) (err error) {
	images, err := memory.Start(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, images.Close()) }()
	asks, err := newResolver(images.Host())
	if err != nil {
		return err
	}
	hooks, err := serveWebhooks(ctx, asks)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, hooks.close()) }()
	// The updater is a process of its own, with an index of its own.
	polls, err := newResolver(images.Host())
	if err != nil {
		return err
	}
	api := &apiServer{hooks: hooks}
	s := &story{
		page: newPage(out), registry: images, api: api,
		client: newClient(api, images.Host()), updater: &updater{resolver: polls, api: api},
	}
	return s.tell(ctx)
}

// newResolver returns a resolver that may ask the registry on loopback.
func newResolver(host string) (*resolver.Resolver, error) {
	client, err := registry.New(registry.Options{Insecure: []string{host}, Private: []string{host}, UserAgent: "garboard"})
	if err != nil {
		return nil, fmt.Errorf("making a registry client: %w", err)
	}
	return resolver.New(client, resolver.Options{Allows: client.Allows}), nil
}

// optedIn is a namespace as a person has labelled it.
func optedIn(name string) workload.Namespace {
	return workload.NamespaceOf(name, map[string]string{workload.LabelEnabled: "true"}, nil)
}
