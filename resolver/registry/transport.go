package registry

import (
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

const (
	maxRedirects = 5
	// A pull of everything that a cluster runs asks few hosts often.
	maxIdleConnections        = 256
	maxIdleConnectionsPerHost = 4
	idleConnectionTimeout     = 90 * time.Second
	maxHeaderBytes            = 256 << 10
)

// newHTTPClient builds the one client that all requests of a Client go through.
func newHTTPClient(o Options, g *guard, traffic *traffic, dns *net.Resolver) *http.Client {
	inner := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            g.dial(o.ConnectTimeout, dns),
		TLSClientConfig:        &tls.Config{RootCAs: o.RootCAs, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    o.TLSTimeout,
		ResponseHeaderTimeout:  o.HeaderTimeout,
		MaxIdleConns:           maxIdleConnections,
		MaxIdleConnsPerHost:    maxIdleConnectionsPerHost,
		IdleConnTimeout:        idleConnectionTimeout,
		MaxResponseHeaderBytes: maxHeaderBytes,
		ForceAttemptHTTP2:      true,
	}
	return &http.Client{
		Transport:     &roundTripper{inner: inner, guard: g, traffic: traffic, userAgent: o.UserAgent},
		CheckRedirect: checkRedirect,
	}
}

// roundTripper is where every request passes, those after a redirect included.
type roundTripper struct {
	inner     http.RoundTripper
	guard     *guard
	traffic   *traffic
	userAgent string
}

func (rt *roundTripper) RoundTrip(req *http.Request) (*http.Response, error) {
	err := rt.guard.literal(req)
	if err == nil {
		err = rt.traffic.admit(req.Context(), req.URL.Host)
	}
	if err != nil {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, err
	}
	req = req.Clone(req.Context()) // a RoundTripper may not change what it got
	req.Header.Set("User-Agent", rt.userAgent)
	resp, err := rt.inner.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	rt.traffic.observe(req.URL.Host, resp)
	return resp, nil
}

// checkRedirect follows a few redirects, never from TLS to plain HTTP, and
// takes the credentials off once the host, the port or the scheme is another:
// Go itself keeps them for another port and for a subdomain.
func checkRedirect(req *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return errRedirects
	}
	first, last := via[0], via[len(via)-1]
	if req.URL.Scheme != "https" && (req.URL.Scheme != "http" || last.URL.Scheme == "https") {
		return errScheme
	}
	if sameOrigin(req, first) {
		return nil
	}
	if req.Method == http.MethodPost {
		return errScheme // the body of an OAuth2 exchange is a credential
	}
	req.Header.Del("Authorization")
	return nil
}

func sameOrigin(a, b *http.Request) bool {
	return a.URL.Scheme == b.URL.Scheme && a.URL.Host == b.URL.Host
}
