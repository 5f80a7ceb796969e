package auth

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/garboard-dev/garboard/resolver/registry/document"
	"github.com/garboard-dev/garboard/resolver/registry/failure"
	"github.com/garboard-dev/garboard/resolver/registry/transport"
)

// Session asks one address about one repository with one credential.
type Session struct {
	auth       *Client
	at         Address
	path       string // of the repository
	credential Credential
	// isPrivate reports whether the settings let a token service have a private
	// address.
	isPrivate func(host string) bool
	endpoint  *endpointState
	base      url.URL
}

// authorization is what a request is sent with.
type authorization struct {
	header string
	// token is where a Bearer header is kept; nil for others.
	token *tokenEntry
	// fresh: the token was issued during this read, so that its refusal says
	// nothing about its age.
	fresh bool
	scope string
	at    *url.URL // where to ask, if a redirect led there
}

// Session pings an address unless that was done. isPrivate reports whether the
// settings let a token service of that host have a private address.
func (c *Client) Session(ctx context.Context, at Address, path string, credential Credential, isPrivate func(host string) bool) (*Session, error) {
	found, result, err := c.reach(transport.WithTarget(ctx, at.Host), at)
	if err != nil {
		return nil, err
	}
	return &Session{
		auth: c, at: at, path: path, credential: credential, isPrivate: isPrivate, endpoint: found, base: result.base,
	}, nil
}

// URL names what belongs to the repository, such as tags/list.
func (s *Session) URL(parts ...string) *url.URL {
	u := s.base.JoinPath(append([]string{s.path}, parts...)...)
	u.RawQuery = s.Query("")
	return u
}

// Query is that of a request, with what the address adds to it.
func (s *Session) Query(query string) string { return s.at.Query(query) }

// Do sends one request with what the registry is known to ask for. A refusal
// that a new token may change is answered with one, once.
func (s *Session) Do(ctx context.Context, method string, u *url.URL, accept string) (*http.Response, error) {
	ctx = transport.WithQuotaOwner(transport.WithTarget(ctx, s.base.Host), s.credential.ID())
	known, _ := s.endpoint.get()
	auth, err := s.authorize(ctx, known.challenge, "")
	if err != nil {
		return nil, err
	}
	resp, err := s.send(ctx, method, u, accept, auth.header)
	if err != nil {
		return nil, err
	}
	next, err := s.answer(ctx, u, resp, auth)
	if err != nil || next == nil {
		if err != nil {
			transport.Drain(resp)
			return nil, err
		}
		return resp, nil
	}
	transport.Drain(resp)
	if next.at != nil {
		u = next.at
	}
	resp, err = s.send(ctx, method, u, accept, next.header)
	if err == nil && unauthorized(resp.StatusCode) {
		next.forget()
	}
	return resp, err
}

func (s *Session) send(ctx context.Context, method string, u *url.URL, accept, authorization string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, u.String(), http.NoBody)
	if err != nil {
		return nil, failure.Bad("building a request: %w", err)
	}
	req.Header.Set("Accept", accept)
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	resp, err := s.auth.Do(req)
	if err != nil {
		failed := failure.Classify(err)
		if failed.Kind == failure.Unreachable && !errors.Is(failed, transport.ErrCircuitOpen) {
			s.endpoint.forget()
		}
		return nil, failed
	}
	return resp, nil
}

// answer decides whether to ask once more, and with what; nil is no.
func (s *Session) answer(ctx context.Context, u *url.URL, resp *http.Response, auth authorization) (*authorization, error) {
	status := resp.StatusCode
	if status == http.StatusUnauthorized && resp.Request.URL.Host != u.Host {
		return s.elsewhere(ctx, resp)
	}
	known, _ := s.endpoint.get()
	asked := known.challenge
	switch status {
	case http.StatusUnauthorized:
		if said := document.ReadChallenge(resp.Header); said.Scheme != "" {
			asked = said
			s.endpoint.correct(said)
		}
	case http.StatusBadRequest, http.StatusForbidden:
		// Amazon's registries say so of an expired token.
		if auth.token == nil || auth.fresh {
			if status == http.StatusForbidden {
				auth.forget()
			}
			return nil, nil //nolint:nilnil // nothing to ask again with
		}
	default:
		return nil, nil //nolint:nilnil // nothing to ask again with
	}
	if auth.fresh && covers(auth.scope, asked.Scope) {
		auth.forget()   // the next read may find other rights
		return nil, nil //nolint:nilnil // nothing to ask again with
	}
	next, err := s.authorize(ctx, asked, auth.header)
	if err != nil || next.header == "" || next.header == auth.header {
		return nil, err
	}
	return &next, nil
}

// authorize answers a challenge. It uses the token that is kept, unless that is
// the old one, which was refused.
func (s *Session) authorize(ctx context.Context, asked document.Challenge, old string) (authorization, error) {
	if ready := s.credential.ready(); ready != "" && asked.Scheme != "" {
		return authorization{header: ready}, nil
	}
	switch asked.Scheme {
	case "bearer":
		key := tokenKey{at: s.at, path: s.path, credential: s.credential.ID()}
		return s.bearer(ctx, asked, key, &s.base, s.credential, old)
	case "basic":
		return authorization{header: s.credential.basic()}, nil
	default:
		return authorization{}, nil
	}
}

// bearer returns the token of a key, asking the service for it if there is none
// that can be used.
func (s *Session) bearer(ctx context.Context, asked document.Challenge, key tokenKey, base *url.URL, credential Credential, old string) (authorization, error) {
	service, err := asked.TokenService(base)
	if err != nil {
		return authorization{}, err
	}
	if key.at == s.at {
		ctx = s.realm(ctx, service.Host)
	}
	kept := s.auth.tokens.Get(key, func() *tokenEntry { return new(tokenEntry) })
	usable := func() *bearerToken {
		t := kept.get()
		if t == nil || t.header == old || !s.auth.options.Now().Before(t.renewAt) || !covers(t.scope, asked.Scope) {
			return nil
		}
		return t
	}
	if t := usable(); t != nil {
		return authorization{header: t.header, token: kept, scope: t.scope}, nil
	}
	request := tokenRequest{service: service, name: asked.Service, scopes: s.scopes(asked.Scope), credential: credential}
	t, err := runShared(ctx, s.auth, &kept.exchanges, asked.Scope+" "+old, func(ctx context.Context) (*bearerToken, error) {
		if t := usable(); t != nil {
			return t, nil // another caller's exchange has just ended
		}
		t, err := s.auth.exchange(ctx, request)
		if err == nil {
			kept.set(t)
		}
		return t, err
	})
	if err != nil {
		if key.at == s.at && mayHaveMoved(err) {
			s.endpoint.forget()
		}
		return authorization{}, err
	}
	return authorization{header: t.header, token: kept, fresh: true, scope: t.scope}, nil
}

// mayHaveMoved reports failures of a token service after which the registry is asked anew
// where it is: no request reaches the registry before, whose challenge could tell.
func mayHaveMoved(err error) bool {
	switch failure.Classify(err).Kind {
	case failure.Unreachable, failure.NotFound, failure.BadAnswer, failure.Blocked:
		return true
	default:
		return false
	}
}

// realm lets the token service of a private endpoint have a private address,
// if the settings list its host as well: that the endpoint names the service is
// not enough.
func (s *Session) realm(ctx context.Context, host string) context.Context {
	if transport.IsTarget(ctx, host) || !s.auth.Settings().Private || !s.isPrivate(host) {
		return ctx
	}
	return transport.WithTokenRealm(ctx, host)
}

// elsewhere answers the challenge of a host that a redirect led to, without our
// credential: a registry's own domain in front of GHCR or Quay needs it.
func (s *Session) elsewhere(ctx context.Context, resp *http.Response) (*authorization, error) {
	asked := document.ReadChallenge(resp.Header)
	if asked.Scheme != "bearer" {
		return nil, nil //nolint:nilnil // nothing to ask again with
	}
	there := resp.Request.URL
	key := tokenKey{at: Address{Scheme: there.Scheme, Host: there.Host, Namespace: s.at.Namespace}, path: s.path}
	next, err := s.bearer(ctx, asked, key, there, Credential{}, "")
	if err != nil {
		return nil, err
	}
	next.at = there
	return &next, nil
}

// scopes are ours, and what the challenge names beside.
func (s *Session) scopes(asked string) []string {
	own := "repository:" + s.path + ":pull"
	if asked == "" || asked == own {
		return []string{own}
	}
	return []string{own, asked}
}

// covers reports whether a token for scope serves for all that is asked.
func covers(scope, asked string) bool {
	held := strings.Fields(scope)
	for _, wanted := range strings.Fields(asked) {
		if !slices.Contains(held, wanted) {
			return false
		}
	}
	return true
}

// forget drops a token that was refused, unless another has taken its place.
func (a *authorization) forget() {
	if a.token != nil {
		a.token.forget(a.header)
	}
}

func unauthorized(status int) bool {
	return status == http.StatusUnauthorized || status == http.StatusForbidden
}
