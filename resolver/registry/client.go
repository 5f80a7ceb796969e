package registry

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/garboard-dev/garboard/resolver/registry/document"
	"github.com/garboard-dev/garboard/resolver/registry/failure"
)

// What is remembered of registries, at most: hosts come from image references.
const (
	maxHosts   = 4096
	maxTokens  = 16384
	forgetIdle = time.Hour
)

// Client reads from registries. It is safe for concurrent use, and one is
// enough for a process: pings, tokens, pauses and connections are shared.
type Client struct {
	options  Options
	insecure map[string]bool
	guard    *guard
	dns      *net.Resolver
	traffic  *traffic
	large    chan struct{} // one for each long list that is being read

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
	guard, guardErr := newGuard(options.Private)
	c := &Client{options: options, insecure: insecure, guard: guard, dns: dns, large: make(chan struct{}, largeLists)}
	c.traffic = newTraffic(options, c.pace)
	if err := errors.Join(insecureErr, guardErr, c.Reconfigure(options.Config)); err != nil {
		return nil, err
	}
	return c, nil
}

// Tags lists a canonical repository (host/path). The list is whole or an error:
// every page was read, and each page was what the specification says. Tags
// outside the specification's grammar and duplicates are dropped; the order is
// the registry's. An empty list is no error. The error is always an *Error.
func (c *Client) Tags(ctx context.Context, repository Repository, credential Credential) ([]string, error) {
	return read(ctx, c, repository, credential, func(ctx context.Context, s *session) ([]string, error) {
		return s.tags(ctx)
	})
}

// Digest reads what a tag points at: the index where there is one, else the
// image manifest. It costs one HEAD, which no registry counts as a pull, and a
// GET where the answer to that has no digest. The error is always an *Error.
func (c *Client) Digest(ctx context.Context, repository Repository, tag string, credential Credential) (string, error) {
	if !document.ValidTag(tag) {
		return "", (&Error{Kind: Refused, Err: failure.Bad("%q is not a valid tag", tag)}).Of(repository.String())
	}
	return read(ctx, c, repository, credential, func(ctx context.Context, s *session) (string, error) {
		return s.digest(ctx, tag)
	})
}

// Limit is what a registry last said of its own rate limit: how many requests
// remain, and of how many; limit is 0 where it did not say. It is not known of
// a registry that says nothing, or that was not asked for six hours. The host
// is that of an image reference; docker.io is Docker Hub.
func (c *Client) Limit(host string) (remaining, limit int64, known bool) {
	said := c.traffic.limit(endpointOf(host))
	return said.remaining, said.limit, said.known
}

// shared runs fn once for all who ask for key at the same time. It runs on its
// own time: a caller whose deadline passes leaves, and takes nobody along.
func shared[T any](ctx context.Context, c *Client, flights *singleflight.Group, key string, fn func(context.Context) (T, error)) (T, error) {
	result := flights.DoChan(key, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.options.HandshakeTimeout)
		defer cancel()
		return fn(ctx)
	})
	var none T
	select {
	case <-ctx.Done():
		return none, ctx.Err()
	case done := <-result:
		if done.Err != nil {
			return none, done.Err
		}
		return done.Val.(T), nil
	}
}

// failure is failure.OfAnswer with the pause that the host asked for.
func (c *Client) failure(resp *http.Response) *Error {
	failed := statusError(resp)
	failed.RetryAfter = c.traffic.paused(resp.Request.URL.Host)
	return failed
}
