package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"

	"github.com/garboard-dev/garboard/test/cluster"
)

// registry stands in front of the cluster's and counts the lists that are read.
type registry struct {
	*httptest.Server

	mu    sync.Mutex
	lists map[string]int // by repository
}

func newRegistry(backend string) *registry {
	r := &registry{lists: map[string]int{}}
	forward := cluster.FrontOf(backend)
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if path, ok := strings.CutSuffix(request.URL.Path, "/tags/list"); ok {
			r.mu.Lock()
			r.lists[path]++
			r.mu.Unlock()
		}
		forward.ServeHTTP(w, request)
	}))
	return r
}

func (r *registry) host() string { return r.Listener.Addr().String() }

// listed returns how many lists were read of how many repositories, and forgets
// them.
func (r *registry) listed() (lists, repositories int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, n := range r.lists {
		lists += n
	}
	repositories = len(r.lists)
	r.lists = map[string]int{}
	return lists, repositories
}

// read returns of how many repositories lists were read since they were forgotten.
func (r *registry) read() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.lists)
}
