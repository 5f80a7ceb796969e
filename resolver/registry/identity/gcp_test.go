package identity

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/garboard-dev/garboard/resolver/registry/auth"
)

const (
	garRepository = "europe-west1-docker.pkg.dev/project/shop/web"
	googleSource  = "Google identity"
	googleTokens  = "https://oauth2.googleapis.com/token"
	metadataPath  = "/computeMetadata/v1/instance/service-accounts/default/token"
)

// googleAnswers gives token-1, token-2, … for an hour each.
func googleAnswers() http.HandlerFunc {
	var mu sync.Mutex
	given := 0
	return func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		given++
		token := fmt.Sprintf("token-%d", given)
		mu.Unlock()
		reply(map[string]any{"access_token": token, "expires_in": 3600, "token_type": "Bearer"})(w, r)
	}
}

// metadataServer is GKE's or Compute Engine's.
func metadataServer(t *testing.T, answer http.HandlerFunc) (*cloud, string) {
	t.Helper()
	fake := newCloud(t, map[string]http.HandlerFunc{})
	route := fake.plain.URL + metadataPath
	fake.on(route, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Metadata-Flavor") != "Google" {
			http.Error(w, "no flavour", http.StatusForbidden)
			return
		}
		answer(w, r)
	})
	t.Setenv(googleFile, "")
	t.Setenv("GCE_METADATA_HOST", strings.TrimPrefix(fake.plain.URL, "http://"))
	return fake, route
}

func TestGoogleTokenOfTheMetadataServer(t *testing.T) {
	now := newClock()
	fake, route := metadataServer(t, googleAnswers())
	i := New(Options{Providers: Providers{GCP}, Now: now.Now, Patience: time.Minute})
	first := auth.Basic("oauth2accesstoken", "token-1")

	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			for range 50 {
				one(t, i, garRepository, first, googleSource)
			}
		})
	}
	all.Wait()
	one(t, i, "gcr.io/project/web", first, googleSource) // One token for all hosts.
	fake.wantRequests(route, 1)

	now.Advance(49 * time.Minute) // More than 80 % of an hour.
	one(t, i, garRepository, first, googleSource)
	soon(t, i, garRepository, auth.Basic("oauth2accesstoken", "token-2"))
	fake.wantRequests(route, 2)
}

func TestGoogleMetadataServerThatComesLater(t *testing.T) {
	now := newClock()
	fake, route := metadataServer(t, http.NotFound)
	i := New(Options{Providers: Auto(), Now: now.Now, Patience: time.Minute})
	for range 100 {
		_ = refused(t, i, garRepository, GCP)
	}
	fake.wantRequests(route, 1)

	fake.on(route, googleAnswers())
	now.Advance(firstRetry)
	one(t, i, garRepository, auth.Basic("oauth2accesstoken", "token-1"), googleSource)
}

func TestGoogleMetadataServerThatHangs(t *testing.T) {
	fake, route := metadataServer(t, http.NotFound)
	fake.on(route, fake.hang)
	i := New(Options{Providers: Auto(), Patience: 50 * time.Millisecond})
	began := time.Now()
	for range 100 {
		_ = refused(t, i, garRepository, GCP)
	}
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("a hundred callers waited %v, want 50 ms together", took)
	}
	fake.wantAtMostOne(route)
}

func TestGoogleAnswerThatIsNoToken(t *testing.T) {
	tests := map[string]http.HandlerFunc{
		"is no JSON":      func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "secret") },
		"has no token":    reply(map[string]any{"expires_in": 3600}),
		"has ended":       reply(map[string]any{"access_token": "secret", "expires_in": 0}),
		"has no end":      reply(map[string]any{"access_token": "secret"}),
		"is not there":    http.NotFound,
		"is not for this": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "secret", http.StatusForbidden) },
	}
	for name, answer := range tests {
		t.Run(name, func(t *testing.T) {
			_, _ = metadataServer(t, answer)
			_ = refused(t, New(Options{Providers: Auto()}), garRepository, GCP, "secret")
		})
	}
}

func TestGoogleServiceAccountFile(t *testing.T) {
	t.Setenv(googleFile, serviceAccount(t))
	answer := googleAnswers()
	fake := newCloud(t, map[string]http.HandlerFunc{googleTokens: func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" || r.FormValue("assertion") == "" {
			http.Error(w, "bad request", http.StatusBadRequest)
			return
		}
		answer(w, r)
	}})
	i := New(Options{Providers: Auto(), Transport: fake.transport})
	for range 10 {
		one(t, i, garRepository, auth.Basic("oauth2accesstoken", "token-1"), googleSource)
	}
	fake.wantRequests(googleTokens, 1)
}

func TestGoogleServiceAccountFileAndACloudThatHangs(t *testing.T) {
	t.Setenv(googleFile, serviceAccount(t))
	now := newClock()
	fake := newCloud(t, map[string]http.HandlerFunc{})
	fake.on(googleTokens, fake.hang)
	i := New(Options{Providers: Auto(), Now: now.Now, Transport: fake.transport, Timeout: 200 * time.Millisecond, Patience: 50 * time.Millisecond})
	_ = refused(t, i, garRepository, GCP)

	// The source knows no context, and yet the question ends and is put again.
	// The source goes by the true time, so the token outlasts our clock's jumps.
	fake.on(googleTokens, reply(map[string]any{"access_token": "token", "expires_in": 100_000_000}))
	eventually(t, func() bool {
		now.Advance(lastRetry)
		got, err := i.For(t.Context(), named(garRepository))
		return err == nil && len(got) == 1
	})
}

func TestGoogleFileThatCannotBeRead(t *testing.T) {
	t.Setenv(googleFile, filepath.Join(t.TempDir(), "none.json"))
	_ = refused(t, New(Options{Providers: Auto()}), garRepository, GCP, "none.json")
}

// serviceAccount writes a key file and returns its name.
func serviceAccount(t *testing.T) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(map[string]string{
		"type":         "service_account",
		"client_email": "garboard@project.iam.gserviceaccount.com",
		"private_key":  string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
		"token_uri":    googleTokens,
	})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "key.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
