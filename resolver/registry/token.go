package registry

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/garboard-dev/garboard/resolver/registry/document"
	"github.com/garboard-dev/garboard/resolver/registry/failure"
)

const (
	maxTokenBody = 64 << 10
)

// bearer is a token as it is sent.
type bearer struct {
	header  string
	scope   string
	renewAt time.Time
}

// tokenRequest is all that a token depends on.
type tokenRequest struct {
	way        *way
	service    *url.URL // the realm
	name       string   // the challenge's service parameter
	scopes     []string
	credential Credential
}

// exchange asks the token service. The context bounds it.
func (c *Client) exchange(ctx context.Context, ask tokenRequest) (*bearer, error) {
	if ask.credential.identity() == "" {
		return c.exchangeBasic(ctx, ask)
	}
	got, err := c.exchangeOAuth(ctx, ask)
	if known, ok := errors.AsType[*Error](err); ok && (known.Status == http.StatusNotFound || known.Status == http.StatusMethodNotAllowed) {
		// Not every token service knows OAuth2; all know the GET.
		return c.exchangeBasic(ctx, ask)
	}
	return got, err
}

func (c *Client) exchangeBasic(ctx context.Context, ask tokenRequest) (*bearer, error) {
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

func (c *Client) exchangeOAuth(ctx context.Context, ask tokenRequest) (*bearer, error) {
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

func (c *Client) readToken(req *http.Request, ask tokenRequest) (*bearer, error) {
	resp, err := ask.way.http.Do(req)
	if err != nil {
		return nil, failure.Classify(err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, c.failure(resp)
	}
	defer drain(resp)
	received := c.options.Now()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxTokenBody+1))
	if err != nil {
		return nil, failure.Classify(err)
	}
	if len(body) > maxTokenBody {
		return nil, &Error{Kind: TooLarge}
	}
	token, life, err := document.ReadToken(body)
	if err != nil {
		return nil, err
	}
	return &bearer{
		header:  "Bearer " + token,
		scope:   strings.Join(ask.scopes, " "),
		renewAt: received.Add(life * 8 / 10),
	}, nil
}
