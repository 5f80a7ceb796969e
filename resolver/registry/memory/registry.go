// Package memory is an OCI registry inside this process, for showing and trying
// what the resolver makes of one: on loopback, over plain HTTP, without
// credentials. What is pushed to it is gone when it is closed.
package memory

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	ggcr "github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

const (
	headerTimeout = 5 * time.Second
	// layerBytes makes each push an image of its own, and no larger than it has to be.
	layerBytes = 16
)

// Registry serves from Start to Close. It is safe for concurrent use.
type Registry struct {
	listener net.Listener
	server   *http.Server
	served   chan error
}

// Start serves an empty registry on a free port of the loopback interface.
func Start(ctx context.Context) (*Registry, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("starting a registry: %w", err)
	}
	r := &Registry{
		listener: listener,
		server: &http.Server{
			Handler:           ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0))), //nolint:forbidigo // the only logger that it takes
			ReadHeaderTimeout: headerTimeout,
		},
		served: make(chan error, 1),
	}
	go func() { r.served <- r.server.Serve(listener) }()
	return r, nil
}

// Host is where the registry is, as an image reference names it: 127.0.0.1:5000.
func (r *Registry) Host() string { return r.listener.Addr().String() }

// Push pushes a small image, another one each time.
func (r *Registry) Push(ctx context.Context, repository, tag string) error {
	reference, err := name.NewTag(r.Host()+"/"+repository+":"+tag, name.StrictValidation)
	if err != nil {
		return fmt.Errorf("pushing %q: %w", repository+":"+tag, err)
	}
	image, err := random.Image(layerBytes, 1)
	if err != nil {
		return fmt.Errorf("making image %q: %w", reference, err)
	}
	if err := remote.Write(reference, image, remote.WithContext(ctx)); err != nil {
		return fmt.Errorf("pushing %q: %w", reference, err)
	}
	return nil
}

// Close ends the registry and all connections to it.
func (r *Registry) Close() error {
	err := r.server.Close()
	if served := <-r.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	if err != nil {
		return fmt.Errorf("closing the registry: %w", err)
	}
	return nil
}
