package status

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/time/rate"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/utils/clock"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/garboard-dev/garboard/internal/printable"
	"github.com/garboard-dev/garboard/internal/serving"
	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/updater/report"
)

// Bounds on what a client that reaches the port can make the updater do.
const (
	// maxAtOnce is how many lists are made at the same time: one of 10,000
	// workloads is some megabytes.
	maxAtOnce = 2
	// maxWait is how long a request waits for its turn.
	maxWait = 5 * time.Second
	// maxHeader is more than the API server's proxy sends.
	maxHeader = 32 << 10

	readTimeout  = 5 * time.Second
	writeTimeout = 30 * time.Second
	idleTimeout  = time.Minute
	stopTimeout  = 5 * time.Second

	maxShown = 100
)

// Options are what a Server is made of.
type Options struct {
	// Address to serve at: host:port.
	Address string
	// Standings returns what is known of a namespace, or of all where it is empty.
	Standings func(namespace string) []report.Standing
	// Leads reports whether this replica does the work, and so knows.
	Leads func() bool
	// Versions tells what the versions of one container are; an error says that it is not
	// followed here. The default is to tell nothing.
	Versions func(ctx context.Context, request VersionsRequest, of []record.Result) (*report.Versions, error)
	// Clock is the time. The default is the real one.
	Clock clock.PassiveClock
}

// Server answers GET /v1/status and /v1/versions. It has no credentials to check: a client
// that can connect reads names of workloads, images and pull Secrets, and reasons, and can
// change nothing. The second may have registries asked about the images of governed workloads, now and then.
type Server struct {
	options             Options
	turns, versionTurns chan struct{}
	questions           *rate.Limiter
}

// NewServer returns a Server that does not listen before it is started.
func NewServer(o Options) *Server {
	if o.Clock == nil {
		o.Clock = clock.RealClock{}
	}
	return &Server{
		options: o, turns: make(chan struct{}, maxAtOnce), versionTurns: make(chan struct{}, maxAtOnce),
		questions: rate.NewLimiter(rate.Every(versionsEvery), versionsBurst),
	}
}

// NeedLeaderElection tells the manager to start the server on every replica: one
// that does not lead says so.
func (s *Server) NeedLeaderElection() bool { return false }

// Start serves until the context ends.
func (s *Server) Start(ctx context.Context) error {
	err := serving.New(&http.Server{
		Handler: s.Handler(), ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
	}, serving.Options{
		What: "status", Address: s.options.Address, Last: stopTimeout, Log: logf.Log.WithName("status"),
	}).Run(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil // a reader that is slow fails no process
	}
	return err
}

// Handler returns what answers the requests.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	notAllowed := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", http.MethodGet)
		refuse(w, http.StatusMethodNotAllowed, metav1.StatusReasonMethodNotAllowed, "allowed: GET")
	}
	mux.HandleFunc("GET "+Path, s.status)
	mux.HandleFunc(Path, notAllowed)
	if s.options.Versions != nil {
		mux.HandleFunc("GET "+VersionsPath, s.versions)
		mux.HandleFunc(VersionsPath, notAllowed)
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusNotFound, metav1.StatusReasonNotFound, "there is only "+Path+" and "+VersionsPath)
	})
	return mux
}

func (s *Server) status(w http.ResponseWriter, r *http.Request) {
	namespace := r.URL.Query().Get(namespaceParameter)
	if namespace != "" && len(validation.IsDNS1123Label(namespace)) > 0 {
		refuse(w, http.StatusBadRequest, metav1.StatusReasonBadRequest,
			fmt.Sprintf("%s: %q: allowed: the name of a namespace", namespaceParameter, printable.Escape(namespace, maxShown)))
		return
	}
	if !s.options.Leads() {
		refuse(w, http.StatusServiceUnavailable, reasonNotLeading, "another replica of the updater leads, and knows")
		return
	}
	if !s.takeTurn(w, r, s.turns) {
		return
	}
	defer func() { <-s.turns }()
	answer(w, http.StatusOK, listOf(s.options.Standings(namespace)))
}

// takeTurn waits for a place among those who are answered. It is false, and the request
// refused, where none is free for too long.
func (s *Server) takeTurn(w http.ResponseWriter, r *http.Request, turns chan struct{}) bool {
	late := time.NewTimer(maxWait)
	defer late.Stop()
	select {
	case turns <- struct{}{}:
		return true
	case <-late.C:
		refuse(w, http.StatusTooManyRequests, metav1.StatusReasonTooManyRequests, "too many requests at once")
	case <-r.Context().Done():
	}
	return false
}

// refuse answers as the API server does, so that its clients know what to make
// of it.
func refuse(w http.ResponseWriter, code int32, reason metav1.StatusReason, message string) {
	answer(w, int(code), &metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
		Status:   metav1.StatusFailure, Code: code, Reason: reason, Message: message,
	})
}

func answer(w http.ResponseWriter, code int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(value) // who has gone needs no answer
}
