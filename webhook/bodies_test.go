package webhook_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/garboard-dev/garboard/webhook"
)

// stalled is the request of a client that sends all of its body but the end, and the
// answer to it.
type stalled struct {
	*httptest.ResponseRecorder
	body *io.PipeReader
	rest *io.PipeWriter
	done chan struct{}
}

// SetReadDeadline ends reads once a moment of the past is set.
func (s *stalled) SetReadDeadline(at time.Time) error {
	if at.Before(time.Now()) {
		return s.body.CloseWithError(os.ErrDeadlineExceeded)
	}
	return nil
}

// stall has a handler read all of a body but its end.
func stall(t *testing.T, handler http.Handler, size int) *stalled {
	t.Helper()
	s := &stalled{ResponseRecorder: httptest.NewRecorder(), done: make(chan struct{})}
	s.body, s.rest = io.Pipe()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", s.body)
	request.ContentLength = int64(size)
	go func() {
		defer close(s.done)
		handler.ServeHTTP(s, request)
		_ = s.body.Close() // nothing more is read
	}()
	// What is empty is taken once the handler reads on.
	for _, part := range [][]byte{make([]byte, size-1), {}} {
		if _, err := s.rest.Write(part); err != nil {
			<-s.done
			t.Fatalf("a body of %d bytes is not read: status %d", size, s.Code)
		}
	}
	return s
}

// A client that reaches the port can send nearly all of some bodies, and no more for as long
// as a body may take. That must turn nobody else away, and keep no memory.
func TestBodiesThatStopBeforeTheirEndTakeNoRoom(t *testing.T) {
	metrics, err := webhook.NewMetrics(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	handler := webhook.TimeoutsOf(webhook.ServerOptions{Limits: webhook.Limits{Metrics: metrics}, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(w, r.Body)
	})}).Handler
	first := stall(t, handler, webhook.MaxBody)
	others := []*stalled{stall(t, handler, webhook.MaxBody), stall(t, handler, 2<<20)}
	last := stall(t, handler, 1<<20)
	if _, err := last.rest.Write([]byte{0}); err != nil {
		t.Fatal(err)
	}
	if err := last.rest.Close(); err != nil {
		t.Fatal(err)
	}
	<-last.done
	if last.Code != http.StatusOK || last.Body.Len() != 1<<20 {
		t.Errorf("a body that is sent whole: status %d, %d bytes", last.Code, last.Body.Len())
	}
	<-first.done
	if first.Code != http.StatusServiceUnavailable {
		t.Errorf("the body that began first: status %d, want %d", first.Code, http.StatusServiceUnavailable)
	}
	for _, other := range others { // for which there is room again
		if err := other.rest.Close(); err != nil {
			t.Fatal(err)
		}
		<-other.done
		if other.Code != http.StatusOK {
			t.Errorf("a body that needed not give way: status %d", other.Code)
		}
	}
}

// A registry that hangs must not fill the room of bodies by large objects that wait for it.
func TestLargeObjectsThatWaitLeaveRoom(t *testing.T) {
	w := newWorld(t, "1.2.0", "1.2.7")
	s := serve(t, w.mux, webhook.Limits{Metrics: w.metrics})
	warm := w.deployment("patch", "1.2.0")
	s.review(webhook.MutatePath, write{object: warm}.review()) // reads the list

	asked, release := make(chan struct{}), make(chan struct{})
	hang := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		select {
		case asked <- struct{}{}:
		case <-release:
		}
		<-release
	})
	w.fault.Store(&hang)
	large := func(repository string) []byte {
		object := strings.ReplaceAll(w.deployment("patch", "1.2.0"), w.host+"/app", w.host+"/"+repository)
		return write{object: strings.Replace(object, `"kept":true`, `"kept":`+quoted(strings.Repeat("x", 5<<20)), 1)}.review()
	}
	type result struct {
		status int
		body   string
		err    error
	}
	post := func(review []byte) <-chan result {
		answered := make(chan result, 1)
		go func() {
			response, err := s.client.Post(s.url+webhook.MutatePath+"?timeout=30s", "application/json", bytes.NewReader(review))
			if err != nil {
				answered <- result{err: err}
				return
			}
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			answered <- result{response.StatusCode, string(body), err}
		}()
		return answered
	}
	first := post(large("first"))
	<-asked
	for _, repository := range []string{"second", "third"} {
		select {
		case got := <-post(large(repository)):
			if got.err != nil || got.status != http.StatusOK || !strings.Contains(got.body, "too many requests to wait") {
				t.Errorf("%s: status %d, error %v, and no warning in %.500q", repository, got.status, got.err, got.body)
			}
		case <-asked:
			t.Errorf("%s waits for its registry, too", repository)
		}
	}
	if response := s.review(webhook.MutatePath, write{object: warm}.review()); len(response.Patch) == 0 {
		t.Errorf("a small object whose list is known: %+v", response)
	}
	close(release)
	<-first
}

// Three megabytes of tolerations, as anybody may send who may create a workload, are ninety in
// memory. They must neither wait there for a registry nor be read beside many others.
func TestObjectsOfManySmallValuesDoNotFillTheMemory(t *testing.T) {
	w := newWorld(t, "1.2.0", "1.2.7")
	s := serve(t, w.mux, webhook.Limits{Metrics: w.metrics})
	hang := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	w.fault.Store(&hang)
	review := func(item string) []byte {
		list := "[" + strings.Repeat(item+",", (3<<20)/len(item)) + item + "]"
		return write{object: strings.Replace(w.deployment("patch", "1.2.0"), `"containers":`, `"tolerations":`+list+`,"containers":`, 1)}.review()
	}
	for name, tt := range map[string]struct {
		item   string
		status int
		answer string
	}{
		"tolerations, which the API server passes on": {`{"key":"a"}`, http.StatusOK, "too many requests to wait"},
		"what would fill the memory by itself":        {`{"":1}`, http.StatusRequestEntityTooLarge, "too large"},
	} {
		t.Run(name, func(t *testing.T) {
			response, err := s.client.Post(s.url+webhook.MutatePath+"?timeout=30s", "application/json", bytes.NewReader(review(tt.item)))
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			if err != nil || response.StatusCode != tt.status || !strings.Contains(string(body), tt.answer) {
				t.Errorf("status %d, error %v, want %d and %q in %.500q", response.StatusCode, err, tt.status, tt.answer, body)
			}
		})
	}
}
