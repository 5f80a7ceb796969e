package registries

import (
	"context"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"strings"
	"sync"
	"testing"

	"github.com/garboard-dev/garboard/test/cluster"
)

// What requests ask for, as a proxy counts them.
const (
	ping    = "ping"
	token   = "token"
	list    = "list"
	digest  = "digest"
	content = "content" // a manifest or a config
)

// proxy stands in front of a registry, counts what comes by, and may answer
// itself.
type proxy struct {
	*httptest.Server

	// forward leads to the registry; tokens, where it is set, answers /token.
	forward *httputil.ReverseProxy
	tokens  http.Handler

	mu     sync.Mutex
	faults map[string]http.HandlerFunc // answer in the registry's place
	calls  map[string]int
}

// newProxy starts one in plain HTTP.
func newProxy(t *testing.T, backend string) *proxy {
	t.Helper()
	p := unstarted(t, backend)
	p.Start()
	return p
}

// newTLSProxy starts one whose certificate is of a CA of its own.
func newTLSProxy(t *testing.T, backend string) *proxy {
	t.Helper()
	p := unstarted(t, backend)
	p.StartTLS()
	return p
}

// unstarted has an address already. Requests that hang in it end with the test:
// the server would wait for them for ever, and the client sends those whose
// connection was closed once more.
func unstarted(t *testing.T, backend string) *proxy {
	t.Helper()
	p := &proxy{forward: cluster.FrontOf(backend), calls: map[string]int{}, faults: map[string]http.HandlerFunc{}}
	p.Server = httptest.NewUnstartedServer(http.HandlerFunc(p.serve))
	p.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes and copies fail on purpose
	p.Config.BaseContext = func(net.Listener) context.Context { return t.Context() }
	t.Cleanup(func() {
		p.CloseClientConnections()
		p.Close()
	})
	return p
}

// ServeHTTP leads to the registry, for faults that come and go.
func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.forward.ServeHTTP(w, r) }

func (p *proxy) serve(w http.ResponseWriter, r *http.Request) {
	kind := kindOf(r)
	p.mu.Lock()
	p.calls[kind]++
	fault := p.faults[kind]
	p.mu.Unlock()
	switch {
	case fault != nil:
		fault(w, r)
	case kind == token && p.tokens != nil:
		p.tokens.ServeHTTP(w, r)
	default:
		p.forward.ServeHTTP(w, r)
	}
}

// kindOf names what a request asks for.
func kindOf(r *http.Request) string {
	switch path := r.URL.Path; {
	case strings.HasSuffix(path, "/tags/list"):
		return list
	case strings.Contains(path, "/manifests/") && r.Method == http.MethodHead:
		return digest
	case strings.Contains(path, "/manifests/"), strings.Contains(path, "/blobs/"):
		return content
	case path == "/token":
		return token
	default:
		return ping
	}
}

// breaks lets a fault answer what asks for a kind; nil mends it.
func (p *proxy) breaks(kind string, fault http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults[kind] = fault
}

// since returns and forgets what came by.
func (p *proxy) since() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	calls := p.calls
	p.calls = map[string]int{}
	return calls
}

func (p *proxy) host() string { return p.Listener.Addr().String() }

// pool trusts the proxy's certificate.
func (p *proxy) pool() *x509.CertPool {
	roots := x509.NewCertPool()
	roots.AddCert(p.Certificate())
	return roots
}
