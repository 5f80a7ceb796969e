package identity

import (
	"encoding/base64"
	"errors"
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
	acrRepository = "contoso.azurecr.io/shop/web"
	acrExchange   = "https://contoso.azurecr.io/oauth2/exchange"
	otherExchange = "https://fabrikam.azurecr.io/oauth2/exchange"
	azureSourced  = "Azure identity"
	entra         = "https://login.microsoftonline.com"
	entraToken    = entra + "/tenant/oauth2/v2.0/token"
	imds          = "http://169.254.169.254/metadata/identity/oauth2/token"
)

// workloadIdentity is what the cluster's webhook gives to a pod.
func workloadIdentity(t *testing.T) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "azure-identity-token")
	if err := os.WriteFile(file, []byte("projected token"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AZURE_FEDERATED_TOKEN_FILE", file)
	t.Setenv("AZURE_CLIENT_ID", "client")
	t.Setenv("AZURE_TENANT_ID", "tenant")
	t.Setenv("AZURE_AUTHORITY_HOST", entra+"/")
}

// azureRoutes are Entra ID and two registries.
func azureRoutes() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		entra + "/common/discovery/instance": reply(map[string]any{
			"tenant_discovery_endpoint": entra + "/tenant/v2.0/.well-known/openid-configuration",
			"metadata": []any{map[string]any{
				"preferred_network": "login.microsoftonline.com", "preferred_cache": "login.microsoftonline.com",
				"aliases": []string{"login.microsoftonline.com"},
			}},
		}),
		entra + "/tenant/v2.0/.well-known/openid-configuration": reply(map[string]any{
			"issuer":                 entra + "/tenant/v2.0",
			"authorization_endpoint": entra + "/tenant/oauth2/v2.0/authorize",
			"token_endpoint":         entraToken,
		}),
		entraToken: func(w http.ResponseWriter, r *http.Request) {
			if r.FormValue("client_assertion") != "projected token" || !strings.HasPrefix(r.FormValue("scope"), azureScope) {
				http.Error(w, "bad request", http.StatusBadRequest)
				return
			}
			reply(map[string]any{"access_token": "entra-secret", "expires_in": 86400, "token_type": "Bearer"})(w, r)
		},
		acrExchange:   exchangeAnswers("contoso.azurecr.io"),
		otherExchange: exchangeAnswers("fabrikam.azurecr.io"),
	}
}

// exchangeAnswers gives refresh-HOST-1, refresh-HOST-2, ….
func exchangeAnswers(host string) http.HandlerFunc {
	var mu sync.Mutex
	given := 0
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.FormValue("grant_type") != "access_token" ||
			r.FormValue("service") != host || r.FormValue("access_token") != "entra-secret" {
			http.Error(w, "bad request", http.StatusBadRequest)
			return
		}
		mu.Lock()
		given++
		token := fmt.Sprintf("refresh-%s-%d", host, given)
		mu.Unlock()
		reply(map[string]any{"refresh_token": token})(w, r)
	}
}

func TestAzureTokenIsAskedForOnceAHost(t *testing.T) {
	workloadIdentity(t)
	now := newClock()
	fake := newCloud(t, azureRoutes())
	i := New(Options{Providers: Providers{Azure}, Now: now.Now, Transport: fake.transport, Patience: time.Minute})
	first := auth.IdentityToken("refresh-contoso.azurecr.io-1")

	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			for range 50 {
				one(t, i, acrRepository, first, azureSourced)
			}
		})
	}
	all.Wait()
	one(t, i, "fabrikam.azurecr.io/web", auth.IdentityToken("refresh-fabrikam.azurecr.io-1"), azureSourced)
	fake.wantRequests(acrExchange, 1)
	fake.wantRequests(otherExchange, 1)
	fake.wantRequests(entraToken, 1)

	now.Advance(2*time.Hour + 25*time.Minute) // More than 80 % of three hours.
	one(t, i, acrRepository, first, azureSourced)
	soon(t, i, acrRepository, auth.IdentityToken("refresh-contoso.azurecr.io-2"))
	fake.wantRequests(acrExchange, 2)
	fake.wantRequests(entraToken, 1) // It holds for a day.
}

func TestAzureManagedIdentityOfTheNode(t *testing.T) {
	for name, client := range map[string]string{"of the system": "", "that is named": "0000-client"} {
		t.Run(name, func(t *testing.T) {
			for _, variable := range []string{"AZURE_FEDERATED_TOKEN_FILE", "IDENTITY_ENDPOINT", "MSI_ENDPOINT", "IMDS_ENDPOINT"} {
				t.Setenv(variable, "") // So that it comes back,
				_ = os.Unsetenv(variable)
			}
			t.Setenv("AZURE_CLIENT_ID", client)
			routes := azureRoutes()
			routes[imds] = func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Metadata") != "true" || r.FormValue("client_id") != client {
					http.Error(w, "bad request", http.StatusBadRequest)
					return
				}
				reply(map[string]any{
					"access_token": "entra-secret", "expires_in": "86400", "token_type": "Bearer",
					"expires_on": fmt.Sprint(time.Now().Add(24 * time.Hour).Unix()), "resource": "https://containerregistry.azure.net",
				})(w, r)
			}
			fake := newCloud(t, routes)
			i := New(Options{Providers: Auto(), Transport: fake.transport})
			one(t, i, acrRepository, auth.IdentityToken("refresh-contoso.azurecr.io-1"), azureSourced)
			fake.wantAtMostOne(imds) // The SDK keeps it for the whole process: none in a second run.
		})
	}
}

func TestAzureIdentityIsRefused(t *testing.T) {
	workloadIdentity(t)
	now := newClock()
	fake := newCloud(t, azureRoutes())
	fake.on(entraToken, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprint(w, `{"error":"invalid_request","error_description":"AADSTS70021: No matching federated identity record found"}`)
	})
	i := New(Options{Providers: Auto(), Now: now.Now, Transport: fake.transport, Patience: time.Minute})
	for range 100 {
		err := refused(t, i, acrRepository, Azure, "AADSTS", "projected token")
		if !strings.Contains(err.Error(), "AADSTS70021") {
			t.Fatalf("the cause is %v, want what Entra ID said", err)
		}
	}
	_ = refused(t, i, "fabrikam.azurecr.io/web", Azure)
	fake.wantRequests(entraToken, 1) // One identity: its lack is known to all hosts.
	fake.wantRequests(acrExchange, 0)
}

func TestAzureExchangeThatGivesNoToken(t *testing.T) {
	tests := map[string]struct {
		answer http.HandlerFunc
		cause  string
	}{
		"it refuses": {
			func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "entra-secret", http.StatusUnauthorized) },
			`asking "contoso.azurecr.io" for a refresh token: status 401`,
		},
		"it sends the token elsewhere": {
			func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "https://evil.example/steal", http.StatusTemporaryRedirect)
			},
			`asking "contoso.azurecr.io" for a refresh token: status 307`,
		},
		"it answers with HTML":    {func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "<html>entra-secret") }, errUnusable.Error()},
		"it answers with nothing": {reply(map[string]any{}), errUnusable.Error()},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			workloadIdentity(t)
			fake := newCloud(t, azureRoutes())
			fake.on(acrExchange, test.answer)
			i := New(Options{Providers: Auto(), Transport: fake.transport})
			for range 10 {
				if err := refused(t, i, acrRepository, Azure, "entra-secret"); err.Error() != test.cause {
					t.Errorf("the cause is %q, want %q", err, test.cause)
				}
			}
			fake.wantRequests(acrExchange, 1)
		})
	}
}

func TestAzureExchangeThatHangs(t *testing.T) {
	workloadIdentity(t)
	fake := newCloud(t, azureRoutes())
	fake.on(acrExchange, fake.hang)
	i := New(Options{Providers: Auto(), Transport: fake.transport, Patience: 50 * time.Millisecond})
	for range 100 {
		_ = refused(t, i, acrRepository, Azure)
	}
	fake.wantAtMostOne(acrExchange)
	// Another registry does not wait for it.
	soon(t, i, "fabrikam.azurecr.io/web", auth.IdentityToken("refresh-fabrikam.azurecr.io-1"))
}

func TestAzureWithHalfAnIdentity(t *testing.T) {
	workloadIdentity(t)
	_ = os.Unsetenv("AZURE_TENANT_ID")
	err := refused(t, New(Options{Providers: Auto(), Transport: newCloud(t, nil).transport}), acrRepository, Azure)
	if errors.Unwrap(err) == nil {
		t.Errorf("the cause %q has no cause", err)
	}
}

func TestJWTExpiry(t *testing.T) {
	claims := func(text string) string {
		return "e30." + base64.RawURLEncoding.EncodeToString([]byte(text)) + ".sig"
	}
	tests := map[string]struct {
		token string
		want  int64
	}{
		"a token that says when":  {claims(`{"exp":1700000000}`), 1700000000},
		"a token that does not":   {claims(`{"sub":"x"}`), 0},
		"a token from before":     {claims(`{"exp":-1}`), 0},
		"a token of another kind": {"opaque", 0},
		"no base64":               {"e30.!!.sig", 0},
		"no JSON":                 {claims(`exp`), 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, ok := jwtExpiry(test.token)
			if ok != (test.want != 0) || ok && got.Unix() != test.want {
				t.Errorf("jwtExpiry(%q) = %v, %t; want %d", test.token, got, ok, test.want)
			}
		})
	}
}
