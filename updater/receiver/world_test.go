package receiver_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	"github.com/prometheus/client_golang/prometheus"
	testingclock "k8s.io/utils/clock/testing"

	"github.com/garboard-dev/garboard/updater/poll"
	"github.com/garboard-dev/garboard/updater/receiver"
	"github.com/garboard-dev/garboard/updater/receiver/config"
)

const (
	secret   = "c2VjcmV0LW9mLXRoZS1zZW5kZXI"
	username = "registry"
)

var start = time.Date(2026, 9, 22, 8, 30, 0, 0, time.UTC)

// sink keeps what it is told, and may be full.
type sink struct {
	mu     sync.Mutex
	pushes []poll.Push
	err    error
}

func (s *sink) Pushed(pushes []poll.Push) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.pushes = append(s.pushes, pushes...)
	}
	return s.err
}

// world is a receiver behind a real HTTP server.
type world struct {
	t        testing.TB
	url      string
	sink     *sink
	receiver *receiver.Receiver
	clock    *testingclock.FakePassiveClock
	metrics  *prometheus.Registry

	mu  sync.Mutex
	log strings.Builder
}

func newWorld(t testing.TB, senders ...config.Sender) *world {
	t.Helper()
	return newWorldWithKeys(t, nil, senders...)
}

func newWorldWithKeys(t testing.TB, keys *http.Client, senders ...config.Sender) *world {
	t.Helper()
	w := &world{t: t, sink: &sink{}, clock: testingclock.NewFakePassiveClock(start), metrics: prometheus.NewRegistry()}
	counted, err := receiver.NewMetrics(w.metrics)
	if err != nil {
		t.Fatal(err)
	}
	w.receiver = receiver.New(receiver.Options{
		Sink: w.sink, Metrics: counted, Clock: w.clock, Keys: keys,
		Log: funcr.New(func(_, args string) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.log.WriteString(args + "\n")
		}, funcr.Options{Verbosity: 1}),
	})
	w.receiver.Configure(t.Context(), &config.Config{Senders: senders})
	server := httptest.NewServer(w.receiver)
	t.Cleanup(server.Close)
	w.url = server.URL
	return w
}

// logged is what was logged.
func (w *world) logged() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.String()
}

// post sends a body to a sender's path and returns status and text.
func (w *world) post(path string, header http.Header, body []byte) (int, string) {
	w.t.Helper()
	return w.send(http.MethodPost, path, header, bytes.NewReader(body))
}

func (w *world) send(method, path string, header http.Header, body io.Reader) (int, string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, w.url+receiver.PathPrefix+path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	for name, values := range header {
		req.Header[name] = values
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return response.StatusCode, strings.TrimSpace(string(text))
}

func open(kind config.SenderKind) config.Sender {
	return config.Sender{Name: string(kind), Kind: kind, Auth: config.Auth{Unauthenticated: true}}
}

func payload(t testing.TB, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func headers(pairs ...string) http.Header {
	header := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		header.Set(pairs[i], pairs[i+1])
	}
	return header
}

func sign(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

func signSHA1(secret string, body []byte) string {
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}
