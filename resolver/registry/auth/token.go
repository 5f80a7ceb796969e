package auth

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/garboard-dev/garboard/resolver/registry/document"
	"github.com/garboard-dev/garboard/resolver/registry/failure"
	"github.com/garboard-dev/garboard/resolver/registry/transport"
)

// maxTokenBody is far more than a token service's answer has.
const maxTokenBody = 64 << 10

// bearerToken is a token as it is sent.
type bearerToken struct {
	header  string
	scope   string
	renewAt time.Time
}

// tokenKey is what a token is kept for: never another endpoint's, nor another
// credential's.
type tokenKey struct {
	at               Address
	path, credential string
}

// tokenEntry holds the token of one key.
type tokenEntry struct {
	mu    sync.Mutex
	token *bearerToken

	exchanges singleflight.Group
}

func (e *tokenEntry) get() *bearerToken {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.token
}

func (e *tokenEntry) set(token *bearerToken) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.token = token
}

// forget drops a token that was refused, unless another has taken its place.
func (e *tokenEntry) forget(header string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.token != nil && e.token.header == header {
		e.token = nil
	}
}

// tokenRequest is all that a token depends on.
type tokenRequest struct {
	service    *url.URL // the realm
	name       string   // the challenge's service parameter
	scopes     []string
	credential Credential
}

// exchange asks the token service. The context bounds it.
func (c *Client) exchange(ctx context.Context, ask tokenRequest) (*bearerToken, error) {
	if ask.credential.identity() == "" {
		return c.exchangeBasic(ctx, ask)
	}
	got, err := c.exchangeOAuth(ctx, ask)
	if known, ok := errors.AsType[*failure.Error](err); ok && (known.Status == http.StatusNotFound || known.Status == http.StatusMethodNotAllowed) {
		// Not every token service knows OAuth2; all know the GET.
		return c.exchangeBasic(ctx, ask)
	}
	return got, err
}

func (c *Client) exchangeBasic(ctx context.Context, ask tokenRequest) (*bearerToken, error) {
	u := *ask.service
	query := u.Query()
	if ask.name != "" {
		query.Set("service", ask.name)
	}
	query["scope"] = ask.scopes
	u.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return nil, failure.Bad("asking for a token: %w", err)
	}
	if header := ask.credential.basic(); header != "" {
		req.Header.Set("Authorization", header)
	}
	return c.readToken(req, ask)
}

func (c *Client) exchangeOAuth(ctx context.Context, ask tokenRequest) (*bearerToken, error) {
	form := url.Values{
		"grant_type":    {"refresh_token"},
		"refresh_token": {ask.credential.identity()},
		"client_id":     {c.options.UserAgent},
		"scope":         {strings.Join(ask.scopes, " ")},
	}
	if ask.name != "" {
		form.Set("service", ask.name)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, ask.service.String(), strings.NewReader(form.Encode()))
	if err != nil {
		return nil, failure.Bad("asking for a token: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return c.readToken(req, ask)
}

func (c *Client) readToken(req *http.Request, ask tokenRequest) (*bearerToken, error) {
	resp, err := c.Do(req)
	if err != nil {
		return nil, failure.Classify(err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, c.Failure(resp)
	}
	defer transport.Drain(resp)
	received := c.options.Now()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxTokenBody+1))
	if err != nil {
		return nil, failure.Classify(err)
	}
	if len(body) > maxTokenBody {
		return nil, &failure.Error{Kind: failure.TooLarge}
	}
	token, life, err := document.ReadToken(body)
	if err != nil {
		return nil, err
	}
	return &bearerToken{
		header:  "Bearer " + token,
		scope:   strings.Join(ask.scopes, " "),
		renewAt: received.Add(life * 8 / 10),
	}, nil
}
