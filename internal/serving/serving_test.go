package serving_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/go-logr/logr"

	"github.com/garboard-dev/garboard/internal/serving"
)

// One order for every server: not ready, still answering, closed.
func TestServersEndInOrder(t *testing.T) {
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	passed := make(chan time.Time)
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	server := serving.New(&http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}, serving.Options{
		What: "tests", Address: address, Delay: time.Hour, Last: time.Minute, Log: logr.Discard(),
		After: func(time.Duration) <-chan time.Time { return passed },
	})
	ctx, end := context.WithCancel(t.Context())
	defer end()
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	ready := func(want error) {
		t.Helper()
		for late := time.After(20 * time.Second); !errors.Is(server.Ready(), want); {
			select {
			case <-late:
				t.Fatalf("it is %v, want %v", server.Ready(), want)
			case <-time.After(time.Millisecond):
			}
		}
	}
	ask := func() (closes bool, err error) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(req)
		if err != nil {
			return false, err
		}
		return response.Close, response.Body.Close()
	}
	ready(nil)
	if closes, err := ask(); err != nil || closes {
		t.Errorf("while it serves: closes %v, error %v", closes, err)
	}
	end()
	ready(serving.ErrDraining)
	if closes, err := ask(); err != nil || !closes {
		t.Errorf("while it drains: closes %v, error %v", closes, err)
	}
	close(passed)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	ready(serving.ErrNotListening)
	if _, err := ask(); err == nil {
		t.Error("it is answered after the end")
	}
}
