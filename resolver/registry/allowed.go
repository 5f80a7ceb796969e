package registry

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"github.com/garboard-dev/garboard/resolver/registry/config"
	"github.com/garboard-dev/garboard/resolver/registry/transport"
)

var errDenied = errors.New("not allowed by the registry settings")

var errNoRepository = errors.New("there is no repository")

// Allows reports whether a repository may be asked: an *Error of kind Denied where the
// settings forbid it, of kind Blocked where it is none. It sends no request, so that
// callers can ask it before they look for credentials.
func (c *Client) Allows(repository Repository) error { return c.settings.Load().refuses(repository) }

// refuses returns why a repository may not be asked; nil where it may.
func (s *settings) refuses(r Repository) error {
	switch {
	case r == Repository{}:
		return &Error{Kind: Blocked, Err: errNoRepository}
	case !s.config.Allows(r.Host(), r.Path()), s.denies(r):
		return (&Error{Kind: Denied, Err: errDenied}).Of(r.String())
	}
	return nil
}

// denies looks for a repository under the other names of its host, too: a
// reference that spells out a port, or where Docker Hub's API is, must not lead
// past the list. To allow one name is to allow that one alone.
func (s *settings) denies(r Repository) bool {
	host := strings.TrimSuffix(r.Host(), defaultPort)
	switch host {
	case hubAPI, "index.docker.io", "registry.hub.docker.com":
		host = dockerHub
	}
	return slices.ContainsFunc(s.config.Deny, func(p config.Pattern) bool {
		return p.Matches(host, r.Path()) || p.Matches(host+defaultPort, r.Path())
	})
}

// defaultPort is the one that is meant where none is written.
const defaultPort = ":443"

// PollMinimum is the shortest time between two polls of a repository that its
// registry's settings allow; 0 is no such limit.
func (c *Client) PollMinimum(repository string) time.Duration {
	s := c.settings.Load()
	parsed, err := ParseRepository(repository)
	if err != nil {
		return 0
	}
	if found := s.config.For(parsed.Host(), parsed.Path()); found != nil {
		return found.PollMinimum
	}
	return 0
}

// Configured are the credentials of the settings file for the registries
// themselves. They follow Reconfigure.
func (c *Client) Configured() ConfigCredentials { return ConfigCredentials{client: c} }

// ConfigCredentials finds what the settings file says to sign in with at a
// registry. It answers from memory.
type ConfigCredentials struct {
	client *Client
}

// For returns the credential for a repository, none where the file has none.
// Those of mirrors are not among them: the client alone sends these. The error
// is that of Client.Allows.
func (cc ConfigCredentials) For(_ context.Context, repository Repository) ([]Credential, error) {
	s := cc.client.settings.Load()
	if refusal := s.refuses(repository); refusal != nil {
		return nil, refusal
	}
	if found := s.route(repository).credential; !found.Anonymous() {
		return []Credential{found}, nil
	}
	return nil, nil
}

// Pace is what the settings say now about a host, which a URL names; what they
// do not say is the client's default.
func (c *Client) pace(host string) transport.Pace {
	found := transport.Pace{Rate: rate.Limit(c.options.Rate), Burst: c.options.Burst, Concurrency: c.options.Concurrency}
	r := c.settings.Load().paced(strings.ToLower(host))
	if r == nil {
		return found
	}
	if r.RequestsPerSecond > 0 {
		found.Rate = rate.Limit(r.RequestsPerSecond)
	}
	if r.Burst > 0 {
		found.Burst = r.Burst
	}
	if r.Concurrency > 0 {
		found.Concurrency = r.Concurrency
	}
	return found
}

// paced finds the registry whose pace a host has: one that is asked there, or
// the most specific that names it, without path where there is one. A mirror
// has those of its own entry: the registry's are for the registry's sake.
func (s *settings) paced(host string) *config.Registry {
	name := HostOf(host)
	var found *route
	for i := range s.routes {
		r := &s.routes[i]
		if r.registry.RequestsPerSecond == 0 && r.registry.Burst == 0 && r.registry.Concurrency == 0 {
			continue
		}
		if at := r.registry.Server.URL; at != nil && strings.EqualFold(at.Host, host) {
			return r.registry
		}
		if r.host.Matches(name, "") && (found == nil || r.host == found.host) {
			found = r // the last of the same host has the shortest path
		}
	}
	if found == nil {
		return nil
	}
	return found.registry
}
