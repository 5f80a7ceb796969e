package identity

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/garboard-dev/garboard/resolver/internal/testclock"
	"github.com/garboard-dev/garboard/resolver/registry"
)

// cloud is a fake of all hosts of a cloud: whatever name its transport is asked
// to connect to, it is the one that answers.
type cloud struct {
	t         *testing.T
	plain     *httptest.Server
	transport *http.Transport
	closing   chan struct{}

	mu       sync.Mutex
	routes   map[string]http.HandlerFunc // by "host/path"
	requests map[string]int
}

func newCloud(t *testing.T, routes map[string]http.HandlerFunc) *cloud {
	t.Helper()
	c := &cloud{t: t, closing: make(chan struct{}), routes: routes, requests: map[string]int{}}
	c.plain = httptest.NewServer(c)
	secure := httptest.NewUnstartedServer(c)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	c.transport = &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			server := secure
			if strings.HasSuffix(address, ":80") {
				server = c.plain
			}
			return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
		},
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}
	t.Cleanup(func() {
		close(c.closing)
		c.transport.CloseIdleConnections()
		c.plain.Close()
		secure.Close()
	})
	return c
}

// on changes an answer.
func (c *cloud) on(route string, handler http.HandlerFunc) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.routes[route] = handler
}

func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	route := scheme + r.Host + r.URL.Path
	c.mu.Lock()
	c.requests[route]++
	handler := c.routes[route]
	c.mu.Unlock()
	if handler == nil {
		c.t.Errorf("unexpected request: %s %s", r.Method, route)
		http.NotFound(w, r)
		return
	}
	handler(w, r)
}

func (c *cloud) wantRequests(route string, want int) {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if got := c.requests[route]; got != want {
		c.t.Errorf("%s was asked %d times, want %d", route, got, want)
	}
}

// wantAtMostOne is for those who may have left before the request was sent.
func (c *cloud) wantAtMostOne(route string) {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if got := c.requests[route]; got > 1 {
		c.t.Errorf("%s was asked %d times, want once at most", route, got)
	}
}

// clock is set by hand, and starts at the true time, which some SDKs go by.
type clock = testclock.Clock

func newClock() *clock { return testclock.At(time.Now()) }

func reply(value any) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(value)
	}
}

// hang answers when the client has gone, or the test.
func (c *cloud) hang(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // Else the server does not notice.
	select {
	case <-r.Context().Done():
	case <-c.closing:
	}
	w.WriteHeader(http.StatusGatewayTimeout)
}

// named parses the name of a repository.
func named(text string) registry.Repository {
	parsed, err := registry.ParseRepository(text)
	if err != nil {
		panic(err)
	}
	return parsed
}

// one returns the only credential, which must be what is wanted.
func one(t *testing.T, i *Identities, repository string, want registry.Credential, source string) {
	t.Helper()
	got, err := i.For(t.Context(), named(repository))
	if err != nil {
		t.Fatalf("For(%q): %v: %v", repository, err, errors.Unwrap(err))
	}
	if len(got) != 1 || got[0].ID() != want.ID() || got[0].Source() != source {
		t.Errorf("For(%q) = %v from %q; want another %v from %q", repository, got, got[0].Source(), want, source)
	}
}

// soon waits for a renewal, which runs beside its callers.
func soon(t *testing.T, i *Identities, repository string, want registry.Credential) {
	t.Helper()
	eventually(t, func() bool {
		got, err := i.For(t.Context(), named(repository))
		return err == nil && len(got) == 1 && got[0].ID() == want.ID()
	})
}

func eventually(t *testing.T, holds func() bool) {
	t.Helper()
	deadline, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline.Done():
			t.Fatal("it did not come about")
		}
	}
}

// refused wants no credential and an error that gives nothing away.
func refused(t *testing.T, i *Identities, repository string, provider Provider, secrets ...string) error {
	t.Helper()
	got, err := i.For(t.Context(), named(repository))
	known, ok := errors.AsType[*Error](err)
	if !ok || known.Provider != provider || known.Err == nil || len(got) != 0 {
		t.Fatalf("For(%q) = %v, %v; want an error of %s", repository, got, err, provider)
	}
	for _, secret := range append(secrets, "http", "://", "127.0.0.1", "169.254", "amazonaws", "azurecr", "microsoft") {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("error %q tells %q", err, secret)
		}
	}
	return known.Err
}
