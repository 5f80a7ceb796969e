// Package serving runs the HTTP servers of a process, and ends them all in one order:
// not ready, still answering for a delay, no longer listening, kept connections left to
// their callers for a while, the last requests answered.
package serving

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
)

// Why a server is not ready.
var (
	ErrNotListening = errors.New("not listening")
	ErrDraining     = errors.New("shutting down")
)

// Options are what a Server is made of.
type Options struct {
	// What is served, for messages: "admission". Required.
	What string
	// Address to listen on, as host:port. Required.
	Address string
	// TLS has a way to a certificate; nil serves plain HTTP.
	TLS *tls.Config
	// Delay is how long requests are still answered once Run is to end, for callers
	// that do not know yet. The default is none.
	Delay time.Duration
	// Kept is how long, after that, connections from before are still answered, unless
	// their callers close them all: a request of HTTP/1.1 that is on its way when an idle
	// connection is closed is lost. HTTP/2 needs none: it says which requests it still
	// answers. The default is none.
	Kept time.Duration
	// Last is how long the requests that are left may take then. Required.
	Last time.Duration
	// Log tells of the end, and of connections that fail, at debug: a client that reaches
	// the port can make them fail.
	Log logr.Logger
	// Listening is told once where the server listens: the port may be one that was free.
	// The default does nothing.
	Listening func(net.Addr)
	// After tells when a time has passed. The default is time.After.
	After func(time.Duration) <-chan time.Time
}

// Server is one listener with its handler.
type Server struct {
	options Options
	http    *http.Server
	state   atomic.Int32
	open    connections
}

// States of a Server.
const (
	notListening int32 = iota
	listening
	draining
)

// New returns a Server that Run starts. server has the handler and its bounds; the rest
// of it is set here.
func New(server *http.Server, o Options) *Server {
	if o.After == nil {
		o.After = time.After
	}
	s := &Server{options: o, http: server}
	server.Handler = s.parting(server.Handler)
	server.ConnState = s.open.changed
	server.ErrorLog = slog.NewLogLogger(logr.ToSlogHandler(o.Log.V(1)), slog.LevelInfo)
	return s
}

// Ready returns nil while requests are answered and callers are welcome: ErrNotListening
// before and after that, ErrDraining from the beginning of the end.
func (s *Server) Ready() error {
	switch s.state.Load() {
	case listening:
		return nil
	case draining:
		return ErrDraining
	default:
		return ErrNotListening
	}
}

// Run serves until ctx ends, answers for the delay and on the connections that are kept,
// and returns when all requests that came in are answered. What they need has to live as
// long.
func (s *Server) Run(ctx context.Context) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.options.Address)
	if err != nil {
		return fmt.Errorf("serving %s: %w", s.options.What, err)
	}
	if s.options.Listening != nil {
		s.options.Listening(listener.Addr())
	}
	if s.options.TLS != nil {
		listener = tls.NewListener(listener, s.options.TLS)
	}
	background := context.WithoutCancel(ctx) // requests end by themselves
	s.http.BaseContext = func(net.Listener) context.Context { return background }
	ended := make(chan error, 1)
	go func() { ended <- s.http.Serve(listener) }()
	s.state.Store(listening)
	defer s.state.Store(notListening)
	select {
	case err := <-ended:
		return s.failed(err)
	case <-ctx.Done():
	}
	s.state.Store(draining)
	s.options.Log.Info("shutting down", "serves", s.options.What, "delay", s.options.Delay.String())
	if s.options.Delay > 0 {
		select {
		case err := <-ended:
			return s.failed(err)
		case <-s.options.After(s.options.Delay):
		}
	}
	if s.options.Kept > 0 {
		if err := listener.Close(); err != nil {
			return fmt.Errorf("closing the listener for %s at %q: %w", s.options.What, s.options.Address, err)
		}
		if err := <-ended; !errors.Is(err, net.ErrClosed) { // its connections are served on
			return s.failed(err)
		}
		select {
		case <-s.open.none():
		case <-s.options.After(s.options.Kept):
		}
	}
	return s.finish(background)
}

func (s *Server) failed(err error) error {
	return fmt.Errorf("serving %s at %q: %w", s.options.What, s.options.Address, err)
}

// finish waits for the answers to the last requests.
func (s *Server) finish(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, s.options.Last)
	defer cancel()
	if err := s.http.Shutdown(limited); err != nil {
		return errors.Join(fmt.Errorf("answering the last requests for %s: %w", s.options.What, err), s.http.Close())
	}
	return nil
}

// parting asks callers, from the beginning of the end on, to close the connection that
// an answer comes by: their next request finds another replica. Closing it here would
// lose the request that is just being sent.
func (s *Server) parting(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.state.Load() == draining {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}
