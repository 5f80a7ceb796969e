// Package slacktest plays Slack for tests: as much of its web API and of socket mode as an
// app meets that posts messages and hears of buttons and commands.
package slacktest

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// Call is a request to Slack's API: what it asks for, and with what.
type Call struct {
	Method string
	Values map[string]string
}

// Server speaks as much of Slack's API and socket mode as an app meets.
type Server struct {
	*httptest.Server
	t *testing.T

	mu      sync.Mutex
	calls   []Call
	acks    []string
	conn    *websocket.Conn
	refusal map[string]string // by method: the error that is answered next
	told    chan struct{}     // a change of any of these
}

// New returns a Server that ends with the test.
func New(t *testing.T) *Server {
	t.Helper()
	s := &Server{t: t, refusal: map[string]string{}, told: make(chan struct{}, 100)}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

// ServeHTTP answers as https://api.slack.com/apis/socket-mode and /methods say.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	method := strings.TrimPrefix(r.URL.Path, "/api/")
	if method == "socket" {
		s.listen(w, r)
		return
	}
	if err := r.ParseForm(); err != nil {
		s.t.Error(err)
	}
	values := map[string]string{"authorization": r.Header.Get("Authorization")}
	for key := range maps.Keys(r.Form) {
		values[key] = r.Form.Get(key)
	}
	s.mu.Lock()
	s.calls = append(s.calls, Call{method, values})
	number := len(s.calls)
	refusal := s.refusal[method]
	delete(s.refusal, method)
	s.mu.Unlock()
	s.tell()
	answer := map[string]any{"ok": true, "url": "ws" + strings.TrimPrefix(s.URL, "http") + "/api/socket", "channel": values["channel"], "ts": strconv.Itoa(number)}
	switch {
	case refusal == "ratelimited":
		w.Header().Set("Retry-After", "30")
		w.WriteHeader(http.StatusTooManyRequests)
		return
	case refusal != "":
		answer = map[string]any{"ok": false, "error": refusal}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}

func (s *Server) listen(w http.ResponseWriter, r *http.Request) {
	conn, err := (&websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}).Upgrade(w, r, nil)
	if err != nil {
		s.t.Error(err)
		return
	}
	defer func() { _ = conn.Close() }()
	if err := conn.WriteJSON(map[string]any{"type": "hello", "num_connections": 1}); err != nil {
		return
	}
	s.mu.Lock()
	s.conn = conn
	s.mu.Unlock()
	s.tell()
	for {
		var ack struct {
			EnvelopeID string `json:"envelope_id"`
		}
		if conn.ReadJSON(&ack) != nil {
			return
		}
		s.mu.Lock()
		s.acks = append(s.acks, ack.EnvelopeID)
		s.mu.Unlock()
		s.tell()
	}
}

func (s *Server) tell() {
	select {
	case s.told <- struct{}{}:
	default:
	}
}

// Await waits until something is so. is may look at the Server, and must not call it.
func (s *Server) Await(what string, is func() bool) {
	s.t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		s.mu.Lock()
		done := is()
		s.mu.Unlock()
		if done {
			return
		}
		select {
		case <-s.told:
		case <-time.After(20 * time.Millisecond): // what is no call, such as a metric
		case <-deadline:
			s.t.Fatalf("waited in vain for %s; calls: %v, acknowledged: %v", what, s.calls, s.acks)
		}
	}
}

// Calls returns all calls so far.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// APIURL is where the web API is.
func (s *Server) APIURL() string { return s.URL + "/api/" }

// AwaitConnection waits for a connection other than the given one, and returns it.
func (s *Server) AwaitConnection(other *websocket.Conn) *websocket.Conn {
	s.t.Helper()
	var found *websocket.Conn
	s.Await("a connection", func() bool {
		found = s.conn
		return found != other
	})
	return found
}

// Send is an envelope to the app.
func (s *Server) Send(kind, id string, payload any) {
	s.t.Helper()
	conn := s.AwaitConnection(nil)
	envelope := map[string]any{"type": kind, "envelope_id": id, "payload": payload, "accepts_response_payload": true}
	if err := conn.WriteJSON(envelope); err != nil {
		s.t.Fatal(err)
	}
}

// AwaitCalls waits for so many calls of a method.
func (s *Server) AwaitCalls(method string, n int) {
	s.t.Helper()
	s.Await(method, func() bool {
		calls := 0
		for _, c := range s.calls {
			if c.Method == method {
				calls++
			}
		}
		return calls >= n
	})
}

// AwaitAnswer waits for what one person is told, and returns it.
func (s *Server) AwaitAnswer(person string) string {
	s.t.Helper()
	var text string
	s.Await("an answer", func() bool {
		at := slices.IndexFunc(s.calls, func(c Call) bool { return c.Method == "chat.postEphemeral" && c.Values["user"] == person })
		if at < 0 {
			return false
		}
		text = s.calls[at].Values["text"]
		return true
	})
	return text
}

// AwaitAck waits until the app has acknowledged an envelope.
func (s *Server) AwaitAck(id string) {
	s.t.Helper()
	s.Await("an acknowledgement", func() bool { return slices.Contains(s.acks, id) })
}

// Of returns the calls of a method.
func (s *Server) Of(method string) []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.calls), func(c Call) bool { return c.Method != method })
}

// Refuse has the next call of a method answered with an error.
func (s *Server) Refuse(method, refusal string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusal[method] = refusal
}
