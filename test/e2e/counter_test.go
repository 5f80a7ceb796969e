package e2e

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/garboard-dev/garboard/test/cluster"
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
	forward := cluster.FrontOf(backend)
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
