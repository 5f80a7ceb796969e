package registry

import (
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"time"
)

// Defaults of Options, with their reasons.
const (
	defaultUserAgent      = "keelson"
	defaultConnectTimeout = 5 * time.Second
	defaultTLSTimeout     = 5 * time.Second
	// Docker Hub takes 10 to 30 seconds for the lists of giants.
	defaultHeaderTimeout    = 15 * time.Second
	defaultHandshakeTimeout = 20 * time.Second
	defaultTimeout          = 60 * time.Second
	defaultRate             = 10
	defaultBurst            = 20
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
	// UserAgent names the program. The default is "keelson".
	UserAgent string

	// ConnectTimeout and TLSTimeout bound the making of a connection (5 s
	// each), HeaderTimeout the wait for the answer's first byte (15 s),
	// HandshakeTimeout a ping or token (20 s), Timeout a whole read (60 s).
	ConnectTimeout, TLSTimeout, HeaderTimeout time.Duration
	HandshakeTimeout, Timeout                 time.Duration

	// Rate is how many requests a second one host gets, Burst how many at
	// once. The defaults are 10 and 20.
	Rate  float64
	Burst int

	// PageSize is asked for (1,000). MaxTags (100,000), MaxPages (1,000),
	// MaxPageBytes (16 MiB, unpacked) and MaxBytes (64 MiB) are what one list
	// may have; a longer one is an error, never cut.
	PageSize               int
	MaxTags, MaxPages      int
	MaxPageBytes, MaxBytes int64

	// Now is the clock of tokens and pauses. The default is time.Now.
	Now func() time.Time
}

func (o Options) withDefaults() Options {
	o.UserAgent = cmp.Or(o.UserAgent, defaultUserAgent)
	o.ConnectTimeout = cmp.Or(o.ConnectTimeout, defaultConnectTimeout)
	o.TLSTimeout = cmp.Or(o.TLSTimeout, defaultTLSTimeout)
	o.HeaderTimeout = cmp.Or(o.HeaderTimeout, defaultHeaderTimeout)
	o.HandshakeTimeout = cmp.Or(o.HandshakeTimeout, defaultHandshakeTimeout)
	o.Timeout = cmp.Or(o.Timeout, defaultTimeout)
	o.Rate = cmp.Or(o.Rate, defaultRate)
	o.Burst = cmp.Or(o.Burst, defaultBurst)
	o.PageSize = cmp.Or(o.PageSize, defaultPageSize)
	o.MaxTags = cmp.Or(o.MaxTags, defaultMaxTags)
	o.MaxPages = cmp.Or(o.MaxPages, defaultMaxPages)
	o.MaxPageBytes = cmp.Or(o.MaxPageBytes, defaultMaxPageBytes)
	o.MaxBytes = cmp.Or(o.MaxBytes, defaultMaxBytes)
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// hostSet reads Insecure: hosts, each with or without a port.
func hostSet(entries []string) (map[string]bool, error) {
	set := make(map[string]bool, len(entries))
	var faults []error
	for _, entry := range entries {
		host, ok := hostName(entry)
		if !ok {
			faults = append(faults, fmt.Errorf("reading insecure registry %q: a host or host:port is allowed", entry))
			continue
		}
		set[host] = true
	}
	return set, errors.Join(faults...)
}
