package receiver

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"time"

	"github.com/go-logr/logr"

	"github.com/garboard-dev/garboard/internal/serving"
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

// Why a Server is not ready.
var (
	ErrNotListening = serving.ErrNotListening
	ErrDraining     = serving.ErrDraining
)

// ServerOptions are what a Server is made of.
type ServerOptions struct {
	// Address to listen on, as host:port. Required.
	Address string
	// Handler answers. Required.
	Handler http.Handler
	// TLS has a way to a certificate; nil serves plain HTTP.
	TLS *tls.Config
	// Log is told of connections that fail, at debug.
	Log logr.Logger
}

// Server serves a Receiver, on every replica.
type Server struct{ *serving.Server }

// NewServer returns a Server that Run starts.
func NewServer(o ServerOptions) *Server {
	return &Server{serving.New(&http.Server{
		Handler:           o.Handler,
		ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout,
		WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
	}, serving.Options{
		What: "push notifications", Address: o.Address, TLS: o.TLS, Last: lastAnswers, Log: o.Log,
	})}
}

// Ready is a readiness check: it returns an error while no sender could get through.
func (s *Server) Ready(*http.Request) error {
	if err := s.Server.Ready(); err != nil {
		return fmt.Errorf("receiving notifications: %w", err)
	}
	return nil
}
