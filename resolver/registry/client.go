package registry

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/keelson-dev/keelson/resolver/internal/recent"
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
	http     *http.Client
	traffic  *traffic

	flights singleflight.Group
	sites   *recent.Map[string, *site]
	tokens  *recent.Map[tokenKey, *slot]
}

// New builds a Client. The error names every bad entry of the host lists.
func New(options Options) (*Client, error) {
	return newClient(options, nil)
}

// newClient takes the DNS resolver, which a test replaces; nil is the system's.
func newClient(options Options, dns *net.Resolver) (*Client, error) {
	options = options.withDefaults()
	insecure, insecureErr := hostSet(options.Insecure)
	guard, guardErr := newGuard(options.Private)
	if err := errors.Join(insecureErr, guardErr); err != nil {
		return nil, err
	}
	traffic := newTraffic(options)
	return &Client{
		options:  options,
		insecure: insecure,
		http:     newHTTPClient(options, guard, traffic, dns),
		traffic:  traffic,
		sites:    recent.New[string, *site](maxHosts, forgetIdle, options.Now),
		tokens:   recent.New[tokenKey, *slot](maxTokens, forgetIdle, options.Now),
	}, nil
}

// Tags lists a canonical repository (host/path). The list is whole or an error:
// every page was read, and each page was what the specification says. Tags
// outside the specification's grammar and duplicates are dropped; the order is
// the registry's. An empty list is no error. The error is always an *Error.
func (c *Client) Tags(ctx context.Context, repository string, credential Credential) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, c.options.Timeout)
	defer cancel()

	s, err := c.session(ctx, repository, credential)
	if err != nil {
		return nil, classify(err).of(repository)
	}
	tags, err := s.tags(ctx)
	if err != nil {
		return nil, classify(err).of(repository)
	}
	return tags, nil
}

// Digest reads what a tag points at: the index where there is one, else the
// image manifest. It costs one HEAD, which no registry counts as a pull, and a
// GET where the answer to that has no digest. The error is always an *Error.
func (c *Client) Digest(ctx context.Context, repository, tag string, credential Credential) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, c.options.Timeout)
	defer cancel()

	s, err := c.session(ctx, repository, credential)
	if err != nil {
		return "", classify(err).of(repository)
	}
	digest, err := s.digest(ctx, tag)
	if err != nil {
		return "", classify(err).of(repository)
	}
	return digest, nil
}

// shared runs fn once for all who ask for key at the same time. It runs on its
// own time: a caller whose deadline passes leaves, and takes nobody along.
func shared[T any](ctx context.Context, c *Client, key string, fn func(context.Context) (T, error)) (T, error) {
	result := c.flights.DoChan(key, func() (any, error) {
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

// failure is statusError with the pause that the host asked for.
func (c *Client) failure(resp *http.Response) *Error {
	failed := statusError(resp)
	failed.RetryAfter = c.traffic.paused(resp.Request.URL.Host)
	return failed
}
