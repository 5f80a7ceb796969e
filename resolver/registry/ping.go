package registry

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// failedPing is how long the failure of a ping counts: the other repositories
// of a registry that is down need not each wait for it.
const failedPing = 10 * time.Second

// site is what one ping told about a registry. It is kept while the registry is
// used, and corrected by every challenge that comes later.
type site struct {
	mu    sync.Mutex
	known bool
	state siteState

	failure error // of the last ping
	retryAt time.Time
}

type siteState struct {
	base      url.URL // scheme and host
	challenge challenge
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

// failed returns the failure of a ping that has just been made, nil without one.
func (s *site) failed(now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Before(s.retryAt) {
		return s.failure
	}
	return nil
}

// fail keeps a failure, but for a pause and our own pace, which traffic keeps
// and which may end earlier.
func (s *site) fail(err error, now time.Time) {
	if failed := classify(err); failed.Kind == RateLimited || failed.RetryAfter > 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failure, s.retryAt = err, now.Add(failedPing)
}

// correct takes over the challenge of a refusal, but for its scope, which is
// about one repository.
func (s *site) correct(asked challenge) {
	asked.scope = ""
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

// reach returns what is known of a host, asking it where nothing is. A caller
// who leaves ends no ping, so that every failure kept is the host's.
func (c *Client) reach(ctx context.Context, host string) (*site, siteState, error) {
	found := c.sites.Get(host, func() *site { return new(site) })
	if state, ok := found.get(); ok {
		return found, state, nil
	}
	state, err := shared(ctx, c, "ping "+host, func(ctx context.Context) (siteState, error) {
		if state, ok := found.get(); ok {
			return state, nil
		}
		if err := found.failed(c.options.Now()); err != nil {
			return siteState{}, err
		}
		state, err := c.ping(ctx, host)
		if err == nil {
			found.set(state)
		} else {
			found.fail(err, c.options.Now())
		}
		return state, err
	})
	return found, state, err
}

// ping asks /v2/ in the scheme that the host is spoken to in.
//
// A loopback registry, and one named as insecure, is spoken to in plain HTTP:
// to try TLS first and wait for its failure would cost each of them a
// handshake. One that shows itself to be a TLS server gets TLS, with the usual
// check of its certificate; that way is always open, the opposite never.
func (c *Client) ping(ctx context.Context, host string) (siteState, error) {
	if !loopback(host) && !c.insecure[host] && !c.insecure[withoutPort(host)] {
		return c.pingAt(ctx, url.URL{Scheme: "https", Host: host})
	}
	state, err := c.pingAt(ctx, url.URL{Scheme: "http", Host: host})
	if err == nil || !perhapsTLS(err) {
		return state, err
	}
	secure, tlsErr := c.pingAt(ctx, url.URL{Scheme: "https", Host: host})
	if _, untrusted := errors.AsType[*tls.CertificateVerificationError](tlsErr); untrusted || tlsErr == nil {
		return secure, tlsErr
	}
	return state, err
}

// perhapsTLS reports failures that plain HTTP has at a TLS server: status 400,
// or a connection that breaks once it stands.
func perhapsTLS(err error) bool {
	failed := classify(err)
	if failed.status != 0 {
		return failed.status == http.StatusBadRequest
	}
	if network, ok := errors.AsType[*net.OpError](failed.Err); ok && network.Op == "dial" {
		return false
	}
	return failed.Kind == Unreachable
}

func (c *Client) pingAt(ctx context.Context, base url.URL) (siteState, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base.String()+"/v2/", http.NoBody)
	if err != nil {
		return siteState{}, badAnswer("naming the registry: %w", err)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return siteState{}, classify(err)
	}
	state := siteState{base: base}
	here := resp.Request.URL.Host == base.Host
	if here {
		state.base.Scheme = resp.Request.URL.Scheme // a redirect to TLS
	}
	switch resp.StatusCode {
	case http.StatusUnauthorized:
		if here { // the challenge of another host is not this registry's
			state.challenge = challengeOf(resp.Header)
			state.challenge.scope = ""
		}
	case http.StatusOK, http.StatusNotFound:
		// No challenge. Some proxies serve lists and know no /v2/: the list's
		// own answer counts.
	default:
		return siteState{}, c.failure(resp)
	}
	drain(resp)
	return state, nil
}
