package transport

import (
	"context"
	"crypto/x509"
	"net"
	"net/http"
	"time"

	"github.com/garboard-dev/garboard/resolver/registry/failure"
)

// Options are what all connections have in common. All fields but Private,
// RootCAs, Resolver, Metrics, Trace and Span must be set.
type Options struct {
	// Private are the hosts whose addresses may be private; see registry.Options.
	Private []string
	// RootCAs verify registries. The default is the system's.
	RootCAs *x509.CertPool
	// UserAgent names the program in each request.
	UserAgent string
	// ConnectTimeout and TLSTimeout bound the making of a connection,
	// HeaderTimeout the wait for the answer's first byte, BodyTimeout each
	// 10 KiB of a body.
	ConnectTimeout, TLSTimeout, HeaderTimeout, BodyTimeout time.Duration
	// Resolver looks names up. The default is the system's.
	Resolver *net.Resolver
	// Pace is how fast a host is asked. It is read at each request, as it may
	// change while the pauses of the host stay.
	Pace func(host string) Pace
	// Metrics counts requests; nil counts nothing.
	Metrics *Metrics
	// Trace is called after each request; see registry.Options.
	Trace func(Request)
	// Span is called before each request, and what it returns after it.
	Span func(ctx context.Context) func(Request)
	// Now is the clock of pauses.
	Now func() time.Time
	// Jitter is the chance by which pauses are shortened, from 0 to 1.
	Jitter func() float64
}

// Network is what all requests to registries pass: the check of addresses, and
// the rate limits, pauses and circuit breakers of the hosts.
type Network struct {
	options Options
	guard   *guard
	traffic *traffic
}

// NewNetwork builds a network. The error names each bad entry of Private.
func NewNetwork(options Options) (*Network, error) {
	guard, err := newGuard(options.Private)
	if err != nil {
		return nil, err
	}
	return &Network{options: options, guard: guard, traffic: newTraffic(options)}, nil
}

// Limit is what a host last said of its rate limit: how many requests remain, and
// of how many; limit is 0 where it did not say.
func (n *Network) Limit(host string) (remaining, limit int64, known bool) {
	said := n.traffic.limit(host)
	return said.remaining, said.limit, said.known
}

// Failure is the error for a response that is no success, with the pause that its
// host asked for. It ends the response's body.
func (n *Network) Failure(resp *http.Response) *failure.Error {
	failed := statusError(resp)
	failed.RetryAfter = n.traffic.paused(resp.Request.URL.Host)
	return failed
}
