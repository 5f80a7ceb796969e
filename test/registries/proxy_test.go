package registries

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// proxy stands in front of a registry, counts what comes by, and may answer
// itself.
type proxy struct {
	*httptest.Server

	mu     sync.Mutex
	faults map[string]http.HandlerFunc // answers instead, by kind of request
	calls  map[string]int
}

// newProxy starts one in plain HTTP.
func newProxy(t *testing.T, backend string) *proxy {
	t.Helper()
	p := &proxy{calls: map[string]int{}}
	p.Server = httptest.NewServer(p.handler(backend))
	t.Cleanup(p.Close)
	return p
}

func (p *proxy) handler(backend string) http.Handler {
	forward := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: backend})
			r.Out.Host = r.In.Host // the registry names itself by it
		},
		ErrorLog: log.New(io.Discard, "", 0),
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		kind := kindOf(r)
		fault := p.faults[kind]
		p.calls[kind]++
		p.mu.Unlock()
		if fault != nil {
			fault(w, r)
			return
		}
		forward.ServeHTTP(w, r)
	})
}

// kindOf names what a request asks for.
func kindOf(r *http.Request) string {
	switch path := r.URL.Path; {
	case strings.HasSuffix(path, "/tags/list"):
		return "list"
	case strings.Contains(path, "/manifests/") && r.Method == http.MethodHead:
		return "digest"
	case strings.Contains(path, "/manifests/"), strings.Contains(path, "/blobs/"):
		return "content"
	case path == "/token":
		return "token"
	default:
		return "ping"
	}
}

// breaks answers tag lists itself; nil ends that.
func (p *proxy) breaks(fault http.HandlerFunc) { p.breaksAt("list", fault) }

func (p *proxy) breaksAt(kind string, fault http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.faults == nil {
		p.faults = map[string]http.HandlerFunc{}
	}
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
