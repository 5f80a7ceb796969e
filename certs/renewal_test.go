package certs_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/garboard-dev/garboard/certs"
)

// Every call that the API server makes while a certificate is renewed has to be
// answered, over new connections and over a kept one.
func TestRenewalLosesNoRequest(t *testing.T) {
	const renewals, callsEach = 10, 5
	ca, volume := newAuthority(t), newVolume(t)
	issued := ca.issue(t, time.Now().Add(time.Hour))
	volume.publish(t, issued)
	w := start(t, certs.WatcherOptions{Dir: volume.dir})
	eventually(t, "the watcher is ready", func() bool { return w.Ready(nil) == nil })
	server := serve(t, w)
	fresh, kept := newClient(t, ca, true), newClient(t, ca, false)
	first := ask(t.Context(), t, kept, server.URL)

	var calls atomic.Int64
	var enough atomic.Bool
	var caller sync.WaitGroup
	defer caller.Wait()
	defer enough.Store(true)
	caller.Go(func() {
		for ; !enough.Load(); calls.Add(1) {
			ask(t.Context(), t, fresh, server.URL)
		}
	})
	for range renewals {
		issued = ca.issue(t, time.Now().Add(time.Hour))
		before := calls.Load()
		volume.publish(t, issued)
		eventually(t, "the renewed certificate is served, and calls went on", func() bool {
			return serves(w, issued.serial) && calls.Load() >= before+callsEach
		})
	}
	enough.Store(true)
	caller.Wait()

	if got := ask(t.Context(), t, fresh, server.URL); got != issued.serial {
		t.Errorf("certificate of a new connection: got %d, want the last one, %d", got, issued.serial)
	}
	if got := ask(t.Context(), t, kept, server.URL); got != first {
		t.Errorf("certificate of the kept connection: got %d, want its own, %d", got, first)
	}
}

func serve(t *testing.T, w *certs.Watcher) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(rw, "ok")
	}))
	listener := tls.NewListener(server.Listener, &tls.Config{GetCertificate: w.GetCertificate, MinVersion: tls.VersionTLS12})
	server.Listener = listener
	server.Start()
	server.URL = "https://" + listener.Addr().String()
	t.Cleanup(server.Close)
	return server
}

func newClient(t *testing.T, ca *authority, newConnections bool) *http.Client {
	t.Helper()
	transport := &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: ca.pool(), ServerName: serverName, MinVersion: tls.VersionTLS12},
		DisableKeepAlives: newConnections,
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 10 * time.Second}
}

// ask makes one request, which must succeed, and returns the serial number of
// the certificate that answered, 0 after a fault.
func ask(ctx context.Context, t *testing.T, client *http.Client, url string) int64 {
	t.Helper()
	serial, err := request(ctx, client, url)
	if err != nil {
		t.Errorf("request during a renewal: %v", err)
	}
	return serial
}

func request(ctx context.Context, client *http.Client, url string) (int64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, http.NoBody)
	if err != nil {
		return 0, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	if _, err := io.ReadAll(resp.Body); err != nil {
		return 0, err
	}
	if resp.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("status %d", resp.StatusCode)
	}
	return resp.TLS.PeerCertificates[0].SerialNumber.Int64(), nil
}
