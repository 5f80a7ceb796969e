package auth

import (
	"context"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/garboard-dev/garboard/resolver/internal/recent"
	"github.com/garboard-dev/garboard/resolver/registry/transport"
)

// What is remembered, at most: hosts come from image references.
const (
	maxEndpoints = 4096
	maxTokens    = 16384
	forgetIdle   = time.Hour
)

// Options of an Client. All fields but Insecure must be set.
type Options struct {
	// Insecure are the hosts, with or without port, that are spoken to in plain HTTP.
	Insecure map[string]bool
	// UserAgent is the client_id of an OAuth2 exchange.
	UserAgent string
	// Timeout bounds a ping, and the exchange of a token.
	Timeout time.Duration
	// Now is the clock of tokens.
	Now func() time.Time
}

// Client sends requests over one connection, signed in as each registry wants it.
// It remembers how: the ping of each endpoint, and the tokens.
type Client struct {
	*transport.Connection
	options   Options
	endpoints *recent.Map[Address, *endpointState]
	tokens    *recent.Map[tokenKey, *tokenEntry]
}

// NewClient returns a client that has asked nothing yet.
func NewClient(connection *transport.Connection, options Options) *Client {
	return &Client{
		Connection: connection,
		options:    options,
		endpoints:  recent.New[Address, *endpointState](maxEndpoints, forgetIdle, options.Now),
		tokens:     recent.New[tokenKey, *tokenEntry](maxTokens, forgetIdle, options.Now),
	}
}

// runShared runs fn once for all callers that ask for key at the same time. It has a
// deadline of its own: a caller whose deadline passes leaves without ending it for
// the others.
func runShared[T any](ctx context.Context, c *Client, flights *singleflight.Group, key string, fn func(context.Context) (T, error)) (T, error) {
	result := flights.DoChan(key, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.options.Timeout)
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
