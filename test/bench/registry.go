package main

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"regexp"
	"sync/atomic"
	"time"

	"github.com/garboard-dev/garboard/test/cluster"
)

// repository is the one that the cluster's registry has.
const repository = "bench/app"

// anyRepository finds bench/app-17 and the like in a path.
var anyRepository = regexp.MustCompile(`/v2/bench/app[a-z0-9-]*/`)

// registry stands in front of the cluster's, takes its time, and counts. Every
// repository that is asked for has the content of the one.
type registry struct {
	*httptest.Server

	requests atomic.Int64
}

func newRegistry(backend string, latency time.Duration) *registry {
	r := &registry{}
	forward := cluster.FrontOf(backend)
	pass := forward.Rewrite
	forward.Rewrite = func(p *httputil.ProxyRequest) {
		pass(p)
		p.Out.URL.Path = anyRepository.ReplaceAllString(p.Out.URL.Path, "/v2/"+repository+"/")
	}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		r.requests.Add(1)
		late := time.NewTimer(latency)
		defer late.Stop()
		select {
		case <-late.C:
			forward.ServeHTTP(w, request)
		case <-request.Context().Done():
		}
	}))
	return r
}

func (r *registry) host() string { return r.Listener.Addr().String() }
