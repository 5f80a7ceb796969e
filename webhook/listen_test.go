package webhook_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/garboard-dev/garboard/webhook"
)

// served is a Server that runs.
type served struct {
	*webhook.Server
	t      *testing.T
	url    string
	client *http.Client
	// stop begins the end, whose delay lasts until passed is closed; connections are kept
	// until enough is.
	stop           context.CancelFunc
	passed, enough chan time.Time
	ended          chan error
}

func serve(t *testing.T, handler http.Handler, limits webhook.Limits) *served {
	t.Helper()
	const delay = time.Minute
	model := httptest.NewTLSServer(nil) // has a certificate, and clients that trust it
	t.Cleanup(model.Close)
	address := freeAddress(t)
	if limits.Metrics == nil {
		metrics, err := webhook.NewMetrics(prometheus.NewRegistry())
		if err != nil {
			t.Fatal(err)
		}
		limits.Metrics = metrics
	}
	s := &served{t: t, url: "https://" + address, client: model.Client(), passed: make(chan time.Time), enough: make(chan time.Time), ended: make(chan error, 1)}
	s.client.Timeout = 30 * time.Second // of a broken build
	s.Server = webhook.NewServer(webhook.ServerOptions{
		Address: address, TLS: &tls.Config{Certificates: model.TLS.Certificates}, Handler: handler, Limits: limits,
		ShutdownDelay: delay, After: func(d time.Duration) <-chan time.Time {
			if d == delay {
				return s.passed
			}
			return s.enough
		},
	})
	if err := s.Ready(nil); !errors.Is(err, webhook.ErrNotListening) {
		t.Errorf("ready before it listens: %v", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	s.stop = stop
	go func() { s.ended <- s.Run(ctx) }()
	t.Cleanup(stop)
	s.awaitReady(nil)
	return s
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

func (s *served) awaitReady(want error) {
	s.t.Helper()
	eventually(s.t, func() bool { return errors.Is(s.Ready(nil), want) })
}

// awaitClosed waits until no new connection is taken.
func (s *served) awaitClosed() {
	s.t.Helper()
	eventually(s.t, func() bool {
		conn, err := (&net.Dialer{}).DialContext(s.t.Context(), "tcp", strings.TrimPrefix(s.url, "https://"))
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	})
}

// eventually waits for what must come true long before the deadline.
func eventually(t *testing.T, condition func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-ctx.Done():
			t.Fatal("waited in vain")
		case <-tick.C:
		}
	}
}

// reply is what a caller sees: the status, whether the connection was there
// before, and whether it is to end.
type reply struct {
	status       int
	reused, ends bool
}

func (s *served) post(path string, body io.Reader) (reply, error) {
	var got reply
	ctx := httptrace.WithClientTrace(s.t.Context(), &httptrace.ClientTrace{
		GotConn: func(conn httptrace.GotConnInfo) { got.reused = conn.Reused },
	})
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+path, body)
	if err != nil {
		return got, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := s.client.Do(request)
	if err != nil {
		return got, err
	}
	defer response.Body.Close()
	got.status, got.ends = response.StatusCode, response.Close
	_, err = io.Copy(io.Discard, response.Body)
	return got, err
}

func (s *served) status(body io.Reader) int {
	s.t.Helper()
	got, err := s.post("/", body)
	if err != nil {
		s.t.Fatal(err)
	}
	return got.status
}

// An API server keeps connections open. To close one at the end loses the
// request that is just on its way, a failed write; so the next answer says
// goodbye, and whoever has not heard of the end is answered, too.
func TestShutdownAnswersWhoHasNotHeardOfIt(t *testing.T) {
	s := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), webhook.Limits{})
	if s.status(strings.NewReader("x")) != http.StatusOK {
		t.Fatal("not answered")
	}
	s.stop()
	s.awaitReady(webhook.ErrDraining)
	for i, name := range []string{"the connection from before", "a new connection"} {
		got, err := s.post("/", strings.NewReader("x"))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if want := (reply{http.StatusOK, i == 0, true}); got != want {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
	}
	close(s.passed)
	if err := <-s.ended; err != nil {
		t.Errorf("the end: %v", err)
	}
	if _, err := s.post("/", strings.NewReader("x")); err == nil {
		t.Error("answered after the end")
	}
}

// An idle connection that the server closes may be the one that a request is just being
// sent on, and the API server sends no request twice. So the caller closes it: by asking
// once more, or because it has been idle for long.
func TestShutdownLeavesKeptConnectionsToTheirCallers(t *testing.T) {
	for name, end := range map[string]func(*served){
		"the caller asks once more": func(s *served) {
			got, err := s.post("/", strings.NewReader("x"))
			if want := (reply{http.StatusOK, true, true}); err != nil || got != want {
				s.t.Errorf("got %+v, %v, want %+v", got, err, want)
			}
		},
		"the caller closes it":         func(s *served) { s.client.CloseIdleConnections() },
		"the caller keeps it for ever": func(s *served) { close(s.enough) },
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), webhook.Limits{})
			if s.status(strings.NewReader("x")) != http.StatusOK {
				t.Fatal("not answered")
			}
			s.stop()
			s.awaitReady(webhook.ErrDraining)
			close(s.passed)
			s.awaitClosed()
			end(s)
			if err := <-s.ended; err != nil {
				t.Errorf("the end: %v", err)
			}
		})
	}
}

// What came in is answered, however long it takes, with a context that is not
// cut off.
func TestShutdownWaitsForTheLastAnswer(t *testing.T) {
	arrived, release := make(chan struct{}), make(chan struct{})
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-release
		if r.Context().Err() != nil {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}), webhook.Limits{})
	status := make(chan int, 1)
	go func() {
		got, err := s.post("/", strings.NewReader("x"))
		if err != nil {
			t.Error(err)
		}
		status <- got.status
	}()
	<-arrived
	s.stop()
	close(s.passed)
	s.awaitClosed()
	select {
	case err := <-s.ended:
		t.Fatalf("ended before the answer: %v", err)
	default:
	}
	close(release)
	if got := <-status; got != http.StatusOK {
		t.Errorf("status %d", got)
	}
	s.client.CloseIdleConnections()
	if err := <-s.ended; err != nil {
		t.Errorf("the end: %v", err)
	}
}

// The API server opens connections ahead of need, and sends the first request
// over one of them after a while. Without a header's timeout as long as that of
// an idle connection, the server closes it as that request comes: a failed write.
func TestConnectionsAheadOfNeedStay(t *testing.T) {
	timeouts := webhook.TimeoutsOf(webhook.ServerOptions{})
	const apiServerIdle = 90 * time.Second // k8s.io/apimachinery/pkg/util/net: IdleConnTimeout
	for name, timeout := range map[string]time.Duration{"idle": timeouts.IdleTimeout, "header": timeouts.ReadHeaderTimeout} {
		if timeout <= apiServerIdle {
			t.Errorf("%s: closed after %s, before the API server does", name, timeout)
		}
	}
	if timeouts.ReadTimeout != 0 {
		t.Errorf("a body has %s from when the connection was opened", timeouts.ReadTimeout)
	}
}

// A body that drips takes its time from when the request began.
func TestBodiesAreReadInTime(t *testing.T) {
	t.Parallel() // it takes all that time
	s := serve(t, http.NotFoundHandler(), webhook.Limits{})
	body, drip := io.Pipe()
	defer drip.Close()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url, body)
	if err != nil {
		t.Fatal(err)
	}
	request.ContentLength = 100
	go func() { _, _ = drip.Write([]byte("x")) }()
	response, err := s.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusBadRequest {
		t.Errorf("status %d", response.StatusCode)
	}
}

func TestAddressInUseEndsTheServer(t *testing.T) {
	first := serve(t, http.NotFoundHandler(), webhook.Limits{})
	second := webhook.NewServer(webhook.ServerOptions{Address: strings.TrimPrefix(first.url, "https://")})
	if err := second.Run(t.Context()); err == nil {
		t.Error("no error")
	}
}

func TestRequestsAreBounded(t *testing.T) {
	s := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }), webhook.Limits{})
	for name, test := range map[string]struct {
		body io.Reader
		want int
	}{
		"the largest that the API server sends": {bytes.NewReader(make([]byte, webhook.MaxBody)), http.StatusOK},
		"one byte more":                         {bytes.NewReader(make([]byte, webhook.MaxBody+1)), http.StatusRequestEntityTooLarge},
		"a length that is not told":             {io.MultiReader(strings.NewReader("x")), http.StatusLengthRequired},
	} {
		t.Run(name, func(t *testing.T) {
			if got := s.status(test.body); got != test.want {
				t.Errorf("status %d, want %d", got, test.want)
			}
		})
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url, strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Long", strings.Repeat("x", 128<<10))
	response, err := s.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("a long header: status %d", response.StatusCode)
	}
}
