package receiver

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

const (
	// What a sender may take: for the header, for all of a request, and for
	// reading the answer, which may have waited for keys.
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	writeTimeout      = readTimeout + 2*proofTimeout
	idleTimeout       = time.Minute
	// maxHeader bounds the header, in bytes; a token of an identity provider is
	// the largest part of one.
	maxHeader = 16 << 10
	// lastAnswers bounds how long the last requests are answered at the end.
	lastAnswers = 5 * time.Second
)

// ErrNotListening says that the port is not open, or not any more.
var ErrNotListening = errors.New("not listening")

// Server serves a Receiver, on every replica.
type Server struct {
	// Address to listen on, as host:port. Required.
	Address string
	// Handler answers. Required.
	Handler http.Handler
	// TLS has a way to a certificate; nil serves plain HTTP.
	TLS *tls.Config
	// Log is told of connections that fail, at debug.
	Log logr.Logger

	listening atomic.Bool
}

// Ready is a readiness check: ErrNotListening while nobody could get through.
func (s *Server) Ready(*http.Request) error {
	if !s.listening.Load() {
		return fmt.Errorf("receiving notifications: %w", ErrNotListening)
	}
	return nil
}

// Run serves until ctx ends and the last requests are answered.
func (s *Server) Run(ctx context.Context) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.Address)
	if err != nil {
		return fmt.Errorf("receiving notifications: %w", err)
	}
	if s.TLS != nil {
		listener = tls.NewListener(listener, s.TLS)
	}
	background := context.WithoutCancel(ctx) // requests end by themselves
	server := &http.Server{
		Handler:           s.Handler,
		ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout,
		WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		BaseContext: func(net.Listener) context.Context { return background },
		ErrorLog:    slog.NewLogLogger(logr.ToSlogHandler(s.Log.V(1)), slog.LevelInfo),
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	s.listening.Store(true)
	defer s.listening.Store(false)
	select {
	case err := <-ended:
		return fmt.Errorf("receiving notifications at %q: %w", s.Address, err)
	case <-ctx.Done():
	}
	s.listening.Store(false)
	limited, cancel := context.WithTimeout(background, lastAnswers)
	defer cancel()
	if err := server.Shutdown(limited); err != nil {
		return errors.Join(fmt.Errorf("answering the last notifications: %w", err), server.Close())
	}
	return nil
}
