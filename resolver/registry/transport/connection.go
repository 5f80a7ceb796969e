package transport

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/url"
	"slices"
	"sync/atomic"

	"github.com/garboard-dev/garboard/resolver/registry/failure"
)

// Settings are what a connection is made by. The zero value is that of a
// registry without settings.
type Settings struct {
	// Private lets the host that a request is meant for have a private address.
	Private bool
	// RootCAs verify the host; nil leaves it to the network's.
	RootCAs *x509.CertPool
	// Certificate is shown to the host that a request is meant for.
	Certificate *tls.Certificate
	// Proxy is asked in place of the environment's.
	Proxy *url.URL
}

// Equal compares what the settings say rather than where they hold it: a file
// that is read again gives other pointers, and need not cost the connections.
func (s Settings) Equal(o Settings) bool {
	return s.Private == o.Private && equalRoots(s.RootCAs, o.RootCAs) &&
		equalCertificates(s.Certificate, o.Certificate) && equalURLs(s.Proxy, o.Proxy)
}

func equalRoots(a, b *x509.CertPool) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(b)
}

// equalCertificates leaves the key out: the certificate names it.
func equalCertificates(a, b *tls.Certificate) bool {
	if a == nil || b == nil {
		return a == b
	}
	return slices.EqualFunc(a.Certificate, b.Certificate, bytes.Equal)
}

func equalURLs(a, b *url.URL) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.String() == b.String()
}

// Connection sends requests to the hosts that have the same settings. It is shared
// by them, and closed with the last.
type Connection struct {
	settings   Settings
	network    *Network
	http       *http.Client
	transports []*http.Transport
	closed     atomic.Bool
}

// Connect makes two transports where the settings hold something that is for the
// endpoint's host alone: the certificate is not shown to where a redirect
// leads, and no connection to a private address is there for it to use.
func (n *Network) Connect(s Settings) *Connection {
	c := &Connection{settings: s, network: n, transports: []*http.Transport{n.newTransport(s)}}
	if s.Private || s.Certificate != nil {
		c.transports = append(c.transports, n.newTransport(Settings{RootCAs: s.RootCAs, Proxy: s.Proxy}))
	}
	o := &n.options
	c.http = &http.Client{
		Transport: &roundTripper{
			vouched: c.transports[0], others: c.transports[len(c.transports)-1],
			private: s.Private, guard: n.guard, traffic: n.traffic, userAgent: o.UserAgent, bodyTimeout: o.BodyTimeout,
			observer: observer{now: o.Now, metrics: o.Metrics, trace: o.Trace, span: o.Span},
		},
		CheckRedirect: checkRedirect,
	}
	return c
}

// Settings are what the connection was made by.
func (c *Connection) Settings() Settings { return c.settings }

// Do sends a request, and follows redirects.
func (c *Connection) Do(req *http.Request) (*http.Response, error) { return c.http.Do(req) }

// Failure is that of the network.
func (c *Connection) Failure(resp *http.Response) *failure.Error { return c.network.Failure(resp) }

// Join must be called before waiting on another caller's request to a host: it
// fails where a request of one's own would be refused. Callers that are given the
// same number may wait together; the next probe of a silent host has another.
func (c *Connection) Join(host string) (round int, err error) { return c.network.traffic.join(host) }

// Close ends connections without requests; requests under way go on.
func (c *Connection) Close() {
	c.closed.Store(true)
	c.closeIdle()
}

// Release is called at the end of a read. The last read of a closed connection
// would leave idle connections behind, which nothing uses again.
func (c *Connection) Release() {
	if c.closed.Load() {
		c.closeIdle()
	}
}

func (c *Connection) closeIdle() {
	for _, t := range c.transports {
		t.CloseIdleConnections()
	}
}
