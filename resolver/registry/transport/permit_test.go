package transport

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestPermitLastsAsLongAsTheBody(t *testing.T) {
	for name, end := range map[string]func(*http.Response){
		"closed": func(resp *http.Response) { _ = resp.Body.Close() },
		"read":   func(resp *http.Response) { _, _ = io.Copy(io.Discard, resp.Body) },
	} {
		t.Run(name, func(t *testing.T) {
			host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") }))
			t.Cleanup(host.Close)
			n := testNetwork(t)
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, host.URL, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := n.Connect(Settings{}).Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			held := func() int { return len(n.traffic.host(req.URL.Host).slots) }
			if held() != 1 {
				t.Errorf("%d permits are held by an unread body, want 1", held())
			}
			end(resp)
			_ = resp.Body.Close() // once more
			if held() != 0 {
				t.Errorf("%d permits are held after the body, want none", held())
			}
		})
	}
}

func TestWaitForAPermitEndsWithTheDeadline(t *testing.T) {
	host := testNetwork(t).traffic.host("a")
	ctx, leave := context.WithCancel(t.Context())
	if err := host.queue(ctx, host.slots); err != nil {
		t.Fatal(err)
	}
	second := make(chan error)
	go func() { second <- host.queue(ctx, host.slots) }()
	leave()
	if err := <-second; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
}

// testNetwork reaches 127.0.0.1, with one request to a host at a time.
func testNetwork(t *testing.T) *Network {
	t.Helper()
	n, err := NewNetwork(Options{
		Private: []string{"127.0.0.1"}, UserAgent: "test",
		ConnectTimeout: time.Second, TLSTimeout: time.Second, HeaderTimeout: time.Second, BodyTimeout: time.Second,
		Pace: func(string) Pace { return Pace{Rate: 1, Burst: 9, Concurrency: 1} },
		Now:  time.Now, Jitter: func() float64 { return 1 },
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
