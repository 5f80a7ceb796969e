package registries

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/resolver/registry"
	"github.com/garboard-dev/garboard/resolver/registry/auth"
	"github.com/garboard-dev/garboard/resolver/registry/config"
	"github.com/garboard-dev/garboard/resolver/registry/transport"
)

// stranger is another host, which notes what it is sent.
type stranger struct {
	*httptest.Server
	mu   sync.Mutex
	seen []string // Authorization of each request
}

// newStranger answers lists with 1.0.2, and whatever else with a token.
func newStranger(t *testing.T) *stranger {
	t.Helper()
	s := &stranger{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.seen = append(s.seen, r.Header.Get("Authorization"))
		s.mu.Unlock()
		if kindOf(r) == list {
			lists(`"1.0.0","1.0.2"`)(w, r)
			return
		}
		says(http.StatusOK, "application/json", `{"token":"t"}`)(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *stranger) since() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := s.seen
	s.seen = nil
	return seen
}

// A redirect is followed, and the password stays behind.
func TestRedirectTakesNoCredentialsAlong(t *testing.T) {
	backend := passwordRegistry(t)
	push(t, backend+"/team/app", []string{"1.0.0", "1.0.1"}, as("docker", "secret"))
	other := newStranger(t)
	basic, bearer := auth.Basic("docker", "secret"), auth.Bearer("secret")
	for name, test := range map[string]struct {
		credential auth.Credential
		kind       string
		status     int
		want       string
		visits     int
	}{
		"of a list":                   {basic, list, http.StatusTemporaryRedirect, "1.0.2", 1},
		"of a list, for ever":         {basic, list, http.StatusMovedPermanently, "1.0.2", 1},
		"of a list, with a token":     {bearer, list, http.StatusFound, "1.0.2", 1},
		"of the ping":                 {basic, ping, http.StatusFound, "1.0.1", 1},
		"of the ping, with the token": {bearer, ping, http.StatusFound, "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProxy(t, backend)
			p.breaks(test.kind, func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, other.URL+r.URL.Path, test.status)
			})
			image := p.host() + "/team/app:1.0.0"
			want := kept(image, refused)
			if test.want != "" {
				want = moved(image, test.want, "policy patch")
			}
			check(t, newAdmission(t, reachable(), test.credential).create(t, image, "patch"), want)
			if diff := cmp.Diff(make([]string, test.visits), other.since()); diff != "" {
				t.Errorf("what the other host saw as Authorization (-want +got):\n%s", diff)
			}
		})
	}
}

// asksAt is a challenge for a token of a realm.
func asksAt(realm string) http.HandlerFunc {
	return headed("WWW-Authenticate", fmt.Sprintf(`Bearer realm=%q,service="registry"`, realm),
		says(http.StatusUnauthorized, "application/json", `{"errors":[{"code":"UNAUTHORIZED"}]}`))
}

// Over TLS, a password goes to no token service that has none.
func TestRealmInPlainHTTPOnAnotherHost(t *testing.T) {
	other := newStranger(t)
	p := newTLSProxy(t, "")
	realm := ""
	p.breaks(ping, func(w http.ResponseWriter, r *http.Request) { asksAt(realm)(w, r) })
	p.breaks(list, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "Bearer t" {
			lists(`"1.0.0","1.0.1"`)(w, r)
			return
		}
		asksAt(realm)(w, r)
	})
	secure := newTLSProxy(t, "")
	secure.breaks(token, says(http.StatusOK, "application/json", `{"token":"t"}`))
	image := p.host() + "/team/app:1.0.0"
	o := reachable()
	o.RootCAs = p.pool() // all servers of httptest have the same certificate

	for name, test := range map[string]struct {
		realm  string
		want   answer
		tokens int // that the service on another host, over TLS, gave
	}{
		"plain HTTP":                           {other.URL + "/token", kept(image, unreachable), 0},
		"plain HTTP, in capitals":              {strings.Replace(other.URL, "http", "HTTP", 1) + "/token", kept(image, unreachable), 0},
		"a file":                               {"file:///etc/passwd", kept(image, nonsense), 0},
		"a user in the URL":                    {strings.Replace(secure.URL, "https://", "https://u:p@", 1) + "/token", kept(image, nonsense), 0},
		"no URL":                               {"token", kept(image, nonsense), 0},
		"TLS, which is as it is at Docker Hub": {secure.URL + "/token", moved(image, "1.0.1", "policy patch"), 1},
	} {
		t.Run(name, func(t *testing.T) {
			realm = test.realm
			check(t, newAdmission(t, o, auth.Basic("docker", "secret")).create(t, image, "patch"), test.want)
			if got := secure.since()[token]; got != test.tokens {
				t.Errorf("%d tokens, want %d", got, test.tokens)
			}
			if seen := other.since(); len(seen) != 0 {
				t.Errorf("the host in plain HTTP was asked with Authorization %q", seen)
			}
		})
	}
}

// The registry is reached through a forward proxy, which sees each request that
// leaves: none leads to where a cloud hands out its credentials.
func TestRealmAtMetadataIsNotAsked(t *testing.T) {
	for name, realm := range map[string]string{
		"metadata":            "http://169.254.169.254/latest/api/token",
		"metadata, mapped":    "http://[::ffff:169.254.169.254]/token",
		"metadata of Alibaba": "http://100.100.100.200/token",
		"loopback":            "http://127.0.0.1:1/token",
		"a private network":   "http://10.0.0.1/token",
	} {
		t.Run(name, func(t *testing.T) {
			p := newProxy(t, "")
			p.breaks(ping, asksAt(realm))
			p.breaks(list, asksAt(realm))
			o := registry.Options{Config: parsed(t, `
registries:
- {prefix: registry.example.com, plainHTTP: true, private: true, proxy: "`+p.URL+`"}
`)}
			var mu sync.Mutex
			var asked []string
			o.Trace = func(r transport.Request) {
				mu.Lock()
				defer mu.Unlock()
				asked = append(asked, fmt.Sprint(r.Status, " ", r.Err))
			}
			const image = "registry.example.com/team/app:1.0.0"
			check(t, newAdmission(t, o, auth.Basic("docker", "secret")).create(t, image, "patch"), kept(image, unreachable))
			checkRequests(t, p, map[string]int{ping: 1})
			mu.Lock()
			defer mu.Unlock()
			if diff := cmp.Diff([]string{"401 ", "0 Blocked"}, asked); diff != "" {
				t.Errorf("status and failure of each request (-want +got):\n%s", diff)
			}
		})
	}
}

// parsed reads settings as Garboard does at its start.
func parsed(t *testing.T, text string) *config.Config {
	t.Helper()
	c, err := config.Parse(t.TempDir()+"/registries.yaml", []byte("apiVersion: garboard.dev/v1alpha1\nkind: RegistriesConfig\n"+text), nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
