package registry

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/garboard-dev/garboard/resolver/internal/testclock"
)

// fake is a hand-written registry on loopback that notes what it is asked.
type fake struct {
	*httptest.Server
	mu    sync.Mutex
	calls []string
	// queries and authorizations are those of the calls, whole.
	queries, authorizations []string
}

// newFake starts a registry; /v2/ is answered with 200 unless the handler says
// otherwise by a pattern of its own.
func newFake(t *testing.T, handler http.Handler) *fake {
	t.Helper()
	f := &fake{}
	f.Server = httptest.NewServer(f.noting(handler))
	t.Cleanup(f.Close)
	return f
}

// newTLS starts a server with a certificate for example.com and loopback.
func newTLS(t *testing.T, handler http.Handler) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes fail on purpose
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

func (f *fake) noting(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		f.mu.Lock()
		f.calls = append(f.calls, strings.TrimSpace(r.Method+" "+r.URL.Path+" "+scheme))
		f.queries = append(f.queries, r.URL.RawQuery)
		f.authorizations = append(f.authorizations, r.Header.Get("Authorization"))
		f.mu.Unlock()
		handler.ServeHTTP(w, r)
	})
}

func (f *fake) host() string { return f.Listener.Addr().String() }

func (f *fake) repository(path string) string { return f.host() + "/" + path }

// since returns and forgets the calls noted so far.
func (f *fake) since() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	calls := f.calls
	f.calls = nil
	return calls
}

// signedIn returns the credentials that were sent so far, each once, sorted.
func (f *fake) signedIn() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	sent := slices.DeleteFunc(slices.Clone(f.authorizations), func(header string) bool { return header == "" })
	slices.Sort(sent)
	return slices.Compact(sent)
}

func (f *fake) count(call string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, c := range f.calls {
		if c == call {
			n++
		}
	}
	return n
}

// open is a mux whose /v2/ asks for nothing.
func open(patterns map[string]http.HandlerFunc) *http.ServeMux {
	mux := http.NewServeMux()
	if _, ok := patterns["/v2/{$}"]; !ok {
		mux.HandleFunc("/v2/{$}", func(http.ResponseWriter, *http.Request) {})
	}
	for pattern, handler := range patterns {
		mux.HandleFunc(pattern, handler)
	}
	return mux
}

// hanging is a handler that does not answer before it is let go.
type hanging struct {
	asked chan string   // the path of each request, once it hangs
	end   chan struct{} // one request goes on with each value, all when closed
	then  http.HandlerFunc
}

func newHanging(then http.HandlerFunc) *hanging {
	return &hanging{asked: make(chan string, 64), end: make(chan struct{}), then: then}
}

func (h *hanging) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.asked <- r.URL.Path
	select {
	case <-h.end:
		h.then(w, r)
	case <-r.Context().Done(): // the client is gone
	}
}

// breaksOff ends the connection without an answer.
func breaksOff(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// says answers with a body.
func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = fmt.Fprint(w, body)
	}
}

// clock is one that a test sets.
type clock = testclock.Clock

func newClock() *clock { return testclock.At(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)) }

// client reaches the fakes on 127.0.0.1, at any pace.
func client(t *testing.T, change ...func(*Options)) *Client {
	t.Helper()
	options := Options{Private: []string{"127.0.0.1"}, Rate: 1e6, Burst: 1 << 20, Jitter: whole}
	for _, f := range change {
		f(&options)
	}
	c, err := New(options)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	t.Cleanup(func() {
		for _, each := range c.settings.Load().clients {
			each.Close()
		}
	})
	return c
}

// Times that package transport keeps to, as the documentation gives them.
const (
	unnamedPause    = 30 * time.Second // for a 429 that names none
	longPause       = 15 * time.Minute // the longest for such a one
	quotaWindow     = 6 * time.Hour    // the longest for a quota
	openTime        = 5 * time.Second  // of a circuit
	longestOpen     = 5 * time.Minute
	gatewayFailures = 5 // that open a circuit
	silence         = 2 * time.Second
	probeTime       = time.Second
	longEnough      = time.Second // for which a deadline is the host's fault
)

// basicHeader is the Authorization header for a user whose password is "secret".
func basicHeader(user string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":secret"))
}

// pingKept is longer than the ping of an idle endpoint is kept.
const pingKept = time.Hour + time.Nanosecond

// whole is the jitter that shortens nothing.
func whole() float64 { return 1 }

func at(clock *clock) func(*Options) { return func(o *Options) { o.Now = clock.Now } }

func trusting(servers ...*httptest.Server) func(*Options) {
	return func(o *Options) {
		o.RootCAs = x509.NewCertPool()
		for _, s := range servers {
			o.RootCAs.AddCert(s.Certificate())
		}
	}
}

// wantKind fails unless the error is an *Error of the kind.
func wantKind(t *testing.T, err error, kind Kind) {
	t.Helper()
	_ = wantError(t, err, kind)
}

// wantError fails unless the error is an *Error of the kind and repository.
func wantError(t *testing.T, err error, kind Kind) *Error {
	t.Helper()
	failed, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("got error %v (%T), want an *Error of kind %s", err, err, kind)
	}
	if failed.Kind != kind {
		t.Fatalf("got kind %s (%v), want %s", failed.Kind, failed.Err, kind)
	}
	if failed.Repository == "" {
		t.Errorf("error has no repository: %v", failed)
	}
	return failed
}

// tokens is a token service with a registry that believes it.
type tokens struct {
	mu      sync.Mutex
	issued  int
	valid   string
	expires int
	// refuse is the status for a token that is not valid; 401 is sent with the
	// challenge.
	refuse int
	scopes []string
	users  []string
	forms  []string
	// hold, if set, is waited for before a token is issued.
	hold chan struct{}
}

func (k *tokens) revoke() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.valid = ""
}

// serve adds the service and guards the rest with it.
func (k *tokens) serve(rest http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/token", k.issue)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		k.mu.Lock()
		ok := k.valid != "" && r.Header.Get("Authorization") == "Bearer "+k.valid
		refuse := k.refuse
		k.mu.Unlock()
		switch {
		case ok && r.URL.Path != "/v2/":
			rest.ServeHTTP(w, r)
		case ok:
		case r.URL.Path == "/v2/" || refuse == 0 || refuse == http.StatusUnauthorized:
			w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+r.Host+`/token",service="test"`)
			w.WriteHeader(http.StatusUnauthorized)
		default:
			w.WriteHeader(refuse)
		}
	})
	return mux
}

func (k *tokens) issue(w http.ResponseWriter, r *http.Request) {
	k.mu.Lock()
	hold := k.hold
	k.mu.Unlock()
	if hold != nil {
		<-hold
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.issued++
	k.valid = fmt.Sprintf("t%d", k.issued)
	user, _, _ := r.BasicAuth()
	k.users = append(k.users, user)
	if r.Method == http.MethodPost {
		_ = r.ParseForm()
		k.forms = append(k.forms, r.PostForm.Encode())
	}
	k.scopes = append(k.scopes, slices.Sorted(slices.Values(r.URL.Query()["scope"]))...)
	_, _ = fmt.Fprintf(w, `{"token":%q,"expires_in":%d}`, k.valid, k.expires)
}

// list asks within a generous deadline.
// named parses the name of a repository; what is none is the zero value.
func named(text string) Repository {
	parsed, err := ParseRepository(text)
	if err != nil {
		return Repository{}
	}
	return parsed
}

func list(t *testing.T, c *Client, repository string, credential Credential) ([]string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	return c.Tags(ctx, named(repository), credential)
}

// goList is list in a goroutine of its own; the channel gets its error.
func goList(t *testing.T, c *Client, repository string) <-chan error {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		_, err := c.Tags(t.Context(), named(repository), Credential{})
		done <- err
	}()
	return done
}
