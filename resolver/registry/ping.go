package registry

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"

	"golang.org/x/sync/singleflight"

	"github.com/garboard-dev/garboard/resolver/registry/document"
	"github.com/garboard-dev/garboard/resolver/registry/failure"
)

// site is what one ping told about a registry. It is kept while the registry is
// used, and corrected by every challenge that comes later.
type site struct {
	mu    sync.Mutex
	known bool
	state siteState

	pings singleflight.Group
}

type siteState struct {
	base      url.URL // scheme, host and the path that repositories hang below
	challenge document.Challenge
}

func (s *site) get() (siteState, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state, s.known
}

func (s *site) set(state siteState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state, s.known = state, true
}

// correct takes over the challenge of a refusal, but for its scope, which is
// about one repository.
func (s *site) correct(asked document.Challenge) {
	asked.Scope = ""
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.challenge = asked
}

// forget makes the next read ping again: after a failed connection the registry
// may come back with another scheme.
func (s *site) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known = false
}

// reach returns what is known of an address, asking there where nothing is.
// Nobody joins the ping of a host that has been silent for long, and a caller
// who leaves ends none.
func (c *Client) reach(ctx context.Context, w *way, at address) (*site, siteState, error) {
	found := w.sites.Get(at, func() *site { return new(site) })
	if state, ok := found.get(); ok {
		return found, state, nil
	}
	round, err := c.traffic.join(at.host)
	if err != nil {
		return found, siteState{}, err
	}
	state, err := shared(ctx, c, &found.pings, strconv.Itoa(round), func(ctx context.Context) (siteState, error) {
		if state, ok := found.get(); ok {
			return state, nil
		}
		state, err := c.ping(ctx, w, at)
		if err == nil {
			found.set(state)
		}
		return state, err
	})
	return found, state, err
}

// ping asks /v2/ in the scheme that the host is spoken to in: that of its URL
// in the settings, else TLS.
//
// A loopback registry, and one named as insecure, is spoken to in plain HTTP:
// to try TLS first and wait for its failure would cost each of them a
// handshake. One that shows itself to be a TLS server gets TLS, with the usual
// check of its certificate; that way is always open, the opposite never.
func (c *Client) ping(ctx context.Context, w *way, at address) (siteState, error) {
	if at.scheme != "" {
		return c.pingAt(ctx, w, at, at.scheme)
	}
	if !at.plain && !loopback(at.host) && !c.insecure[at.host] && !c.insecure[withoutPort(at.host)] {
		return c.pingAt(ctx, w, at, "https")
	}
	state, err := c.pingAt(ctx, w, at, "http")
	if err == nil || !perhapsTLS(err) {
		return state, err
	}
	secure, tlsErr := c.pingAt(insisting(ctx), w, at, "https")
	if _, untrusted := errors.AsType[*tls.CertificateVerificationError](tlsErr); untrusted || tlsErr == nil {
		return secure, tlsErr
	}
	return state, err
}

// perhapsTLS reports failures that plain HTTP has at a TLS server: status 400,
// or a connection that breaks once it stands.
func perhapsTLS(err error) bool {
	failed := failure.Classify(err)
	if errors.Is(failed, errOpen) {
		return false
	}
	if failed.Status != 0 {
		return failed.Status == http.StatusBadRequest
	}
	if network, ok := errors.AsType[*net.OpError](failed.Err); ok && network.Op == "dial" {
		return false
	}
	return failed.Kind == Unreachable
}

func (c *Client) pingAt(ctx context.Context, w *way, at address, scheme string) (siteState, error) {
	base := url.URL{Scheme: scheme, Host: at.host, Path: at.root}
	asked := base
	asked.Path += "/"
	asked.RawQuery = at.query("")
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, asked.String(), http.NoBody)
	if err != nil {
		return siteState{}, failure.Bad("naming the registry: %w", err)
	}
	resp, err := w.http.Do(req)
	if err != nil {
		return siteState{}, failure.Classify(err)
	}
	state := siteState{base: base}
	here := resp.Request.URL.Host == base.Host
	if here {
		state.base.Scheme = resp.Request.URL.Scheme // a redirect to TLS
	}
	switch status := resp.StatusCode; {
	case status == http.StatusUnauthorized:
		if here { // the challenge of another host is not this registry's
			state.challenge = document.ReadChallenge(resp.Header)
			state.challenge.Scope = ""
		}
	case status == http.StatusOK, status == http.StatusNotFound:
		// No challenge. Some proxies serve lists and know no /v2/: the list's
		// own answer counts.
	case at.free && status < http.StatusInternalServerError && status != http.StatusTooManyRequests:
		// A path of the operator's need not be one that answers for itself.
	default:
		return siteState{}, c.failure(resp)
	}
	drain(resp)
	return state, nil
}
