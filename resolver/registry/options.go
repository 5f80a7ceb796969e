package registry

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/garboard-dev/garboard/resolver/registry/config"
	"github.com/garboard-dev/garboard/resolver/registry/transport"
)

// Defaults of Options, with their reasons.
const (
	defaultUserAgent      = "garboard"
	defaultConnectTimeout = 5 * time.Second
	defaultTLSTimeout     = 5 * time.Second
	// Docker Hub takes 10 to 30 seconds for the lists of giants.
	defaultHeaderTimeout    = 15 * time.Second
	defaultBodyTimeout      = 10 * time.Second
	defaultHandshakeTimeout = 20 * time.Second
	defaultTimeout          = 60 * time.Second
	defaultRate             = 10
	defaultBurst            = 20
	defaultConcurrency      = 4
	// Amazon ECR refuses more than a thousand.
	defaultPageSize     = 1000
	defaultMaxTags      = 100_000
	defaultMaxPages     = 1000
	defaultMaxPageBytes = 16 << 20
	defaultMaxBytes     = 64 << 20
)

// Options of a Client. The zero value is that of a webhook on the open
// internet: TLS, and public addresses alone.
type Options struct {
	// Config are the registry settings; see Client.Reconfigure. The default is
	// none: every registry is asked, where its references say. What Config says
	// of a registry goes before the fields below.
	Config *config.Config
	// Insecure are the registries, as host or host:port, that are spoken to in
	// plain HTTP. Loopback names (localhost, *.localhost, 127.0.0.0/8, ::1)
	// need no entry. Where plain HTTP is answered as a TLS server does, TLS is
	// used, with the usual check of the certificate.
	Insecure []string
	// Private are the hosts whose addresses may be loopback, link-local,
	// private or otherwise not of the public internet: host, host:port, an
	// address, a CIDR that the addresses lie in, or * for every host. With *
	// the link-local and metadata addresses still need a reference that names
	// them: no redirect and no token service leads there. An HTTPS proxy from
	// the environment is such a host too, if its address is private; what the
	// proxy then connects to is the proxy's own matter.
	Private []string
	// RootCAs verify registries. The default is the system's.
	RootCAs *x509.CertPool
	// UserAgent names the program. The default is "garboard".
	UserAgent string

	// ConnectTimeout and TLSTimeout bound the making of a connection (5 s
	// each), HeaderTimeout the wait for the answer's first byte (15 s),
	// HandshakeTimeout a ping or token (20 s), Timeout a whole read (60 s).
	ConnectTimeout, TLSTimeout, HeaderTimeout time.Duration
	HandshakeTimeout, Timeout                 time.Duration
	// BodyTimeout is how long a body may take for each 10 KiB (10 s).
	BodyTimeout time.Duration

	// Rate is how many requests a second one host gets, Burst how many at
	// once. The defaults are 10 and 20.
	Rate  float64
	Burst int
	// Concurrency is how many requests to one host may be under way at once,
	// the reading of the answer included. The default is 4.
	Concurrency int

	// PageSize is asked for (1,000). MaxTags (100,000), MaxPages (1,000),
	// MaxPageBytes (16 MiB, unpacked) and MaxBytes (64 MiB) are what one list
	// may have; a longer one is an error, never cut.
	PageSize               int
	MaxTags, MaxPages      int
	MaxPageBytes, MaxBytes int64

	// Metrics counts requests; nil is nothing. Several clients may share one.
	Metrics *transport.Metrics
	// Trace, if set, is called after each request, from several goroutines at
	// once. It must not block: the request waits for it.
	Trace func(Request)
	// Span, if set, is called before each request with its context, and what it
	// returns after it, as Trace is.
	Span func(ctx context.Context) func(Request)

	// Now is the clock of tokens and pauses. The default is time.Now.
	Now func() time.Time
	// Jitter is the chance by which pauses of our own choice are shortened: a
	// number of at least 0 and at most 1, where 1 leaves them whole. It is
	// called from several goroutines at once. The default is rand.Float64.
	Jitter func() float64
}

func (o Options) withDefaults() Options {
	o.UserAgent = cmp.Or(o.UserAgent, defaultUserAgent)
	o.ConnectTimeout = cmp.Or(o.ConnectTimeout, defaultConnectTimeout)
	o.TLSTimeout = cmp.Or(o.TLSTimeout, defaultTLSTimeout)
	o.HeaderTimeout = cmp.Or(o.HeaderTimeout, defaultHeaderTimeout)
	o.BodyTimeout = cmp.Or(o.BodyTimeout, defaultBodyTimeout)
	o.HandshakeTimeout = cmp.Or(o.HandshakeTimeout, defaultHandshakeTimeout)
	o.Timeout = cmp.Or(o.Timeout, defaultTimeout)
	o.Rate = cmp.Or(o.Rate, defaultRate)
	o.Burst = cmp.Or(o.Burst, defaultBurst)
	if o.Concurrency <= 0 {
		o.Concurrency = defaultConcurrency
	}
	o.PageSize = cmp.Or(o.PageSize, defaultPageSize)
	o.MaxTags = cmp.Or(o.MaxTags, defaultMaxTags)
	o.MaxPages = cmp.Or(o.MaxPages, defaultMaxPages)
	o.MaxPageBytes = cmp.Or(o.MaxPageBytes, defaultMaxPageBytes)
	o.MaxBytes = cmp.Or(o.MaxBytes, defaultMaxBytes)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Jitter == nil {
		o.Jitter = rand.Float64
	}
	return o
}

// hostSet reads Insecure: hosts, each with or without a port.
func hostSet(entries []string) (map[string]bool, error) {
	set := make(map[string]bool, len(entries))
	var faults []error
	for _, entry := range entries {
		host, ok := transport.NormalizeHost(entry)
		if !ok {
			faults = append(faults, fmt.Errorf("reading insecure registry %q: a host or host:port is allowed", entry))
			continue
		}
		set[host] = true
	}
	return set, errors.Join(faults...)
}
