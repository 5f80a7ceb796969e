package registry

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

// wantLeftAlone fails unless a read is refused at once, for so long.
func wantLeftAlone(t *testing.T, c *Client, repository string, wait time.Duration) {
	t.Helper()
	_, err := list(t, c, repository, Credential{})
	if got := wantError(t, err, Unreachable).RetryAfter; got != wait {
		t.Errorf("RetryAfter is %s, want %s", got, wait)
	}
}

// Each repository of a registry that was down asked it again, one after the
// other: minutes, where it never answered.
func TestDeadRegistryIsAskedOnceForAllRepositories(t *testing.T) {
	const repositories = 60
	for name, tt := range map[string]struct {
		fault http.HandlerFunc
		kind  Kind
	}{
		"a connection that breaks off": {breaksOff, Unreachable},
		"no answer":                    {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, Timeout},
	} {
		t.Run(name, func(t *testing.T) {
			var up atomic.Bool
			registry := newFake(t, open(map[string]http.HandlerFunc{
				"/v2/{$}": func(w http.ResponseWriter, r *http.Request) {
					if !up.Load() {
						tt.fault(w, r)
					}
				},
				"/v2/{path}/tags/list": twoTags,
			}))
			now := newClock()
			c := client(t, at(now), func(o *Options) { o.HeaderTimeout = 50 * time.Millisecond })
			for _, wait := range []time.Duration{
				openTime, 2 * openTime, 4 * openTime, 8 * openTime, 16 * openTime, 32 * openTime, longestOpen, longestOpen,
			} {
				_, err := list(t, c, registry.repository("first"), Credential{})
				wantKind(t, err, tt.kind)
				for i := range repositories {
					wantLeftAlone(t, c, registry.repository(fmt.Sprint("r", i)), wait)
				}
				if got := len(registry.since()); got != 1 {
					t.Errorf("asked %d times, want one ping", got)
				}
				now.Advance(wait - time.Nanosecond)
				wantLeftAlone(t, c, registry.repository("a"), time.Nanosecond)
				now.Advance(time.Nanosecond)
			}
			up.Store(true)
			for range 2 {
				if _, err := list(t, c, registry.repository("a"), Credential{}); err != nil {
					t.Errorf("after the outage: %v", err)
				}
			}
			up.Store(false)
			now.Advance(pingKept)
			if _, err := list(t, c, registry.repository("a"), Credential{}); err == nil {
				t.Fatal("got no error")
			}
			wantLeftAlone(t, c, registry.repository("a"), openTime) // an answer ended the doubling
		})
	}
}

func TestNobodyListeningIsAFailureOfTheHost(t *testing.T) {
	registry := newFake(t, twoTags)
	host := registry.repository("a")
	registry.Close()
	c := client(t, at(newClock()))
	_, err := list(t, c, host, Credential{})
	if got := wantError(t, err, Unreachable).RetryAfter; got != 0 {
		t.Errorf("the first read was refused for %s", got)
	}
	wantLeftAlone(t, c, host, openTime)
	other := newFake(t, open(map[string]http.HandlerFunc{"/v2/a/tags/list": twoTags}))
	if _, err := list(t, c, other.repository("a"), Credential{}); err != nil {
		t.Errorf("another host: %v", err)
	}
}

func TestOwnRefusalsOpenNoCircuit(t *testing.T) {
	registry := newFake(t, twoTags)
	_, port, _ := net.SplitHostPort(registry.host())
	c := client(t, at(newClock()))
	for range 3 {
		_, err := list(t, c, "localhost:"+port+"/a", Credential{})
		wantKind(t, err, Blocked)
	}
}

// One 504 may be a giant list's, and no reason to leave its host alone.
func TestBrokenGatewayOpensAfterSome(t *testing.T) {
	for _, status := range []int{http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			var answer atomic.Int64
			registry := newFake(t, open(map[string]http.HandlerFunc{"/v2/a/tags/list": func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(int(answer.Load()))
			}}))
			now := newClock()
			c := client(t, at(now))
			ask := func(status, times int) {
				t.Helper()
				answer.Store(int64(status))
				registry.since()
				for range times {
					if _, err := list(t, c, registry.repository("a"), Credential{}); err == nil {
						t.Fatal("got no error")
					}
				}
				if got := registry.count("GET /v2/a/tags/list"); got != times {
					t.Fatalf("asked %d times, want %d", got, times)
				}
			}

			ask(status, gatewayFailures-1)
			ask(http.StatusNotFound, 1)
			ask(status, gatewayFailures)
			wantLeftAlone(t, c, registry.repository("a"), openTime)
			now.Advance(openTime)
			ask(status, 1)
			wantLeftAlone(t, c, registry.repository("a"), 2*openTime)
			now.Advance(2 * openTime)
			ask(http.StatusInternalServerError, 2*gatewayFailures) // of a host that works
		})
	}
}

func TestOneProbeFindsOutForAll(t *testing.T) {
	var up atomic.Bool
	slow := newHanging(says(http.StatusOK, ""))
	registry := newFake(t, open(map[string]http.HandlerFunc{
		"/v2/{$}": func(w http.ResponseWriter, r *http.Request) {
			if !up.Load() {
				breaksOff(w, r)
			}
			slow.ServeHTTP(w, r)
		},
		"/v2/{path}/tags/list": twoTags,
	}))
	now := newClock()
	c := client(t, at(now))
	_, err := list(t, c, registry.repository("a"), Credential{})
	wantKind(t, err, Unreachable)
	now.Advance(openTime)
	up.Store(true)
	registry.since()

	probe := goList(t, c, registry.repository("a"))
	<-slow.asked
	for range 8 {
		wantLeftAlone(t, c, registry.repository("b"), probeTime)
	}
	if got := len(registry.since()); got != 1 {
		t.Errorf("asked %d times, want the probe alone", got)
	}
	close(slow.end)
	if err := <-probe; err != nil {
		t.Error(err)
	}
	if _, err := list(t, c, registry.repository("b"), Credential{}); err != nil {
		t.Errorf("after the probe: %v", err)
	}
}

// picky ends connections that do not begin as TLS does.
type picky struct{ net.Listener }

func (p picky) Accept() (net.Conn, error) {
	conn, err := p.Listener.Accept()
	return &pickyConn{Conn: conn}, err
}

type pickyConn struct {
	net.Conn
	begun bool
}

func (p *pickyConn) Read(b []byte) (int, error) {
	n, err := p.Conn.Read(b)
	if !p.begun && n > 0 && b[0] != 0x16 {
		return 0, io.EOF
	}
	p.begun = true
	return n, err
}

// The plain half of a ping opens the circuit; TLS is tried all the same.
func TestTLSIsTriedAfterPlainHTTPBrokeOff(t *testing.T) {
	server := httptest.NewUnstartedServer(open(map[string]http.HandlerFunc{"/v2/a/tags/list": twoTags}))
	server.Listener = picky{server.Listener}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	host := server.Listener.Addr().String()
	now := newClock()
	c := client(t, at(now), trusting(server))
	for range 3 {
		if _, err := list(t, c, host+"/a", Credential{}); err != nil {
			t.Fatal(err)
		}
		now.Advance(pingKept)
	}
}
