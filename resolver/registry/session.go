package registry

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/singleflight"

	"github.com/garboard-dev/garboard/resolver/registry/document"
	"github.com/garboard-dev/garboard/resolver/registry/failure"
)

// session is one read of one repository with one credential.
type session struct {
	reading
	way        *way
	at         address
	pageSize   int
	credential Credential
	site       *site
	base       url.URL
	large      bool // holds a turn for a long list
}

// tokenKey is what a token is kept for: never another endpoint's, nor another
// credential's.
type tokenKey struct {
	at               address
	path, credential string
}

// slot holds the token of one key.
type slot struct {
	mu    sync.Mutex
	token *bearer

	exchanges singleflight.Group
}

func (s *slot) get() *bearer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.token
}

func (s *slot) set(token *bearer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = token
}

// grant is what a request is sent with.
type grant struct {
	header string
	// slot is where a Bearer header is kept; nil for others.
	slot *slot
	// fresh: the token was issued during this read, so that its refusal says
	// nothing about its age.
	fresh bool
	scope string
	at    *url.URL // where to ask, if a redirect led there
}

// session pings an endpoint unless that was done.
func (r reading) session(ctx context.Context, e *endpoint, credential Credential) (*session, error) {
	at := e.address(r.repository)
	found, state, err := r.client.reach(naming(ctx, at.host), e.way, at)
	if err != nil {
		return nil, err
	}
	return &session{
		reading: r, way: e.way, at: at, pageSize: e.pageSize, credential: credential, site: found, base: state.base,
	}, nil
}

// url names what belongs to the repository, such as tags/list.
func (s *session) url(parts ...string) *url.URL {
	u := s.base.JoinPath(append([]string{s.repository.Path()}, parts...)...)
	u.RawQuery = s.at.query("")
	return u
}

// do sends one request with what the registry is known to ask for. A refusal
// that a new token may change is answered with one, once.
func (s *session) do(ctx context.Context, method string, u *url.URL, accept string) (*http.Response, error) {
	ctx = paying(naming(ctx, s.base.Host), s.credential.ID())
	state, _ := s.site.get()
	auth, err := s.authorize(ctx, state.challenge, "")
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
			drain(resp)
			return nil, err
		}
		return resp, nil
	}
	drain(resp)
	if next.at != nil {
		u = next.at
	}
	resp, err = s.send(ctx, method, u, accept, next.header)
	if err == nil && refused(resp.StatusCode) {
		next.forget()
	}
	return resp, err
}

func (s *session) send(ctx context.Context, method string, u *url.URL, accept, authorization string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, u.String(), http.NoBody)
	if err != nil {
		return nil, failure.Bad("building a request: %w", err)
	}
	req.Header.Set("Accept", accept)
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	resp, err := s.way.http.Do(req)
	if err != nil {
		failed := failure.Classify(err)
		if failed.Kind == Unreachable && !errors.Is(failed, errOpen) {
			s.site.forget()
		}
		return nil, failed
	}
	return resp, nil
}

// answer decides whether to ask once more, and with what; nil is no.
func (s *session) answer(ctx context.Context, u *url.URL, resp *http.Response, auth grant) (*grant, error) {
	status := resp.StatusCode
	if status == http.StatusUnauthorized && resp.Request.URL.Host != u.Host {
		return s.elsewhere(ctx, resp)
	}
	state, _ := s.site.get()
	asked := state.challenge
	switch status {
	case http.StatusUnauthorized:
		if said := document.ReadChallenge(resp.Header); said.Scheme != "" {
			asked = said
			s.site.correct(said)
		}
	case http.StatusBadRequest, http.StatusForbidden:
		// Amazon's registries say so of an expired token.
		if auth.slot == nil || auth.fresh {
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
func (s *session) authorize(ctx context.Context, asked document.Challenge, old string) (grant, error) {
	if ready := s.credential.ready(); ready != "" && asked.Scheme != "" {
		return grant{header: ready}, nil
	}
	switch asked.Scheme {
	case "bearer":
		key := tokenKey{at: s.at, path: s.repository.Path(), credential: s.credential.ID()}
		return s.bearer(ctx, asked, key, &s.base, s.credential, old)
	case "basic":
		return grant{header: s.credential.basic()}, nil
	default:
		return grant{}, nil
	}
}

// bearer returns the token of a key, asking the service for it where there is
// none, or none that will do.
func (s *session) bearer(ctx context.Context, asked document.Challenge, key tokenKey, base *url.URL, credential Credential, old string) (grant, error) {
	service, err := asked.TokenService(base)
	if err != nil {
		return grant{}, err
	}
	if key.at == s.at {
		ctx = s.realm(ctx, service.Host)
	}
	kept := s.way.tokens.Get(key, func() *slot { return new(slot) })
	usable := func() *bearer {
		t := kept.get()
		if t == nil || t.header == old || !s.client.options.Now().Before(t.renewAt) || !covers(t.scope, asked.Scope) {
			return nil
		}
		return t
	}
	if t := usable(); t != nil {
		return grant{header: t.header, slot: kept, scope: t.scope}, nil
	}
	request := tokenRequest{way: s.way, service: service, name: asked.Service, scopes: s.scopes(asked.Scope), credential: credential}
	t, err := shared(ctx, s.client, &kept.exchanges, asked.Scope+" "+old, func(ctx context.Context) (*bearer, error) {
		if t := usable(); t != nil {
			return t, nil // somebody else's refresh has just ended
		}
		t, err := s.client.exchange(ctx, request)
		if err == nil {
			kept.set(t)
		}
		return t, err
	})
	if err != nil {
		return grant{}, err
	}
	return grant{header: t.header, slot: kept, fresh: true, scope: t.scope}, nil
}

// realm lets the token service of a private endpoint have a private address,
// if the settings list its host as well. The endpoint names it, so its word
// alone must not do.
func (s *session) realm(ctx context.Context, host string) context.Context {
	if _, ok := markOf(ctx, host); ok || !s.way.means.private || !s.settings.listsPrivate(host) {
		return ctx
	}
	return realming(ctx, host)
}

// elsewhere answers the challenge of a host that a redirect led to, without our
// credential: a registry's own domain in front of GHCR or Quay needs it.
func (s *session) elsewhere(ctx context.Context, resp *http.Response) (*grant, error) {
	asked := document.ReadChallenge(resp.Header)
	if asked.Scheme != "bearer" {
		return nil, nil //nolint:nilnil // nothing to ask again with
	}
	there := resp.Request.URL
	key := tokenKey{at: address{scheme: there.Scheme, host: there.Host, namespace: s.at.namespace}, path: s.repository.Path()}
	next, err := s.bearer(ctx, asked, key, there, Credential{}, "")
	if err != nil {
		return nil, err
	}
	next.at = there
	return &next, nil
}

// scopes are ours, and what the challenge names beside.
func (s *session) scopes(asked string) []string {
	own := "repository:" + s.repository.Path() + ":pull"
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
func (g *grant) forget() {
	if g.slot == nil {
		return
	}
	g.slot.mu.Lock()
	defer g.slot.mu.Unlock()
	if g.slot.token != nil && g.slot.token.header == g.header {
		g.slot.token = nil
	}
}

func refused(status int) bool {
	return status == http.StatusUnauthorized || status == http.StatusForbidden
}
