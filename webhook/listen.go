package webhook

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
)

const (
	// DefaultShutdownDelay is for ServerOptions.ShutdownDelay.
	DefaultShutdownDelay = 5 * time.Second

	// What a caller may take for its part. The API server sends a request in one
	// go; a caller that drips is another.
	readTimeout  = 10 * time.Second
	writeTimeout = readTimeout + maxTimeout
	// idleTimeout is longer than the API server's own, 90 s: whoever closes an
	// idle connection first must not be the one that gets requests on it, or a
	// request that is on its way is lost. It is the header's timeout too, as that
	// one begins with the connection: the API server opens some ahead of need.
	idleTimeout = 150 * time.Second
	maxHeader   = 64 << 10
)

// ServerOptions are what a Server is made of.
type ServerOptions struct {
	// Address to listen on, as host:port. Required.
	Address string
	// TLS must have a way to a certificate. Required.
	TLS *tls.Config
	// Handler has the webhooks. Required.
	Handler http.Handler
	// Limits bound the requests.
	Limits Limits
	// ShutdownDelay is how long the listener stays open once Run is to end, for
	// callers that have not heard of it. None is the zero value.
	ShutdownDelay time.Duration
	// After tells when a time has passed. The default is time.After.
	After func(time.Duration) <-chan time.Time
}

// Server serves the webhooks over HTTPS. It is not controller-runtime's, which
// closes its listener, and the idle connections of API servers, the moment it is
// told to stop: a request that is on its way then is a failed write.
type Server struct {
	options ServerOptions
	state   atomic.Int32
}

// States of a Server.
const (
	notListening int32 = iota
	listening
	draining
)

// Why a Server is not ready.
var (
	ErrNotListening = errors.New("not listening yet")
	ErrDraining     = errors.New("shutting down")
)

// NewServer returns a Server that Run starts.
func NewServer(o ServerOptions) *Server {
	if o.After == nil {
		o.After = time.After
	}
	return &Server{options: o}
}

// Ready is a readiness check: ErrNotListening before, ErrDraining once the end
// has begun, which is before the listener closes.
func (s *Server) Ready(*http.Request) error {
	switch s.state.Load() {
	case listening:
		return nil
	case draining:
		return ErrDraining
	default:
		return ErrNotListening
	}
}

// Run serves until ctx ends, then goes in peace: it is not ready from that
// moment on, goes on to answer for the delay, and returns when all that came in
// is answered. What requests need (caches, most of all) has to live as long.
func (s *Server) Run(ctx context.Context) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.options.Address)
	if err != nil {
		return fmt.Errorf("serving admission: %w", err)
	}
	background := context.WithoutCancel(ctx) // requests end by themselves
	logger := logf.FromContext(ctx).WithName("serving")
	server := s.http(background, logger)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(tls.NewListener(listener, s.options.TLS)) }()
	s.state.Store(listening)
	select {
	case err := <-ended:
		return fmt.Errorf("serving admission at %q: %w", s.options.Address, err)
	case <-ctx.Done():
	}
	s.state.Store(draining)
	logger.Info("shutting down", "delay", s.options.ShutdownDelay.String())
	select {
	case err := <-ended:
		return fmt.Errorf("serving admission at %q: %w", s.options.Address, err)
	case <-s.options.After(s.options.ShutdownDelay):
	}
	limited, cancel := context.WithTimeout(background, maxTimeout)
	defer cancel()
	if err := server.Shutdown(limited); err != nil {
		return errors.Join(fmt.Errorf("answering the last requests: %w", err), server.Close())
	}
	return nil
}

// http has no ReadTimeout, which would begin with the connection: a request is
// read within readTimeout of its header.
func (s *Server) http(background context.Context, logger logr.Logger) *http.Server {
	return &http.Server{
		Handler:           s.parting(timely(newGate(s.options.Handler, s.options.Limits))),
		ReadHeaderTimeout: idleTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		BaseContext: func(net.Listener) context.Context { return background },
		// At debug: whoever reaches the port can make handshakes fail.
		ErrorLog: slog.NewLogLogger(logr.ToSlogHandler(logger.V(1)), slog.LevelInfo),
	}
}

// timely gives a body its time from here on.
func timely(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := http.NewResponseController(w).SetReadDeadline(time.Now().Add(readTimeout)); err != nil {
			http.Error(w, "the request cannot be read", http.StatusInternalServerError)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// parting asks callers, from the beginning of the end on, to close the
// connection that an answer comes by: their next request finds another replica.
// To close it ourselves would lose the request that is just being sent.
func (s *Server) parting(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.state.Load() == draining {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}
