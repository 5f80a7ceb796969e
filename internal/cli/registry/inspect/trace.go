package inspect

import (
	"context"
	"net"
	"net/http/httptrace"
	"slices"
	"sync"

	"github.com/garboard-dev/garboard/resolver/registry"
)

// Trace gathers what a registry.Client tells of its requests: Add is its
// Options.Trace.
type Trace struct {
	mu       sync.Mutex
	requests []registry.Request
	peers    map[string]string // addresses by host:port
}

// Add takes one request.
func (t *Trace) Add(r registry.Request) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.requests = append(t.requests, r)
}

func (t *Trace) all() []registry.Request { return t.since(0) }

func (t *Trace) since(n int) []registry.Request {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.requests[n:])
}

func (t *Trace) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.requests)
}

// watch notes the addresses that the requests of a context are sent to. They
// are sent one after the other.
func (t *Trace) watch(ctx context.Context) context.Context {
	var wanted string
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(hostPort string) {
			t.mu.Lock()
			defer t.mu.Unlock()
			wanted = hostPort
		},
		GotConn: func(got httptrace.GotConnInfo) {
			host, _, err := net.SplitHostPort(got.Conn.RemoteAddr().String())
			if err != nil {
				return // no network that has ports
			}
			t.mu.Lock()
			defer t.mu.Unlock()
			if t.peers == nil {
				t.peers = map[string]string{}
			}
			t.peers[wanted] = host
		},
	})
}

// peer is the address behind a host of a URL, "" if there was no connection.
func (t *Trace) peer(hostPort string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.peers[hostPort]
}
