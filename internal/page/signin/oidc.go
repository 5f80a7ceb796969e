package signin

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"k8s.io/utils/clock"

	"github.com/garboard-dev/garboard/internal/printable"
)

const (
	// BeginPath is where signing in begins.
	BeginPath = "/sign-in"
	// CallbackPath is where the provider sends people back to.
	CallbackPath = "/sign-in/callback"

	// attemptCookie is what a browser keeps while its person is at the provider.
	attemptCookie = "__Host-garboard-sign-in"
	// attemptLimit is how long that may take.
	attemptLimit = 10 * time.Minute
	// maxShown bounds a text of others.
	maxShown = 300
)

// OIDCOptions are what an OIDC is made of. The claims and prefixes are as the API server's
// flags have them.
type OIDCOptions struct {
	Issuer, ClientID string
	// Secret is the client's; nil for a client that has none.
	Secret func() (string, error)
	// Scopes are asked for beside openid.
	Scopes []string
	// UsernameClaim and GroupsClaim name the claims that count: "sub" and none by default.
	UsernameClaim, GroupsClaim string
	// UsernamePrefix is as the API server has it: "-" is none, and by default there is
	// none for emails, and the issuer with # for other claims.
	UsernamePrefix, GroupsPrefix string
	// Required are claims that a token has to have, with these values.
	Required map[string]string
	// PassToken has people ask the API server by their own token.
	PassToken bool
	// Client asks the provider. Required.
	Client *http.Client
	// Clock is the time. Required.
	Clock clock.PassiveClock
}

// OIDC signs people in at a provider of OpenID Connect, by the authorization code flow
// with PKCE.
type OIDC struct {
	options OIDCOptions
	sealer  *sealer

	mu       sync.Mutex
	provider *oidc.Provider
}

// NewOIDC returns an OIDC. It asks the provider when the first person signs in.
func NewOIDC(o OIDCOptions) (*OIDC, error) {
	o.UsernameClaim = cmp.Or(o.UsernameClaim, "sub")
	switch {
	case o.UsernamePrefix == "-":
		o.UsernamePrefix = ""
	case o.UsernamePrefix == "" && o.UsernameClaim != "email":
		o.UsernamePrefix = o.Issuer + "#"
	}
	sealer, err := newSealer()
	if err != nil {
		return nil, err
	}
	return &OIDC{options: o, sealer: sealer}, nil
}

// attempt is what a browser keeps, sealed, while its person is at the provider.
type attempt struct {
	State, Nonce, Verifier string
	// To is where the person wanted to go.
	To    string
	Until time.Time
}

// begin returns the provider's address, with the cookie of the attempt.
func (o *OIDC) begin(r *http.Request, to string) (address string, cookie *http.Cookie, err error) {
	config, _, err := o.config(r)
	if err != nil {
		return "", nil, err
	}
	a := attempt{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), To: to, Until: o.options.Clock.Now().Add(attemptLimit)}
	sealed, err := o.sealer.seal(a)
	if err != nil {
		return "", nil, err
	}
	return config.AuthCodeURL(a.State, oidc.Nonce(a.Nonce), oauth2.S256ChallengeOption(a.Verifier)),
		lax(attemptCookie, sealed, int(attemptLimit.Seconds())), nil
}

// lax is a cookie that comes along when another site leads here: the provider does.
func lax(name, value string, seconds int) *http.Cookie {
	return &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: seconds, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode}
}

// finish returns whom the provider has sent back, until when their token is good, and
// where they wanted to go.
func (o *OIDC) finish(r *http.Request) (p *Person, until time.Time, to string, err error) {
	a, err := o.attemptOf(r)
	if err != nil {
		return nil, time.Time{}, "", err
	}
	config, provider, err := o.config(r)
	if err != nil {
		return nil, time.Time{}, "", err
	}
	ctx := oidc.ClientContext(r.Context(), o.options.Client)
	answer, err := config.Exchange(ctx, r.URL.Query().Get("code"), oauth2.VerifierOption(a.Verifier))
	if err != nil {
		return nil, time.Time{}, "", exchangeRefusal(err)
	}
	raw, _ := answer.Extra("id_token").(string)
	if raw == "" {
		return nil, time.Time{}, "", forbidden("The identity provider answered without an ID token: is the scope openid allowed to the client?")
	}
	token, err := provider.Verifier(&oidc.Config{ClientID: o.options.ClientID, Now: o.options.Clock.Now}).Verify(ctx, raw)
	if err != nil {
		return nil, time.Time{}, "", forbidden("The identity provider's token does not count: %s.", shown(err.Error()))
	}
	if subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(a.Nonce)) != 1 {
		return nil, time.Time{}, "", forbidden("The identity provider's token was made for another sign-in: begin again.")
	}
	p, err = o.personOf(token)
	if err != nil {
		return nil, time.Time{}, "", err
	}
	if o.options.PassToken {
		p.Token, until = raw, token.Expiry
	}
	return p, until, a.To, nil
}

// attemptOf checks that the browser that comes back is the one that was sent away.
func (o *OIDC) attemptOf(r *http.Request) (*attempt, error) {
	query := r.URL.Query()
	var a attempt
	cookie, err := r.Cookie(attemptCookie)
	if err != nil || !o.sealer.open(cookie.Value, &a) || !o.options.Clock.Now().Before(a.Until) ||
		subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(a.State)) != 1 {
		return nil, forbidden("This sign-in was not begun in this browser, or longer than %d minutes ago, or by another tab: begin again.", int(attemptLimit.Minutes()))
	}
	if from := query.Get("iss"); from != "" && from != o.options.Issuer {
		return nil, forbidden("The answer came from %q, which is not the identity provider of this page.", shown(from))
	}
	if code := query.Get("error"); code != "" {
		return nil, forbidden("The identity provider did not sign you in: %s.", shown(strings.Join(slices.DeleteFunc([]string{code, query.Get("error_description")}, isEmpty), ": ")))
	}
	return &a, nil
}

func isEmpty(s string) bool { return s == "" }

// exchangeRefusal tells a provider that refuses from one that does not answer.
func exchangeRefusal(err error) error {
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) {
		return forbidden("The identity provider gave no token: %s.", shown(cmp.Or(refused.ErrorCode, refused.Response.Status)))
	}
	return away(err)
}

func away(err error) *RefusalError {
	return &RefusalError{http.StatusBadGateway, fmt.Sprintf("The identity provider could not be asked: %s.", shown(err.Error()))}
}

// config is how the provider is spoken to, for the host name that a person uses.
func (o *OIDC) config(r *http.Request) (*oauth2.Config, *oidc.Provider, error) {
	provider, err := o.discovered(r.Context())
	if err != nil {
		return nil, nil, away(err)
	}
	config := &oauth2.Config{
		ClientID: o.options.ClientID, Endpoint: provider.Endpoint(), RedirectURL: "https://" + r.Host + CallbackPath,
		Scopes: append([]string{oidc.ScopeOpenID}, slices.DeleteFunc(slices.Clone(o.options.Scopes), func(s string) bool { return s == oidc.ScopeOpenID })...),
	}
	if o.options.Secret != nil {
		if config.ClientSecret, err = o.options.Secret(); err != nil {
			return nil, nil, &RefusalError{http.StatusInternalServerError, "The page cannot read its own secret for the identity provider."}
		}
	}
	return config, provider, nil
}

// discovered is the provider as it describes itself. What it said once is kept; while it
// does not answer it is asked each time.
func (o *OIDC) discovered(ctx context.Context) (*oidc.Provider, error) {
	o.mu.Lock()
	provider := o.provider
	o.mu.Unlock()
	if provider != nil {
		return provider, nil
	}
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, o.options.Client), o.options.Issuer)
	if err != nil {
		return nil, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.provider = provider
	return provider, nil
}

// shown is a text of others, on one line and without the full stop at its end.
func shown(text string) string {
	return strings.TrimRight(printable.OneLine(text, maxShown), ". ")
}
