package certs

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/certwatcher"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// Files in the folder that a Secret of type kubernetes.io/tls is mounted as.
const (
	CertFile = "tls.crt"
	KeyFile  = "tls.key"
)

// DefaultInterval is how often the files are read where no file system event
// told of a change. The kubelet itself takes about a minute to renew a mounted
// Secret, so a shorter one gains nothing.
const DefaultInterval = 10 * time.Second

// ErrNotLoaded says that no serving certificate has been read yet: the files
// are missing, unreadable or no pair.
var ErrNotLoaded = errors.New("no serving certificate loaded yet")

// ExpiredError says that the certificate being served is past its end: its
// renewal has failed.
type ExpiredError struct {
	// NotAfter is the end of the certificate's validity.
	NotAfter time.Time
}

func (e *ExpiredError) Error() string {
	return fmt.Sprintf("serving certificate expired at %s", e.NotAfter.UTC().Format(time.RFC3339))
}

// WatcherOptions configure a [Watcher].
type WatcherOptions struct {
	// Dir is the folder with [CertFile] and [KeyFile]. Required, unless both files
	// are named.
	Dir string
	// Cert and Key name the two files. The default is those in Dir.
	Cert, Key string
	// Interval between two reads of the files, and between two attempts while
	// there are none. The default is [DefaultInterval].
	Interval time.Duration
	// Registerer receives the expiry metric. The default is none.
	Registerer prometheus.Registerer
	// Now is the clock. The default is time.Now.
	Now func() time.Time
}

// Watcher serves the certificate of a folder and follows its renewals: new
// connections get the new one, open ones go on with theirs. Files that are no
// pair leave the last good pair in service. It is safe for concurrent use.
type Watcher struct {
	certPath, keyPath string
	interval          time.Duration
	now               func() time.Time
	pair              atomic.Pointer[certwatcher.CertWatcher] // nil until the first good pair
}

// NewWatcher reads nothing yet; [Watcher.Start] does. The error is that of a
// missing folder name or of the metric's registration.
func NewWatcher(o WatcherOptions) (*Watcher, error) {
	if o.Dir == "" && (o.Cert == "" || o.Key == "") {
		return nil, errors.New("watching the serving certificate: no folder given")
	}
	w := &Watcher{
		certPath: cmp.Or(o.Cert, filepath.Join(o.Dir, CertFile)),
		keyPath:  cmp.Or(o.Key, filepath.Join(o.Dir, KeyFile)),
		interval: o.Interval,
		now:      o.Now,
	}
	if w.interval <= 0 {
		w.interval = DefaultInterval
	}
	if w.now == nil {
		w.now = time.Now
	}
	if o.Registerer != nil {
		if err := o.Registerer.Register(w.expiryGauge()); err != nil {
			return nil, fmt.Errorf("registering the certificate expiry metric: %w", err)
		}
	}
	return w, nil
}

// Start reads the files, waits for them while they are missing, and follows
// them until ctx ends; then it returns nil. Waiting, rather than failing, keeps
// the Pod from a crash loop whose back-off would outlast the certificate's
// issuance; readiness tells the cluster meanwhile.
func (w *Watcher) Start(ctx context.Context) error {
	logger := log.FromContext(ctx).WithName("certs").WithValues("certificate", w.certPath, "key", w.keyPath)
	ticker := time.NewTicker(w.interval)
	defer ticker.Stop()
	for last := ""; ; {
		// Comes back with an error when a file is missing, or vanishes before it
		// is watched: both pass, so the next round tries again.
		err := w.follow(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil && err.Error() != last {
			last = err.Error() // Said once, not at each attempt.
			logger.Info("Waiting for the serving certificate", "reason", last)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

func (w *Watcher) follow(ctx context.Context) error {
	pair, err := certwatcher.New(w.certPath, w.keyPath)
	if err != nil {
		return fmt.Errorf("reading the serving certificate: %w", err)
	}
	w.pair.Store(pair)
	return pair.WithWatchInterval(w.interval).Start(ctx)
}

// NeedLeaderElection says that each replica of the webhook serves, so each
// watches.
func (*Watcher) NeedLeaderElection() bool { return false }

// GetCertificate is for tls.Config. Until the first pair is read it returns
// [ErrNotLoaded].
func (w *Watcher) GetCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	pair := w.pair.Load()
	if pair == nil {
		return nil, ErrNotLoaded
	}
	return pair.GetCertificate(hello)
}

// Ready is a readiness check: an error ([ErrNotLoaded], [ExpiredError]) while
// the API server could not complete a handshake. The start of the validity is
// not looked at: a node whose clock is a little behind would take itself out
// right after each renewal.
func (w *Watcher) Ready(*http.Request) error {
	cert, err := w.GetCertificate(nil)
	if err != nil {
		return fmt.Errorf("waiting for %q and %q: %w", w.certPath, w.keyPath, err)
	}
	if end := cert.Leaf.NotAfter; w.now().After(end) {
		return &ExpiredError{NotAfter: end}
	}
	return nil
}

func (w *Watcher) expiryGauge() prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: "garboard",
		Name:      "serving_certificate_expiry_timestamp_seconds",
		Help:      "When the webhook's serving certificate expires, in seconds since 1970; 0 while none is loaded.",
	}, func() float64 {
		cert, err := w.GetCertificate(nil)
		if err != nil {
			return 0
		}
		return float64(cert.Leaf.NotAfter.Unix())
	})
}
