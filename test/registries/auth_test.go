package registries

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/bcrypt"

	"github.com/keelson-dev/keelson/resolver"
	"github.com/keelson-dev/keelson/resolver/registry"
)

const signIn = "web: kept at 1.0.0: not found, or the credentials may not read it"

func TestRegistryWithPasswords(t *testing.T) {
	address, _ := passwordRegistry(t, settings{})
	push(t, address+"/team/app", []string{"1.0.0", "1.0.1"}, as("docker", "secret"))
	good, bad := registry.Basic("docker", "secret"), registry.Basic("docker", "old")
	for name, test := range map[string]struct {
		credentials []registry.Credential
		tag         string
		warning     string
	}{
		"the right one":                       {[]registry.Credential{good}, "1.0.1", ""},
		"a stale one before the right one":    {[]registry.Credential{bad, good}, "1.0.1", ""},
		"a wrong one":                         {[]registry.Credential{bad}, "1.0.0", signIn},
		"none":                                {nil, "1.0.0", signIn},
		"a token, which passwords know not":   {[]registry.Credential{registry.IdentityToken("t")}, "1.0.0", signIn},
		"a repository that is not there":      {[]registry.Credential{good}, "", signIn},
		"several wrong ones before the right": {[]registry.Credential{bad, registry.Basic("a", "b"), registry.Bearer("t"), good}, "1.0.1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			repository := address + "/team/app"
			if test.tag == "" {
				repository, test.tag = address+"/team/none", "1.0.0"
			}
			stored, warnings := newAdmission(t, reachable(), test.credentials...).create(t, repository+":1.0.0", "patch")
			wantStored(t, stored, repository+":"+test.tag, warnings, test.warning)
		})
	}
}

// wantStored fails unless the image was stored; a warning is wanted only where
// one is given.
func wantStored(t *testing.T, stored, want string, warnings []string, warning string) {
	t.Helper()
	if stored != want {
		t.Errorf("stored %s with warnings %q, want %s", stored, warnings, want)
	}
	if warning != "" {
		if diff := cmp.Diff([]string{warning}, warnings); diff != "" {
			t.Errorf("warnings (-want +got):\n%s", diff)
		}
	}
}

func TestRegistryOfAPrivateCA(t *testing.T) {
	key, der := certificate(t)
	certFile, keyFile := writePair(t, key, der)
	address, _ := distribution(t, settings{certificate: certFile, key: keyFile})
	transport := trusting(t, der)
	push(t, address+"/team/app", []string{"1.0.0", "1.0.1"}, through(transport))

	o := reachable()
	stored, warnings := newAdmission(t, o).create(t, address+"/team/app:1.0.0", "patch")
	wantStored(t, stored, address+"/team/app:1.0.0", warnings, "web: kept at 1.0.0: registry cannot be reached")
	o.RootCAs = transport.TLSClientConfig.RootCAs
	stored, warnings = newAdmission(t, o).create(t, address+"/team/app:1.0.0", "patch")
	wantStored(t, stored, address+"/team/app:1.0.1", warnings, "")
}

// trusting trusts a certificate alone.
func trusting(t *testing.T, der []byte) *http.Transport {
	t.Helper()
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

func passwordRegistry(t *testing.T, s settings) (address, folder string) {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte("secret"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "htpasswd")
	if err := os.WriteFile(file, []byte("docker:"+string(hash)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.auth = fmt.Sprintf("{htpasswd: {realm: test, path: %s}}", file)
	return distribution(t, s)
}

// tokenRegistry starts a registry that wants tokens, behind a proxy at whose
// /token they are given.
func tokenRegistry(t *testing.T, life time.Duration) (*proxy, *tokenService) {
	t.Helper()
	key, der := certificate(t)
	certFile, _ := writePair(t, key, der)
	service := &tokenService{key: key, der: der, life: life, issued: map[string]int{}}
	p := &proxy{calls: map[string]int{}}
	p.Server = httptest.NewUnstartedServer(nil)
	address, _ := distribution(t, settings{auth: fmt.Sprintf(
		"{token: {realm: 'http://%s/token', service: test-registry, issuer: test-issuer, rootcertbundle: %s}}", p.host(), certFile)})
	forward := p.handler(address)
	p.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" {
			p.mu.Lock()
			p.calls["token"]++
			p.mu.Unlock()
			service.ServeHTTP(w, r)
			return
		}
		forward.ServeHTTP(w, r)
	})
	p.Start()
	t.Cleanup(p.Close)
	return p, service
}

func TestRegistryWithTokens(t *testing.T) {
	p, service := tokenRegistry(t, 5*time.Minute)
	for _, repository := range []string{"alice/app", "alice/tool", "bob/app"} {
		push(t, p.host()+"/"+repository, []string{"1.0.0", "1.0.1"}, as("pusher", passwords("pusher")))
	}
	alice, bob := registry.Basic("alice", passwords("alice")), registry.Basic("bob", passwords("bob"))
	p.since()
	service.since()

	a := newAdmission(t, reachable(), alice)
	for range 3 {
		stored, warnings := a.create(t, p.host()+"/alice/app:1.0.0", "patch")
		wantStored(t, stored, p.host()+"/alice/app:1.0.1", warnings, "")
	}
	stored, warnings := a.create(t, p.host()+"/alice/tool:1.0.0", "patch")
	wantStored(t, stored, p.host()+"/alice/tool:1.0.1", warnings, "")
	if diff := cmp.Diff(map[string]int{"ping": 1, "token": 2, "list": 2}, p.since()); diff != "" {
		t.Errorf("requests for two repositories, one of them three times (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{"alice repository:alice/app:pull": 1, "alice repository:alice/tool:pull": 1}, service.since()); diff != "" {
		t.Errorf("tokens (-want +got):\n%s", diff)
	}

	stored, warnings = newAdmission(t, reachable(), bob).create(t, p.host()+"/alice/app:1.0.0", "patch")
	wantStored(t, stored, p.host()+"/alice/app:1.0.0", warnings, signIn)
	stored, warnings = newAdmission(t, reachable(), bob, alice).create(t, p.host()+"/alice/app:1.0.0", "patch")
	wantStored(t, stored, p.host()+"/alice/app:1.0.1", warnings, "")
}

// Two tenants of one repository, one of whom may read it, and one without a
// credential: in one process, neither ever gets the other's answer.
func TestTenantsDoNotShareAnswers(t *testing.T) {
	p, _ := tokenRegistry(t, 5*time.Minute)
	push(t, p.host()+"/alice/app", []string{"1.0.0", "1.0.1"}, as("pusher", passwords("pusher")))
	a := admissionOf(t, reachable(), resolver.Options{}, held{
		"alice": {registry.Basic("alice", passwords("alice"))}, "bob": {registry.Basic("bob", passwords("bob"))},
	})
	image, newer := p.host()+"/alice/app:1.0.0", p.host()+"/alice/app:1.0.1"
	var wait sync.WaitGroup
	for range 8 {
		for namespace, want := range map[string]string{"alice": newer, "bob": image, "nobody": image} {
			wait.Go(func() {
				for range 5 {
					if stored, warnings := a.createIn(t, namespace, image, "patch"); stored != want {
						t.Errorf("%s: stored %s with warnings %q, want %s", namespace, stored, warnings, want)
					}
				}
			})
		}
	}
	wait.Wait()
	if lists := p.since()["list"]; lists > 3 {
		t.Errorf("%d lists were asked for, want one a credential at most", lists)
	}
}
