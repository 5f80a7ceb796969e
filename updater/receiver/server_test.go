package receiver_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"

	"github.com/garboard-dev/garboard/updater/receiver"
)

// served is a Server that runs.
type served struct {
	*receiver.Server
	address string
	end     context.CancelFunc
	ended   chan error
}

func serve(t *testing.T, handler http.Handler, protection *tls.Config) *served {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	s := &served{address: address, ended: make(chan error, 1), Server: receiver.NewServer(receiver.ServerOptions{
		Address: address, Handler: handler, TLS: protection, Log: logr.Discard(),
	})}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Ready(nil); !errors.Is(err, receiver.ErrNotListening) {
		t.Errorf("before: got %v, want %v", err, receiver.ErrNotListening)
	}
	ctx, end := context.WithCancel(t.Context())
	s.end = end
	go func() { s.ended <- s.Run(ctx) }()
	(&world{t: t}).await("the server", func() bool { return s.Ready(nil) == nil })
	return s
}

// wait is how the server ended.
func (s *served) wait(t *testing.T) error {
	t.Helper()
	select {
	case err := <-s.ended:
		return err
	case <-time.After(20 * time.Second):
		t.Fatal("it does not end")
		return nil
	}
}

func TestTheLastNotificationsAreAnswered(t *testing.T) {
	came, answer := make(chan struct{}), make(chan struct{})
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(came)
		<-answer
		w.WriteHeader(http.StatusAccepted)
	}), nil)
	got := make(chan int, 1)
	go func() {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+s.address+"/v1/webhooks/native", strings.NewReader("{}"))
		response, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Error(err)
			got <- 0
			return
		}
		_ = response.Body.Close()
		got <- response.StatusCode
	}()
	<-came
	s.end()
	(&world{t: t}).await("the end", func() bool { return errors.Is(s.Ready(nil), receiver.ErrDraining) })
	close(answer)
	if status := <-got; status != http.StatusAccepted {
		t.Errorf("answer %d", status)
	}
	if err := s.wait(t); err != nil {
		t.Error(err)
	}
}

func TestAPortThatIsTakenEndsTheProcess(t *testing.T) {
	s := serve(t, http.NotFoundHandler(), nil)
	second := receiver.NewServer(receiver.ServerOptions{Address: s.address, Handler: http.NotFoundHandler(), Log: logr.Discard()})
	if err := second.Run(t.Context()); err == nil {
		t.Error("no error")
	}
	s.end()
	if err := s.wait(t); err != nil {
		t.Error(err)
	}
}

func TestLargeHeadersAreRefused(t *testing.T) {
	s := serve(t, http.NotFoundHandler(), nil)
	defer s.end()
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+s.address, http.NoBody)
	req.Header.Set("Authorization", "Bearer "+strings.Repeat("x", 64<<10))
	response, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("answer %d", response.StatusCode)
	}
}

func TestHTTPSIsServedWithACertificate(t *testing.T) {
	// httptest has a certificate for 127.0.0.1.
	lender := httptest.NewTLSServer(http.NotFoundHandler())
	defer lender.Close()
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "here") }),
		&tls.Config{Certificates: lender.TLS.Certificates, MinVersion: tls.VersionTLS12})
	defer s.end()
	roots := x509.NewCertPool()
	roots.AddCert(lender.Certificate())
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}}
	defer client.CloseIdleConnections()
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+s.address, http.NoBody)
	response, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if text, err := io.ReadAll(response.Body); err != nil || string(text) != "here" {
		t.Errorf("got %q, %v", text, err)
	}
}
