package auth

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sync/singleflight"

	"github.com/garboard-dev/garboard/resolver/registry/document"
	"github.com/garboard-dev/garboard/resolver/registry/failure"
	"github.com/garboard-dev/garboard/resolver/registry/transport"
)

// endpointState is what the ping of an endpoint told. It is kept while the endpoint
// is used, and corrected by every challenge that comes later.
type endpointState struct {
	mu    sync.Mutex
	known bool
	ping  pingResult

	pings singleflight.Group
}

type pingResult struct {
	base      url.URL // scheme, host and the path that repositories hang below
	challenge document.Challenge
}

func (s *endpointState) get() (pingResult, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ping, s.known
}

func (s *endpointState) set(result pingResult) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ping, s.known = result, true
}

// correct takes over the challenge of a refusal, but for its scope, which is
// about one repository.
func (s *endpointState) correct(asked document.Challenge) {
	asked.Scope = ""
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ping.challenge = asked
}

// forget makes the next read ping again: after a failed connection the registry
// may come back with another scheme.
func (s *endpointState) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known = false
}

// reach returns what is known of an address, pinging it if nothing is. A caller
// whose context ends does not end the ping, and no caller waits for the ping of a
// host that has been silent for long.
func (c *Client) reach(ctx context.Context, at Address) (*endpointState, pingResult, error) {
	found := c.endpoints.Get(at, func() *endpointState { return new(endpointState) })
	if result, ok := found.get(); ok {
		return found, result, nil
	}
	round, err := c.Join(at.Host)
	if err != nil {
		return found, pingResult{}, err
	}
	result, err := runShared(ctx, c, &found.pings, strconv.Itoa(round), func(ctx context.Context) (pingResult, error) {
		if result, ok := found.get(); ok {
			return result, nil
		}
		result, err := c.ping(ctx, at)
		if err == nil {
			found.set(result)
		}
		return result, err
	})
	return found, result, err
}

// ping asks /v2/ in the scheme that the host is spoken to in: that of its URL
// in the settings, else TLS.
//
// A loopback registry, and one named as insecure, is spoken to in plain HTTP:
// to try TLS first and wait for its failure would cost each of them a
// handshake. One that shows itself to be a TLS server gets TLS, with the usual
// check of its certificate; that way is always open, the opposite never.
func (c *Client) ping(ctx context.Context, at Address) (pingResult, error) {
	if at.Scheme != "" {
		return c.pingAt(ctx, at, at.Scheme)
	}
	if !at.Plain && !loopback(at.Host) && !c.options.Insecure[at.Host] && !c.options.Insecure[transport.WithoutPort(at.Host)] {
		return c.pingAt(ctx, at, "https")
	}
	result, err := c.pingAt(ctx, at, "http")
	if err == nil || !perhapsTLS(err) {
		return result, err
	}
	secure, tlsErr := c.pingAt(transport.WithProbe(ctx), at, "https")
	if _, untrusted := errors.AsType[*tls.CertificateVerificationError](tlsErr); untrusted || tlsErr == nil {
		return secure, tlsErr
	}
	return result, err
}

// loopback reports whether a host, with or without port, names this machine.
func loopback(host string) bool {
	bare := transport.WithoutPort(host)
	if bare == "localhost" || strings.HasSuffix(bare, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(bare)
	return err == nil && addr.Unmap().IsLoopback()
}

// perhapsTLS reports failures that plain HTTP has at a TLS server: status 400,
// or a connection that breaks once it stands.
func perhapsTLS(err error) bool {
	failed := failure.Classify(err)
	if errors.Is(failed, transport.ErrCircuitOpen) {
		return false
	}
	if failed.Status != 0 {
		return failed.Status == http.StatusBadRequest
	}
	if network, ok := errors.AsType[*net.OpError](failed.Err); ok && network.Op == "dial" {
		return false
	}
	return failed.Kind == failure.Unreachable
}

func (c *Client) pingAt(ctx context.Context, at Address, scheme string) (pingResult, error) {
	base := url.URL{Scheme: scheme, Host: at.Host, Path: at.Root}
	asked := base
	asked.Path += "/"
	asked.RawQuery = at.Query("")
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, asked.String(), http.NoBody)
	if err != nil {
		return pingResult{}, failure.Bad("naming the registry: %w", err)
	}
	resp, err := c.Do(req)
	if err != nil {
		return pingResult{}, failure.Classify(err)
	}
	result := pingResult{base: base}
	here := resp.Request.URL.Host == base.Host
	if here {
		result.base.Scheme = resp.Request.URL.Scheme // a redirect to TLS
	}
	switch status := resp.StatusCode; {
	case status == http.StatusUnauthorized:
		if here { // the challenge of another host is not this registry's
			result.challenge = document.ReadChallenge(resp.Header)
			result.challenge.Scope = ""
		}
	case status == http.StatusOK, status == http.StatusNotFound:
		// No challenge. Some proxies serve lists and know no /v2/: the list's
		// own answer counts.
	case at.Free && status < http.StatusInternalServerError && status != http.StatusTooManyRequests:
		// A path of the operator's need not be one that answers for itself.
	default:
		return pingResult{}, c.Failure(resp)
	}
	transport.Drain(resp)
	return result, nil
}
