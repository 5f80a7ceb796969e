package cli

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The credentials of these tests, and all that would give them away.
const (
	seededPassword = "p4ssw0rd-never-shown"
	seededToken    = "t0ken-never-shown"
	seededAuth     = "bWU6cDRzc3cwcmQtbmV2ZXItc2hvd24=" // me: and the password
)

func wantNoSecret(t *testing.T, got outcome) {
	t.Helper()
	for _, secret := range []string{seededPassword, seededToken, seededAuth, strings.TrimRight(seededAuth, "=")} {
		if strings.Contains(got.Out+got.Err, secret) {
			t.Errorf("%q is shown:\n%s%s", secret, got.Out, got.Err)
		}
	}
}

// wantPrintable makes sure that nothing steers the terminal.
func wantPrintable(t *testing.T, got outcome) {
	t.Helper()
	if i := strings.IndexFunc(got.Out+got.Err, func(r rune) bool { return r < ' ' && r != '\n' || r == 0x7f || r == 0x9b }); i >= 0 {
		t.Errorf("control character at %d:\n%q", i, got.Out+got.Err)
	}
}

func TestRegistryCheckShowsAnImage(t *testing.T) {
	s := newTagServer(t, "team/shop:1.2.0", "team/shop:1.2.9", "team/shop:edge")
	s.pushMultiPlatform("team/shop:1.3.0")
	for name, test := range map[string]struct {
		image, settings string
		want            outcome
	}{
		"a tag": {"HOST/team/shop:1.3.0", "", outcome{Out: `Registry:     HOST
Repository:   team/shop
Tag:          1.3.0
Settings:     allowed
Credentials:  anonymous: accepted
Answered by:  the registry, http://HOST (127.0.0.1)
Tags:         4, versions: 3
Digest:       sha256:…
Platforms:    linux/amd64, linux/arm64
Built:        2026-03-04T05:06:07Z
Note:         the address is not a public one; webhook and updater need --private-registries=HOST or private: true in the registry settings

METHOD   STATUS   SIGNED       TIME   URL
GET      200      -            TIME   http://HOST/v2/
GET      200      -            TIME   http://HOST/v2/team/shop/tags/list?n=1000
HEAD     200      -            TIME   http://HOST/v2/team/shop/manifests/1.3.0
GET      200      -            TIME   http://HOST/v2/team/shop/manifests/sha256:…
GET      200      -            TIME   http://HOST/v2/team/shop/manifests/sha256:…
GET      200      -            TIME   http://HOST/v2/team/shop/blobs/sha256:…
`}},
		"a tag that is not there": {"HOST/team/shop:9.9.9", "", outcome{Code: 1, Out: `Registry:     HOST
Repository:   team/shop
Tag:          9.9.9
Settings:     allowed
Credentials:  anonymous: accepted
Answered by:  the registry, http://HOST (127.0.0.1)
Tags:         4, versions: 3
Note:         the address is not a public one; webhook and updater need --private-registries=HOST or private: true in the registry settings

METHOD   STATUS   SIGNED       TIME   URL
GET      200      -            TIME   http://HOST/v2/
GET      200      -            TIME   http://HOST/v2/team/shop/tags/list?n=1000
HEAD     404      -            TIME   http://HOST/v2/team/shop/manifests/9.9.9
`, Err: `garboard: reading the digest of HOST/team/shop:9.9.9: not found: status 404 (HEAD http://HOST/v2/team/shop/manifests/9.9.9)
  the list has 4 tags; garboard registry tags HOST/team/shop --list shows them
`}},
		"a repository that is not there": {"HOST/team/none", "", outcome{Code: 1, Out: `Registry:     HOST
Repository:   team/none
Tag:          latest
Settings:     allowed
Credentials:  anonymous: told that there is no such repository

METHOD   STATUS   SIGNED       TIME   URL
GET      200      -            TIME   http://HOST/v2/
GET      404      -            TIME   http://HOST/v2/team/none/tags/list?n=1000
`, Err: `garboard: listing the tags of HOST/team/none: not found: status 404 (GET http://HOST/v2/team/none/tags/list?n=1000)
  tried: anonymous: told that there is no such repository
  is the name right? Many registries say so, too, of what a credential may not read
`}},
		"a mirror's answer": {"registry.invalid/team/shop:1.2.0", "registries: [{prefix: registry.invalid, hosts: [{host: 'http://HOST', private: true}]}]", outcome{Out: `Registry:     registry.invalid
Repository:   team/shop
Tag:          1.2.0
Settings:     allowed
Credentials:  anonymous: not asked for
Answered by:  a mirror, http://HOST (127.0.0.1)
Tags:         4, versions: 3
Digest:       sha256:…
Platforms:    any (none is declared)

METHOD   STATUS   SIGNED       TIME   URL
GET      200      -            TIME   http://HOST/v2/?...
GET      200      -            TIME   http://HOST/v2/team/shop/tags/list?n=1000&...
HEAD     200      -            TIME   http://HOST/v2/team/shop/manifests/1.2.0?...
GET      200      -            TIME   http://HOST/v2/team/shop/manifests/sha256:…?...
GET      200      -            TIME   http://HOST/v2/team/shop/blobs/sha256:…?...
`}},
		"settings that deny it": {"HOST/team/shop:1.3.0", "deny: [HOST/team]", outcome{Code: 1, Out: `Registry:    HOST
Repository:  team/shop
Tag:         1.3.0
Settings:    not allowed
`, Err: `garboard: checking the registry settings of HOST/team/shop: the registry settings do not allow it
  to allow it, change allow or deny in the file of --registries-config
`}},
	} {
		t.Run(name, func(t *testing.T) {
			args := []string{"check", test.image}
			if test.settings != "" {
				args = append(args, "--registries-config", settingsFile(t, s.fill(test.settings)))
			}
			got := registryOutcome(t, s.host, args...)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func settingsFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "registries.yaml")
	if err := os.WriteFile(file, []byte("apiVersion: garboard.dev/v1alpha1\nkind: RegistriesConfig\n"+text+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// tokenRegistry asks for tokens, which its own token service gives to those who
// know the password.
func tokenRegistry(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/token" {
		if _, password, _ := r.BasicAuth(); password != seededPassword {
			http.Error(w, seededPassword, http.StatusUnauthorized)
			return
		}
		fmt.Fprintf(w, `{"token": %q}`, seededToken)
		return
	}
	if r.Header.Get("Authorization") != "Bearer "+seededToken {
		w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+r.Host+`/token?secret=`+seededToken+`",service="tests"`)
		http.Error(w, `{"errors": [{"code": "UNAUTHORIZED", "message": "`+seededToken+`"}]}`, http.StatusUnauthorized)
		return
	}
	w.Header().Set("RateLimit-Remaining", "98;w=21600")
	w.Header().Set("RateLimit-Limit", "100;w=21600")
	if strings.HasSuffix(r.URL.Path, "/tags/list") {
		fmt.Fprint(w, `{"tags": ["1.0.0", "latest"]}`)
		return
	}
	http.NotFound(w, r)
}

func TestRegistryCheckOfCredentials(t *testing.T) {
	for name, test := range map[string]struct {
		auth, settings string
		want           outcome
	}{
		"a token for the right password": {seededAuth, "", outcome{Code: 1, Out: `Registry:     HOST
Repository:   shop
Tag:          1.0.0
Settings:     allowed
Credentials:  user and password (redacted) of Docker configuration: accepted
Answered by:  the registry, http://HOST (127.0.0.1)
Tags:         2, versions: 1
Rate limit:   98 of 100 requests remain
Note:         the address is not a public one; webhook and updater need --private-registries=HOST or private: true in the registry settings

METHOD   STATUS   SIGNED       TIME   URL
GET      401      -            TIME   http://HOST/v2/
GET      200      Basic        TIME   http://HOST/token?scope=repository:shop:pull&service=tests&...
GET      200      Bearer       TIME   http://HOST/v2/shop/tags/list?n=1000
HEAD     404      Bearer       TIME   http://HOST/v2/shop/manifests/1.0.0
`, Err: `garboard: reading the digest of HOST/shop:1.0.0: not found: status 404 (HEAD http://HOST/v2/shop/manifests/1.0.0)
  the list has 2 tags; garboard registry tags HOST/shop --list shows them
`}},
		"no token for another": {"bWU6d3Jvbmc=", "", outcome{Code: 1, Out: `Registry:     HOST
Repository:   shop
Tag:          1.0.0
Settings:     allowed
Credentials:  user and password (redacted) of Docker configuration: refused

METHOD   STATUS   SIGNED       TIME   URL
GET      401      -            TIME   http://HOST/v2/
GET      401      Basic        TIME   http://HOST/token?scope=repository:shop:pull&service=tests&...
`, Err: `garboard: listing the tags of HOST/shop: refused: status 401 (GET http://HOST/token?scope=repository:shop:pull&service=tests&...)
  tried: user and password (redacted) of Docker configuration: refused
  are they still valid, and do they have the right to pull this repository?
`}},
		"nobody": {"", "", outcome{Code: 1, Out: `Registry:     HOST
Repository:   shop
Tag:          1.0.0
Settings:     allowed
Credentials:  anonymous: refused

METHOD   STATUS   SIGNED       TIME   URL
GET      401      -            TIME   http://HOST/v2/
GET      401      -            TIME   http://HOST/token?scope=repository:shop:pull&service=tests&...
`, Err: `garboard: listing the tags of HOST/shop: refused: status 401 (GET http://HOST/token?scope=repository:shop:pull&service=tests&...)
  tried: anonymous: refused
  no credential was found for HOST: sign in with docker login, name a pull secret with --image-pull-secret, or give credentials in the file of --registries-config
`}},
		"the settings' after Docker's": {"bWU6d3Jvbmc=", "registries: [{prefix: HOST, credentials: {username: me, password: " + seededPassword + "}}]", outcome{Code: 1, Out: `Registry:     HOST
Repository:   shop
Tag:          1.0.0
Settings:     allowed
Credentials:  user and password (redacted) of Docker configuration: refused
              user and password (redacted) of registry settings: accepted
Answered by:  the registry, http://HOST (127.0.0.1)
Tags:         2, versions: 1
Rate limit:   98 of 100 requests remain
Note:         the address is not a public one; webhook and updater need --private-registries=HOST or private: true in the registry settings

METHOD   STATUS   SIGNED       TIME   URL
GET      401      -            TIME   http://HOST/v2/
GET      401      Basic        TIME   http://HOST/token?scope=repository:shop:pull&service=tests&...
GET      200      Basic        TIME   http://HOST/token?scope=repository:shop:pull&service=tests&...
GET      200      Bearer       TIME   http://HOST/v2/shop/tags/list?n=1000
HEAD     404      Bearer       TIME   http://HOST/v2/shop/manifests/1.0.0
`, Err: `garboard: reading the digest of HOST/shop:1.0.0: not found: status 404 (HEAD http://HOST/v2/shop/manifests/1.0.0)
  the list has 2 tags; garboard registry tags HOST/shop --list shows them
`}},
		"one that nobody asks for": {seededAuth, "registries: [{prefix: HOST, hosts: [{host: 'http://HOST', private: true, credentials: {username: me, password: " + seededPassword + "}}]}]", outcome{Code: 1, Out: `Registry:     HOST
Repository:   shop
Tag:          1.0.0
Settings:     allowed
Credentials:  user and password (redacted) of Docker configuration: not asked for
Answered by:  a mirror, http://HOST (127.0.0.1)
Tags:         2, versions: 1
Rate limit:   98 of 100 requests remain

METHOD   STATUS   SIGNED       TIME   URL
GET      401      -            TIME   http://HOST/v2/?...
GET      200      Basic        TIME   http://HOST/token?scope=repository:shop:pull&service=tests&...
GET      200      Bearer       TIME   http://HOST/v2/shop/tags/list?n=1000&...
HEAD     404      Bearer       TIME   http://HOST/v2/shop/manifests/1.0.0?...
GET      401      -            TIME   http://HOST/v2/
GET      200      Basic        TIME   http://HOST/token?scope=repository:shop:pull&service=tests&...
HEAD     404      Bearer       TIME   http://HOST/v2/shop/manifests/1.0.0
`, Err: `garboard: reading the digest of HOST/shop:1.0.0: not found: status 404 (HEAD http://HOST/v2/shop/manifests/1.0.0)
  the list has 2 tags; garboard registry tags HOST/shop --list shows them
`}},
	} {
		t.Run(name, func(t *testing.T) {
			host := answers(t, tokenRegistry)
			if test.auth != "" {
				dockerLogin(t, host, test.auth)
			}
			args := []string{"check", "HOST/shop:1.0.0"}
			if test.settings != "" {
				args = append(args, "--registries-config", settingsFile(t, strings.ReplaceAll(test.settings, "HOST", host)))
			}
			got := registryOutcome(t, host, args...)
			wantNoSecret(t, got)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
