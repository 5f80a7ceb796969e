package transport

import (
	"cmp"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"time"

	"github.com/garboard-dev/garboard/resolver/registry/failure"
)

const (
	maxRedirects = 5
	// A pull of everything that a cluster runs asks few hosts often.
	maxIdleConnections        = 256
	maxIdleConnectionsPerHost = 4
	idleConnectionTimeout     = 90 * time.Second
	maxHeaderBytes            = 256 << 10
)

// newTransport builds the transport of a connection; all requests go through one
// of these.
func (n *Network) newTransport(s Settings) *http.Transport {
	o := &n.options
	transport := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            n.guard.dial(o.ConnectTimeout, o.Resolver, s.Private),
		TLSClientConfig:        &tls.Config{RootCAs: cmp.Or(s.RootCAs, o.RootCAs), MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    o.TLSTimeout,
		ResponseHeaderTimeout:  o.HeaderTimeout,
		MaxIdleConns:           maxIdleConnections,
		MaxIdleConnsPerHost:    maxIdleConnectionsPerHost,
		IdleConnTimeout:        idleConnectionTimeout,
		MaxResponseHeaderBytes: maxHeaderBytes,
		ForceAttemptHTTP2:      true,
	}
	if s.Certificate != nil {
		transport.TLSClientConfig.Certificates = []tls.Certificate{*s.Certificate}
	}
	if s.Proxy != nil {
		transport.Proxy = http.ProxyURL(s.Proxy)
		// Nothing but the proxy is dialled then, and the operator chose it.
		transport.DialContext = (&net.Dialer{Timeout: o.ConnectTimeout, Resolver: o.Resolver}).DialContext
	}
	return transport
}

// roundTripper is where every request passes, those after a redirect included.
type roundTripper struct {
	// vouched is for the hosts that a read names, others for where redirects
	// and token realms lead.
	vouched, others http.RoundTripper
	private         bool
	guard           *guard
	traffic         *traffic
	observer        observer
	bodyTimeout     time.Duration
	userAgent       string
}

func (rt *roundTripper) RoundTrip(req *http.Request) (*http.Response, error) {
	end := rt.observer.begin(req)
	permit, err := rt.admit(req)
	if err != nil {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		rt.observer.refused(req, end, err)
		return nil, err
	}
	ctx, stop := context.WithCancel(req.Context())
	sent := req.Clone(ctx) // a RoundTripper may not change what it got
	sent.Header.Set("User-Agent", rt.userAgent)
	inner := rt.others
	if IsTarget(req.Context(), req.URL.Host) {
		inner = rt.vouched
	}
	resp, err := inner.RoundTrip(sent)
	took := rt.traffic.now().Sub(permit.ticket.began)
	if err != nil {
		stop()
		permit.release()
		permit.failed(req.Context(), err)
		rt.observer.over(req, end, outcomeOf(0, err), Request{Err: failure.Classify(err).Kind, Duration: took})
		return nil, err
	}
	status := resp.StatusCode
	if isDisguisedLimit(resp) {
		// The caller must not blame a credential for it.
		resp.StatusCode = http.StatusTooManyRequests
		resp.Status = "429 " + http.StatusText(http.StatusTooManyRequests)
	}
	permit.answered(resp)
	outcome := resp.StatusCode
	onEnd(resp, rt.bodyTimeout, stop, func(read int64, err error) {
		permit.release()
		rt.observer.over(req, end, outcomeOf(outcome, err), Request{Status: status, Err: bodyKind(err), Duration: took, Bytes: read})
	})
	return resp, nil
}

func (rt *roundTripper) admit(req *http.Request) (*permit, error) {
	if err := rt.guard.literal(req, rt.private); err != nil {
		return nil, err
	}
	return rt.traffic.admit(req)
}

// checkRedirect follows a few redirects, never from TLS to plain HTTP, and
// takes the credentials off once the host, the port or the scheme is another:
// Go itself keeps them for another port and for a subdomain.
func checkRedirect(req *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return failure.ErrRedirects
	}
	first, last := via[0], via[len(via)-1]
	if req.URL.Scheme != "https" && (req.URL.Scheme != "http" || last.URL.Scheme == "https") {
		return failure.ErrScheme
	}
	if sameOrigin(req, first) {
		return nil
	}
	if req.Method == http.MethodPost {
		return failure.ErrScheme // the body of an OAuth2 exchange is a credential
	}
	req.Header.Del("Authorization")
	return nil
}

func sameOrigin(a, b *http.Request) bool {
	return a.URL.Scheme == b.URL.Scheme && a.URL.Host == b.URL.Host
}
