package registry

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/url"
	"slices"
	"sync/atomic"

	"github.com/garboard-dev/garboard/resolver/internal/recent"
	"github.com/garboard-dev/garboard/resolver/registry/config"
)

// means are the settings that make a connection what it is.
type means struct {
	private bool
	roots   *x509.CertPool
	client  *tls.Certificate
	proxy   *url.URL
}

func meansOf(e config.Endpoint) means {
	return means{private: e.Private, roots: e.RootCAs, client: e.Client, proxy: e.Proxy}
}

// equal compares what the settings say rather than where they hold it: a file
// that is read again gives other pointers, and need not cost the connections.
func (m means) equal(o means) bool {
	return m.private == o.private && equalRoots(m.roots, o.roots) && equalCertificates(m.client, o.client) &&
		equalURLs(m.proxy, o.proxy)
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

// way is how the endpoints with the same means are reached, and what was learnt
// there. It is shared by them, and dropped with the last.
type way struct {
	means means
	http  *http.Client

	sites  *recent.Map[address, *site]
	tokens *recent.Map[tokenKey, *slot]

	transports []*http.Transport
	dropped    atomic.Bool
}

// newWay makes two transports where the means hold something that is for the
// endpoint's host alone: the certificate is not shown to where a redirect
// leads, and no connection to a private address is there for it to use.
func (c *Client) newWay(m means) *way {
	w := &way{
		means:      m,
		sites:      recent.New[address, *site](maxHosts, forgetIdle, c.options.Now),
		tokens:     recent.New[tokenKey, *slot](maxTokens, forgetIdle, c.options.Now),
		transports: []*http.Transport{c.newTransport(m)},
	}
	if m.private || m.client != nil {
		w.transports = append(w.transports, c.newTransport(means{roots: m.roots, proxy: m.proxy}))
	}
	w.http = &http.Client{
		Transport: &roundTripper{
			vouched: w.transports[0], others: w.transports[len(w.transports)-1],
			private: m.private, guard: c.guard, traffic: c.traffic, userAgent: c.options.UserAgent, bodyTimeout: c.options.BodyTimeout,
			observer: observer{now: c.options.Now, metrics: c.options.Metrics, trace: c.options.Trace, span: c.options.Span},
		},
		CheckRedirect: checkRedirect,
	}
	return w
}

// drop ends what nobody uses; reads under way go on.
func (w *way) drop() {
	w.dropped.Store(true)
	w.closeIdle()
}

// used is called at the end of a read. The last of a dropped way leaves
// connections behind that nobody comes back for.
func (w *way) used() {
	if w.dropped.Load() {
		w.closeIdle()
	}
}

func (w *way) closeIdle() {
	for _, t := range w.transports {
		t.CloseIdleConnections()
	}
}
