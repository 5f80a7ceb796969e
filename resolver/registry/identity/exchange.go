package identity

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/garboard-dev/garboard/resolver/registry"
	"github.com/garboard-dev/garboard/resolver/registry/auth"
)

const (
	// acrLife is that of a registry's refresh token, and the most that we
	// believe.
	acrLife     = 3 * time.Hour
	maxExchange = 64 << 10
)

// exchange gives the access token to the registry for a refresh token of its
// own. The host is one that targetOf found to be Azure's, and TLS cannot be
// switched off for it.
func (s *azureSource) exchange(ctx context.Context, host, access string) (grant[registry.Credential], error) {
	var none grant[registry.Credential]
	form := url.Values{"grant_type": {"access_token"}, "service": {host}, "access_token": {access}}
	where := url.URL{Scheme: "https", Host: host, Path: "/oauth2/exchange"}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, where.String(), strings.NewReader(form.Encode()))
	if err != nil {
		return none, fmt.Errorf("asking %q for a refresh token: %w", host, err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := s.client.Do(req)
	if err != nil {
		return none, fmt.Errorf("asking %q for a refresh token: %w", host, err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxExchange))
	if err != nil {
		return none, fmt.Errorf("reading the refresh token of %q: %w", host, err)
	}
	if resp.StatusCode != http.StatusOK {
		return none, fmt.Errorf("asking %q for a refresh token: status %d", host, resp.StatusCode)
	}
	var answer struct {
		RefreshToken string `json:"refresh_token"`
	}
	if json.Unmarshal(body, &answer) != nil || answer.RefreshToken == "" {
		return none, errUnusable // The error would quote the token.
	}
	expires := s.pace.now().Add(acrLife)
	if said, ok := jwtExpiry(answer.RefreshToken); ok && said.Before(expires) {
		expires = said
	}
	return grant[registry.Credential]{value: auth.IdentityToken(answer.RefreshToken), expires: expires}, nil
}

// jwtExpiry reads when a token ends. The signature is not ours to check: the
// time only says when to ask again.
func jwtExpiry(token string) (time.Time, bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return time.Time{}, false
	}
	claims, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return time.Time{}, false
	}
	var said struct {
		Expires int64 `json:"exp"` // seconds since 1970
	}
	if json.Unmarshal(claims, &said) != nil || said.Expires <= 0 {
		return time.Time{}, false
	}
	return time.Unix(said.Expires, 0), true
}
