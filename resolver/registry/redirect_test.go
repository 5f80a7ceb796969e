package registry

import (
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/resolver/registry/auth"
)

func TestRedirects(t *testing.T) {
	target := newFake(t, open(map[string]http.HandlerFunc{"/v2/a/tags/list": twoTags}))
	_, targetPort, _ := net.SplitHostPort(target.host())
	for name, tt := range map[string]struct {
		location string
		kind     Kind
	}{
		"to an allowed host":           {target.URL + "/v2/a/tags/list", ""},
		"to the metadata address":      {"http://169.254.169.254/latest/meta-data/", Blocked},
		"to a name of this machine":    {"http://localhost:" + targetPort + "/v2/a/tags/list", Blocked},
		"to a private address":         {"http://10.0.0.1/", Blocked},
		"to an address in hex":         {"http://0x7f000001:" + targetPort + "/", ""},
		"to itself, without end":       {"", BadAnswer},
		"to another scheme":            {"file:///etc/passwd", Blocked},
		"to a Location that is no URL": {"http://%zz/", Unreachable},
	} {
		t.Run(name, func(t *testing.T) {
			target.since()
			front := newFake(t, open(map[string]http.HandlerFunc{"/v2/a/tags/list": func(w http.ResponseWriter, r *http.Request) {
				location := tt.location
				if location == "" {
					location = r.URL.RequestURI()
				}
				w.Header().Set("Location", location)
				w.WriteHeader(http.StatusFound)
			}}))
			_, err := list(t, client(t), front.repository("a"), Credential{})
			switch {
			case strings.Contains(name, "hex"):
				if err == nil || len(target.since()) > 0 {
					t.Errorf("got %v, want no request and an error", err)
				}
			case tt.kind != "":
				wantKind(t, err, tt.kind)
			case err != nil:
				t.Error(err)
			}
			if got := front.count("GET /v2/a/tags/list"); got > 6 {
				t.Errorf("asked %d times", got)
			}
		})
	}
}

// Go keeps the header for another port of the same host.
func TestCredentialsStayBehindAtARedirect(t *testing.T) {
	other := newFake(t, twoTags)
	front := newFake(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v2/":
			w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
			w.WriteHeader(http.StatusUnauthorized)
		default:
			http.Redirect(w, r, other.URL+"/elsewhere", http.StatusTemporaryRedirect)
		}
	}))
	if _, err := list(t, client(t), front.repository("a"), auth.Basic("user", "pass")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"GET /elsewhere"}, other.since()); diff != "" {
		t.Errorf("the other host saw (-want +got):\n%s", diff)
	}
}

// The body of an OAuth2 exchange is the identity token itself.
func TestIdentityTokenStaysBehindAtARedirect(t *testing.T) {
	other := nowhere(t)
	registry := newFake(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" {
			http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
			return
		}
		w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+r.Host+`/token"`)
		w.WriteHeader(http.StatusUnauthorized)
	}))
	_, err := list(t, client(t), registry.repository("a"), auth.IdentityToken("i"))
	wantKind(t, err, Blocked)
}

func TestTokenRealms(t *testing.T) {
	private := nowhere(t)
	_, port, _ := net.SplitHostPort(private.host())
	for name, tt := range map[string]struct {
		realm string
		kind  Kind
	}{
		"on a private address":      {"http://10.0.0.1/token", Blocked},
		"on a name of this machine": {"http://localhost:" + port + "/token", Blocked},
		"on the metadata address":   {"http://169.254.169.254/token", Blocked},
		"of another scheme":         {"ftp://127.0.0.1/token", Blocked},
		"with a user":               {"http://a:b@127.0.0.1:" + port + "/token", BadAnswer},
		"without a host":            {"/token", BadAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			registry := newFake(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("WWW-Authenticate", `Bearer realm="`+tt.realm+`"`)
				w.WriteHeader(http.StatusUnauthorized)
			}))
			_, err := list(t, client(t), registry.repository("a"), auth.Basic("user", "pass"))
			wantKind(t, err, tt.kind)
			if got := registry.since(); len(got) != 1 {
				t.Errorf("asked %q, want the ping alone: no list goes without the token", got)
			}
		})
	}
}

// A realm on another host is how Docker Hub and GitLab have it.
func TestTokenRealmOnAnotherListedHost(t *testing.T) {
	service := &tokens{expires: 300}
	tokenHost := newFake(t, service.serve(http.NotFoundHandler()))
	registry := newFake(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "Bearer t1" {
			twoTags(w, r)
			return
		}
		w.Header().Set("WWW-Authenticate", `Bearer realm="`+tokenHost.URL+`/token",service="other"`)
		w.WriteHeader(http.StatusUnauthorized)
	}))
	if _, err := list(t, client(t), registry.repository("a"), auth.Basic("user", "pass")); err != nil {
		t.Fatal(err)
	}
}

func TestTokenServiceThatMovesIsFound(t *testing.T) {
	for name, left := range map[string]http.HandlerFunc{
		"its host is gone":            nil,
		"its host has a page instead": says(http.StatusOK, "<html>moved</html>"),
		"its host knows it no longer": http.NotFound,
		"its host is broken":          says(http.StatusInternalServerError, ""),
	} {
		t.Run(name, func(t *testing.T) {
			var moved atomic.Bool
			service := (&tokens{expires: 300}).serve(http.NotFoundHandler())
			after := newFake(t, service)
			before := newFake(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if moved.Load() {
					left(w, r)
					return
				}
				service.ServeHTTP(w, r)
			}))
			registry := newFake(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ") {
					twoTags(w, r)
					return
				}
				at := before
				if moved.Load() {
					at = after
				}
				w.Header().Set("WWW-Authenticate", `Bearer realm="`+at.URL+`/token",service="other"`)
				w.WriteHeader(http.StatusUnauthorized)
			}))
			c := client(t)
			ask := func(repository string) error {
				_, err := list(t, c, registry.repository(repository), auth.Basic("user", "pass"))
				return err
			}
			if err := ask("a"); err != nil {
				t.Fatal(err)
			}
			if moved.Store(true); left == nil {
				before.Close()
			}
			if err := ask("b"); err == nil {
				t.Fatal("the token service answers where it is no longer")
			}
			if err := ask("b"); err != nil {
				t.Errorf("got %v, want the service asked that the registry names now", err)
			}
		})
	}
}
