package registry

import (
	"context"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/garboard-dev/garboard/resolver/internal/recent"
)

// What is remembered, at most: hosts come from image references.
const (
	maxEndpoints = 4096
	maxTokens    = 16384
	forgetIdle   = time.Hour
)

// authOptions of an authClient. All fields but Insecure must be set.
type authOptions struct {
	// Insecure are the hosts, with or without port, that are spoken to in plain HTTP.
	Insecure map[string]bool
	// UserAgent is the client_id of an OAuth2 exchange.
	UserAgent string
	// Timeout bounds a ping, and the exchange of a token.
	Timeout time.Duration
	// Now is the clock of tokens.
	Now func() time.Time
}

// authClient sends requests over one connection, signed in as each registry wants it.
// It remembers how: the ping of each endpoint, and the tokens.
type authClient struct {
	*connection
	options   authOptions
	endpoints *recent.Map[address, *endpointState]
	tokens    *recent.Map[tokenKey, *tokenEntry]
}

// newAuthClient returns a client that has asked nothing yet.
func newAuthClient(connection *connection, options authOptions) *authClient {
	return &authClient{
		connection: connection,
		options:    options,
		endpoints:  recent.New[address, *endpointState](maxEndpoints, forgetIdle, options.Now),
		tokens:     recent.New[tokenKey, *tokenEntry](maxTokens, forgetIdle, options.Now),
	}
}

// shared runs fn once for all callers that ask for key at the same time. It has a
// deadline of its own: a caller whose deadline passes leaves without ending it for
// the others.
func shared[T any](ctx context.Context, c *authClient, flights *singleflight.Group, key string, fn func(context.Context) (T, error)) (T, error) {
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
