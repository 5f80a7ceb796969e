package webhook

import (
	"crypto/tls"
	"net/http"
	"time"

	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/garboard-dev/garboard/internal/serving"
)

const (
	// DefaultShutdownDelay is for ServerOptions.ShutdownDelay.
	DefaultShutdownDelay = 5 * time.Second

	// What a caller may take for its part. The API server sends a request in one
	// go; a caller that sends slowly is another.
	readTimeout  = 10 * time.Second
	writeTimeout = readTimeout + maxTimeout
	// idleTimeout is longer than the API server's own, 90 s: the side that closes an
	// idle connection first must not be the one that gets requests on it, or a
	// request that is on its way is lost. It is the header's timeout too, as that
	// one begins with the connection: the API server opens some ahead of need.
	idleTimeout = 150 * time.Second
	// keptFor is how long connections are left to their callers at the end, for the same
	// reason: longer than the API server keeps an idle one.
	keptFor   = 95 * time.Second
	maxHeader = 64 << 10
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
	// callers that have not heard of it. What they keep open is answered after that, until
	// they close it or 95 seconds have passed. With none, the zero value, all is closed at
	// once.
	ShutdownDelay time.Duration
	// After tells when a time has passed. The default is time.After.
	After func(time.Duration) <-chan time.Time
}

// Server serves the webhooks over HTTPS. It is not controller-runtime's, which
// closes its listener, and the idle connections of API servers, the moment it is
// told to stop: a request that is on its way then is a failed write.
type Server struct{ *serving.Server }

// Why a Server is not ready.
var (
	ErrNotListening = serving.ErrNotListening
	ErrDraining     = serving.ErrDraining
)

// NewServer returns a Server that Run starts. What requests need (caches, most of all)
// has to live until Run returns.
func NewServer(o ServerOptions) *Server {
	var kept time.Duration
	if o.ShutdownDelay > 0 {
		kept = keptFor
	}
	return &Server{serving.New(httpServer(o), serving.Options{
		What: "admission", Address: o.Address, TLS: o.TLS, Delay: o.ShutdownDelay, Kept: kept, Last: maxTimeout,
		Log: logf.Log.WithName("serving"), After: o.After,
	})}
}

// httpServer has no ReadTimeout, which would begin with the connection: a request is
// read within readTimeout of its header.
func httpServer(o ServerOptions) *http.Server {
	return &http.Server{
		Handler:           timely(newInFlightLimiter(o.Handler, o.Limits)),
		ReadHeaderTimeout: idleTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
	}
}

// Ready is a readiness check: ErrNotListening before, ErrDraining once the end
// has begun, which is before the listener closes.
func (s *Server) Ready(*http.Request) error { return s.Server.Ready() }

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
