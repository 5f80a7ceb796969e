package e2e

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"
)

// counter stands in front of a registry and notes what is asked of it.
type counter struct {
	*httptest.Server

	mu       sync.Mutex
	requests int
	lists    map[string][]time.Time // by repository, in order
}

func newCounter(backend string) *counter {
	c := &counter{lists: map[string][]time.Time{}}
	forward := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: backend})
			r.Out.Host = r.In.Host // the registry names itself by it
		},
		ErrorLog: log.New(io.Discard, "", 0), // requests that were given up
	}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.note(r, time.Now())
		forward.ServeHTTP(w, r)
	}))
	return c
}

func (c *counter) note(r *http.Request, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests++
	if path, ok := strings.CutSuffix(strings.TrimPrefix(r.URL.Path, "/v2/"), "/tags/list"); ok {
		c.lists[path] = append(c.lists[path], now)
	}
}

func (c *counter) host() string { return c.Listener.Addr().String() }

// since returns what was asked, and forgets it.
func (c *counter) since() (requests int, lists map[string][]time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	requests, lists = c.requests, c.lists
	c.requests, c.lists = 0, map[string][]time.Time{}
	return requests, lists
}

// listed is how often a repository was listed since then.
func (c *counter) listed(repository string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.lists[repository])
}
