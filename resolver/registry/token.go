package registry

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	maxTokenBody = 64 << 10
	// The token specification's default, and the least that we believe.
	minTokenLife = time.Minute
	maxTokenLife = 24 * time.Hour
	// maxToken is more than any header may carry.
	maxToken = 32 << 10
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
	if known, ok := errors.AsType[*Error](err); ok && (known.status == http.StatusNotFound || known.status == http.StatusMethodNotAllowed) {
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
		return nil, badAnswer("asking for a token: %w", err)
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
		return nil, badAnswer("asking for a token: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return c.readToken(req, ask)
}

func (c *Client) readToken(req *http.Request, ask tokenRequest) (*bearer, error) {
	resp, err := ask.way.http.Do(req)
	if err != nil {
		return nil, classify(err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, c.failure(resp)
	}
	defer drain(resp)
	received := c.options.Now()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxTokenBody+1))
	if err != nil {
		return nil, classify(err)
	}
	if len(body) > maxTokenBody {
		return nil, &Error{Kind: TooLarge}
	}
	token, life, err := decodeToken(body)
	if err != nil {
		return nil, err
	}
	return &bearer{
		header:  "Bearer " + token,
		scope:   strings.Join(ask.scopes, " "),
		renewAt: received.Add(life * 8 / 10),
	}, nil
}

// decodeToken reads the answer of a token service: the token, fit to stand in a
// header, and how long it lives, in bounds. Its errors never quote the answer.
func decodeToken(body []byte) (token string, life time.Duration, err error) {
	var answer struct {
		Token       string  `json:"token"`
		AccessToken string  `json:"access_token"`
		ExpiresIn   float64 `json:"expires_in"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return "", 0, badAnswer("token answer is no JSON object") // its own error would quote the token
	}
	token = answer.Token
	if token == "" {
		token = answer.AccessToken
	}
	if !sendable(token) {
		return "", 0, badAnswer("token answer has no usable token")
	}
	return token, tokenLife(answer.ExpiresIn), nil
}

// tokenLife bounds what the service says, in seconds.
func tokenLife(seconds float64) time.Duration {
	if seconds > maxTokenLife.Seconds() {
		return maxTokenLife
	}
	return max(minTokenLife, time.Duration(seconds*float64(time.Second)))
}

// sendable reports whether a token can stand in a header.
func sendable(text string) bool {
	if text == "" || len(text) > maxToken {
		return false
	}
	for i := range len(text) {
		if text[i] <= ' ' || text[i] >= 0x7f {
			return false
		}
	}
	return true
}
