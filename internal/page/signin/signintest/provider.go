// Package signintest plays a provider of OpenID Connect, at which everybody is one person.
package signintest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/coreos/go-oidc/v3/oidc/oidctest"
	"golang.org/x/oauth2"
)

const (
	keyID = "key"
	code  = "code"
)

// Provider is go-oidc's own server for tests, with the two addresses that it lacks: where
// people sign in, and where a page gets their tokens. It speaks HTTPS.
type Provider struct {
	*httptest.Server
	// Claims are those of the next token, over those that are right.
	Claims map[string]any
	// Answer answers a page that asks for a token, where it is set.
	Answer http.HandlerFunc

	t              testing.TB
	client, secret string
	key            *ecdsa.PrivateKey

	mu    sync.Mutex
	asked url.Values
}

// NewProvider starts a provider that knows one page.
func NewProvider(t testing.TB, client, secret string) *Provider {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p := &Provider{t: t, client: client, secret: secret, key: key}
	described := &oidctest.Server{
		PublicKeys: []oidctest.PublicKey{{PublicKey: key.Public(), KeyID: keyID, Algorithm: oidc.ES256}}, Algorithms: []string{oidc.ES256},
	}
	mux := http.NewServeMux()
	mux.Handle("/", described)
	mux.HandleFunc("GET /auth", p.signIn)
	mux.HandleFunc("POST /token", p.token)
	p.Server = httptest.NewTLSServer(mux)
	t.Cleanup(p.Close)
	described.SetIssuer(p.URL)
	return p
}

// Asked is what the page asked for when it sent the last person here.
func (p *Provider) Asked() url.Values {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked
}

// Visit opens an address of the provider as a browser does, and returns where it sends the
// person.
func (p *Provider) Visit(t testing.TB, address string) *url.URL {
	t.Helper()
	ask, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	browser := *p.Client()
	browser.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answer, err := browser.Do(ask)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	at, err := answer.Location()
	if err != nil {
		t.Fatalf("%s: %s: %v", address, answer.Status, err)
	}
	return at
}

func (p *Provider) signIn(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = r.URL.Query()
	back, err := url.Parse(p.asked.Get("redirect_uri"))
	if err != nil || p.asked.Get("client_id") != p.client {
		http.Error(w, "no such client", http.StatusBadRequest)
		return
	}
	back.RawQuery = url.Values{"code": {code}, "state": {p.asked.Get("state")}}.Encode()
	http.Redirect(w, r, back.String(), http.StatusSeeOther)
}

// token checks what a page sends, as a provider does, and answers with a token.
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	if p.Answer != nil {
		p.Answer(w, r)
		return
	}
	id, given, _ := r.BasicAuth()
	if given == "" {
		id, given = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	if plain, err := url.QueryUnescape(given); err == nil {
		given = plain
	}
	asked := p.Asked()
	w.Header().Set("Content-Type", "application/json")
	if id != p.client || given != p.secret || r.PostFormValue("code") != code ||
		oauth2.S256ChallengeFromVerifier(r.PostFormValue("code_verifier")) != asked.Get("code_challenge") {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"error":"invalid_grant"}`))
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]string{"access_token": "access", "token_type": "Bearer", "id_token": p.signed(asked)})
}

func (p *Provider) signed(asked url.Values) string {
	now := time.Now()
	claims := map[string]any{
		"iss": p.URL, "aud": p.client, "sub": "7", "email": "ann@example.com", "groups": []string{"shop", "all"},
		"nonce": asked.Get("nonce"), "exp": now.Add(time.Hour).Unix(), "iat": now.Unix(),
	}
	for name, value := range p.Claims {
		claims[name] = value
	}
	text, err := json.Marshal(claims)
	if err != nil {
		p.t.Error(err)
	}
	return oidctest.SignIDToken(p.key, keyID, oidc.ES256, string(text))
}
