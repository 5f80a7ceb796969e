package registry

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"

	"github.com/garboard-dev/garboard/resolver/registry/auth"
	"github.com/garboard-dev/garboard/resolver/registry/document"
	"github.com/garboard-dev/garboard/resolver/registry/failure"
	"github.com/garboard-dev/garboard/resolver/registry/transport"
)

// Client reads from registries. It is safe for concurrent use, and one is
// enough for a process: pings, tokens, pauses and connections are shared.
type Client struct {
	options  Options
	insecure map[string]bool
	network  *transport.Network
	turns    *turns

	settings      atomic.Pointer[settings]
	reconfiguring sync.Mutex
}

// New builds a Client. The error names every bad entry of the host lists and
// of the settings.
func New(options Options) (*Client, error) {
	return newClient(options, nil)
}

// newClient takes the DNS resolver, which a test replaces; nil is the system's.
func newClient(options Options, dns *net.Resolver) (*Client, error) {
	options = options.withDefaults()
	insecure, insecureErr := hostSet(options.Insecure)
	c := &Client{options: options, insecure: insecure, turns: newTurns()}
	var networkErr error
	c.network, networkErr = transport.NewNetwork(transport.Options{
		Private: options.Private, RootCAs: options.RootCAs, UserAgent: options.UserAgent,
		ConnectTimeout: options.ConnectTimeout, TLSTimeout: options.TLSTimeout,
		HeaderTimeout: options.HeaderTimeout, BodyTimeout: options.BodyTimeout,
		Resolver: dns, Pace: c.pace,
		Metrics: options.Metrics, Trace: options.Trace, Span: options.Span,
		Now: options.Now, Jitter: options.Jitter,
	})
	if err := errors.Join(insecureErr, networkErr, checkEndpoints(options.Config)); err != nil {
		return nil, err
	}
	if err := c.Reconfigure(options.Config); err != nil {
		return nil, err
	}
	return c, nil
}

// Tags lists a canonical repository (host/path). The list is whole or an error:
// every page was read, and each page was what the specification says. Tags
// outside the specification's grammar and duplicates are dropped; the order is
// the registry's. An empty list is no error. The error is always an *Error.
func (c *Client) Tags(ctx context.Context, repository Repository, credential Credential) ([]string, error) {
	return readEndpoints(ctx, c, repository, credential, func(ctx context.Context, s *session) ([]string, error) {
		return s.tags(ctx)
	})
}

// Digest reads what a tag points at: the index where there is one, else the
// image manifest. It costs one HEAD, which no registry counts as a pull, and a
// GET where the answer to that has no digest. The error is always an *Error.
func (c *Client) Digest(ctx context.Context, repository Repository, tag string, credential Credential) (string, error) {
	if !document.ValidTag(tag) {
		return "", (&Error{Kind: Blocked, Err: failure.Bad("%q is not a valid tag", tag)}).Of(repository.String())
	}
	return readEndpoints(ctx, c, repository, credential, func(ctx context.Context, s *session) (string, error) {
		return s.digest(ctx, tag)
	})
}

// Limit is what a registry last said of its own rate limit: how many requests
// remain, and of how many; limit is 0 where it did not say. It is not known of
// a registry that says nothing, or that was not asked for six hours. The host
// is that of an image reference; docker.io is Docker Hub.
func (c *Client) Limit(host string) (remaining, limit int64, known bool) {
	return c.network.Limit(endpointOf(host))
}

// Mirrored reports whether the settings name mirrors of a repository, which are asked before
// the registry itself, and not with the caller's credential.
func (c *Client) Mirrored(repository Repository) bool {
	return len(c.settings.Load().route(repository).mirrors) > 0
}

// connect makes the client for the endpoints with the same settings.
func (c *Client) connect(settings transport.Settings) *auth.Client {
	return auth.NewClient(c.network.Connect(settings), auth.Options{
		Insecure: c.insecure, UserAgent: c.options.UserAgent, Timeout: c.options.HandshakeTimeout, Now: c.options.Now,
	})
}
