package receiver_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/garboard-dev/garboard/updater/receiver/config"
)

// issuer is an identity provider that publishes its keys over HTTPS.
type issuer struct {
	t       *testing.T
	server  *httptest.Server
	keys    map[string]*rsa.PrivateKey
	fetched atomic.Int64
}

const (
	audience = "https://garboard.corp/v1/webhooks/gar"
	account  = "pubsub@example.iam.gserviceaccount.com"
)

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{t: t, keys: map[string]*rsa.PrivateKey{}}
	i.addKey("first")
	i.server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		i.fetched.Add(1)
		var set jose.JSONWebKeySet
		for id, key := range i.keys {
			set.Keys = append(set.Keys, jose.JSONWebKey{Key: key.Public(), KeyID: id, Algorithm: "RS256", Use: "sig"})
		}
		if err := json.NewEncoder(w).Encode(set); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(i.server.Close)
	return i
}

func (i *issuer) addKey(id string) {
	i.t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		i.t.Fatal(err)
	}
	i.keys[id] = key
}

// token is what Google's Pub/Sub would send, with changes.
func (i *issuer) token(id string, key *rsa.PrivateKey, changes map[string]any) string {
	i.t.Helper()
	claims := map[string]any{
		"iss": i.server.URL, "aud": audience, "azp": "113774264463038321964", "sub": "113774264463038321964",
		"email": account, "email_verified": true, "iat": start.Unix(), "exp": start.Add(time.Hour).Unix(),
	}
	maps.Copy(claims, changes)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: id}}, nil)
	if err != nil {
		i.t.Fatal(err)
	}
	text, err := jwt.Signed(signer).Claims(claims).Serialize() //nolint:misspell // the library's own name
	if err != nil {
		i.t.Fatal(err)
	}
	return text
}

func (i *issuer) world() *world {
	return newWorldWithKeys(i.t, i.server.Client(), config.Sender{Name: "gar", Kind: config.GAR, Auth: config.Auth{OIDC: &config.OIDC{
		Issuer: i.server.URL, Audience: audience, Email: account, KeysURL: i.server.URL + "/certs",
	}}})
}

func (w *world) postGAR(token string) int {
	w.t.Helper()
	got, _ := w.post("gar", headers("Authorization", "Bearer "+token), payload(w.t, "gar.json"))
	return got
}

func TestPubSubProvesItselfByAToken(t *testing.T) {
	i := newIssuer(t)
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	good := i.keys["first"]
	for name, test := range map[string]struct {
		token string
		want  int
	}{
		"genuine":                         {i.token("first", good, nil), http.StatusAccepted},
		"no token":                        {"", http.StatusUnauthorized},
		"no token at all":                 {"a.b.c", http.StatusUnauthorized},
		"signed by another key":           {i.token("first", stranger, nil), http.StatusUnauthorized},
		"with a key that nobody has":      {i.token("other", stranger, nil), http.StatusUnauthorized},
		"of another issuer":               {i.token("first", good, map[string]any{"iss": "https://accounts.example"}), http.StatusUnauthorized},
		"for another audience":            {i.token("first", good, map[string]any{"aud": "https://somebody.else"}), http.StatusUnauthorized},
		"about another account":           {i.token("first", good, map[string]any{"email": "eve@example.iam.gserviceaccount.com"}), http.StatusUnauthorized},
		"about an account that is no one": {i.token("first", good, map[string]any{"email_verified": false}), http.StatusUnauthorized},
		"without an account":              {i.token("first", good, map[string]any{"email": nil}), http.StatusUnauthorized},
		"that has ended":                  {i.token("first", good, map[string]any{"exp": start.Add(-time.Second).Unix()}), http.StatusUnauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			w := i.world()
			if got := w.postGAR(test.token); got != test.want {
				t.Errorf("answer %d, want %d", got, test.want)
			}
			if pushed := len(w.sink.pushes) > 0; pushed != (test.want == http.StatusAccepted) {
				t.Errorf("pushes: %v", w.sink.pushes)
			}
		})
	}
}

func TestKeysAreFetchedOnceAndAgainWhenTheyRotate(t *testing.T) {
	i := newIssuer(t)
	w := i.world()
	for range 3 {
		if got := w.postGAR(i.token("first", i.keys["first"], nil)); got != http.StatusAccepted {
			t.Fatalf("answer %d", got)
		}
	}
	if got := i.fetched.Load(); got != 1 {
		t.Errorf("keys were fetched %d times for three tokens, want once", got)
	}
	i.addKey("second")
	if got := w.postGAR(i.token("second", i.keys["second"], nil)); got != http.StatusAccepted {
		t.Errorf("a token of the new key: answer %d", got)
	}
}

// Each token with an unknown key makes the library fetch the keys. Whoever sends
// many must not make us a nuisance to the provider, nor lock out the genuine.
func TestForgedTokensDoNotFetchKeysEachTime(t *testing.T) {
	i := newIssuer(t)
	w := i.world()
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if got := w.postGAR(i.token("other", stranger, nil)); got != http.StatusUnauthorized {
			t.Fatalf("answer %d", got)
		}
	}
	if got := i.fetched.Load(); got > 4 {
		t.Errorf("20 forged tokens fetched the keys %d times", got)
	}
	if got := w.postGAR(i.token("first", i.keys["first"], nil)); got != http.StatusAccepted {
		t.Errorf("the genuine sender: answer %d", got)
	}
}
