// Package config reads the registry settings file: which registries may be
// asked, where their mirrors are, and how each is spoken to. It is pure but for
// the certificate, key and password files that the settings name.
package config

import (
	"crypto/tls"
	"crypto/x509"
	"net/url"
	"time"
)

// Config is a registry settings file, read and found to be good. It never
// changes. The zero value allows every registry and sets nothing.
type Config struct {
	// Allow are the repositories that may be asked; none means all. Deny are
	// those that may not; it counts before Allow.
	Allow, Deny []Pattern
	// Registries are the settings, the most specific prefix first.
	Registries []Registry
}

// Registry is what holds for the repositories under a prefix. Zero values are
// the client's defaults.
type Registry struct {
	Prefix Pattern
	// Mirrors are asked, in order, before the registry itself. Those that the
	// settings do not let resolve tags are left out.
	Mirrors []Endpoint
	// Server is how the registry itself is reached; its URL is nil where it is
	// the host of the image reference, and names another host where requests go
	// there instead (containerd's `server`).
	Server Endpoint

	// RequestsPerSecond and Burst are a host's pace, Concurrency how many
	// requests may be under way at once.
	RequestsPerSecond float64
	Burst             int
	Concurrency       int
	// PageSize is asked for of a tag list.
	PageSize int
	// PollMinimum is the shortest time between two polls of a repository.
	PollMinimum time.Duration
	// Credentials are for the registry itself, never for its mirrors: the same
	// as those of Server. Nil is none.
	Credentials *Credentials
}

// Endpoint is one place that answers for a registry.
type Endpoint struct {
	// URL is scheme, host and path. Without OverridePath, /v2 follows the path,
	// as containerd has it; with it, the path is complete.
	URL          *url.URL
	OverridePath bool
	// PlainHTTP speaks HTTP to a registry whose URL is not given.
	PlainHTTP bool
	// Private lets its host have loopback, link-local or private addresses.
	Private bool
	// RootCAs verify it; nil are the program's own. Client is the certificate
	// that is shown to it; nil is none.
	RootCAs *x509.CertPool
	Client  *tls.Certificate
	// Proxy is the HTTP proxy to reach it by; nil is that of the environment.
	Proxy *url.URL
	// Credentials are sent to this host alone; nil is none.
	Credentials *Credentials
}

// Credentials are what the settings file says to sign in with: a user and a
// password, or one of the tokens. They print as what they are, never as their
// content.
type Credentials struct {
	Username, Password string
	// IdentityToken is exchanged for another by the token service, Token is
	// sent as it is.
	IdentityToken, Token string
}

// String names the kind.
func (c Credentials) String() string {
	switch {
	case c.IdentityToken != "":
		return "identity token (redacted)"
	case c.Token != "":
		return "token (redacted)"
	default:
		return "user and password (redacted)"
	}
}

// GoString is String, for %#v.
func (c Credentials) GoString() string { return c.String() }

// MarshalText is String, so that no encoder finds more.
func (c Credentials) MarshalText() ([]byte, error) { return []byte(c.String()), nil }
