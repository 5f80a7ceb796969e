package registry

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/resolver/registry/auth"
)

var twoTags = says(http.StatusOK, `{"name":"a","tags":["1.0.0","1.0.1"]}`)

// The requests that a read costs are its budget: registries count them.
func TestRequestsOfAnOpenRegistry(t *testing.T) {
	registry := newFake(t, open(map[string]http.HandlerFunc{"/v2/a/tags/list": twoTags, "/v2/b/tags/list": twoTags}))
	c := client(t)

	for _, step := range []struct {
		path string
		want []string
	}{
		{"a", []string{"GET /v2/", "GET /v2/a/tags/list"}},
		{"a", []string{"GET /v2/a/tags/list"}},
		{"b", []string{"GET /v2/b/tags/list"}},
	} {
		if _, err := list(t, c, registry.repository(step.path), Credential{}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(step.want, registry.since()); diff != "" {
			t.Errorf("requests of %s (-want +got):\n%s", step.path, diff)
		}
	}
}

func TestRequestsOfABearerRegistry(t *testing.T) {
	service := &tokens{expires: 300}
	registry := newFake(t, service.serve(open(map[string]http.HandlerFunc{"/v2/a/tags/list": twoTags, "/v2/b/tags/list": twoTags})))
	now := newClock()
	c := client(t, at(now))
	user := auth.Basic("user", "pass")

	for _, step := range []struct {
		name, path string
		credential Credential
		before     func()
		want       []string
	}{
		{"cold", "a", user, nil, []string{"GET /v2/", "GET /token Basic", "GET /v2/a/tags/list Bearer"}},
		{"warm", "a", user, nil, []string{"GET /v2/a/tags/list Bearer"}},
		{"second repository", "b", user, nil, []string{"GET /token Basic", "GET /v2/b/tags/list Bearer"}},
		{"another credential", "b", Credential{}, nil, []string{"GET /token", "GET /v2/b/tags/list Bearer"}},
		{"just before 80 % of its life", "b", Credential{}, func() { now.Advance(239 * time.Second) }, []string{"GET /v2/b/tags/list Bearer"}},
		{"after 80 % of its life", "b", Credential{}, func() { now.Advance(2 * time.Second) }, []string{"GET /token", "GET /v2/b/tags/list Bearer"}},
		{"revoked", "b", Credential{}, service.revoke, []string{"GET /v2/b/tags/list Bearer", "GET /token", "GET /v2/b/tags/list Bearer"}},
		{"a registry token is sent as it is", "b", auth.Bearer("t5"), nil, []string{"GET /v2/b/tags/list Bearer"}},
	} {
		if step.before != nil {
			step.before()
		}
		if _, err := list(t, c, registry.repository(step.path), step.credential); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if diff := cmp.Diff(step.want, registry.since()); diff != "" {
			t.Errorf("requests when %s (-want +got):\n%s", step.name, diff)
		}
	}
	if diff := cmp.Diff([]string{"repository:a:pull", "repository:b:pull", "repository:b:pull", "repository:b:pull", "repository:b:pull"}, service.scopes); diff != "" {
		t.Errorf("scopes (-want +got):\n%s", diff)
	}
}

// Amazon's registries answer 403 (ECR) and 400 (ECR Public) to an expired
// token. A client that renews on 401 alone is stuck there for ever.
func TestRenewsTheTokenOnceOnOtherRefusals(t *testing.T) {
	for _, status := range []int{http.StatusBadRequest, http.StatusForbidden} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			service := &tokens{expires: 300, refuse: status}
			registry := newFake(t, service.serve(open(map[string]http.HandlerFunc{"/v2/a/tags/list": twoTags})))
			c := client(t)
			if _, err := list(t, c, registry.repository("a"), Credential{}); err != nil {
				t.Fatal(err)
			}
			registry.since()

			service.revoke()
			if _, err := list(t, c, registry.repository("a"), Credential{}); err != nil {
				t.Fatal(err)
			}

			want := []string{"GET /v2/a/tags/list Bearer", "GET /token", "GET /v2/a/tags/list Bearer"}
			if diff := cmp.Diff(want, registry.since()); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
		})
	}
}

// A repository that may not be read costs one list and one token each time,
// however the refusal looks: accounts get locked by more.
func TestRefusedRepositoryIsNotAskedTwice(t *testing.T) {
	for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			service := &tokens{expires: 300}
			registry := newFake(t, service.serve(open(map[string]http.HandlerFunc{"/v2/a/tags/list": func(w http.ResponseWriter, r *http.Request) {
				if status == http.StatusUnauthorized {
					w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+r.Host+`/token",service="test",scope="repository:a:pull",error="insufficient_scope"`)
				}
				w.WriteHeader(status)
			}})))
			c := client(t)

			_, err := list(t, c, registry.repository("a"), Credential{})
			kind := Unauthorized
			if status == http.StatusNotFound {
				kind = NotFound
			}
			wantKind(t, err, kind)
			want := []string{"GET /v2/", "GET /token", "GET /v2/a/tags/list Bearer"}
			if diff := cmp.Diff(want, registry.since()); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}

			_, err = list(t, c, registry.repository("a"), Credential{})
			wantKind(t, err, kind)
			if got := len(registry.since()); got > 2 {
				t.Errorf("asked %d times when refused again, want at most token and list", got)
			}
		})
	}
}

func TestAuthenticatesAsChallenged(t *testing.T) {
	const yes = `{"tags":["1"]}`
	basicOnly := func(challenge string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			user, password, _ := r.BasicAuth()
			if user == "user" && password == "pass" && r.URL.Path != "/v2/" {
				_, _ = fmt.Fprint(w, yes)
				return
			}
			w.Header().Set("WWW-Authenticate", challenge)
			w.WriteHeader(http.StatusUnauthorized)
		}
	}
	for name, tt := range map[string]struct {
		handler    http.HandlerFunc
		credential Credential
		want       []string
		kind       Kind
	}{
		"Basic is sent with the list at once": {
			basicOnly(`Basic realm="x"`), auth.Basic("user", "pass"),
			[]string{"GET /v2/", "GET /v2/a/tags/list Basic"}, "",
		},
		"a wrong password is not tried again": {
			basicOnly(`Basic realm="x"`), auth.Basic("user", "wrong"),
			[]string{"GET /v2/", "GET /v2/a/tags/list Basic"}, Unauthorized,
		},
		"an identity token has no answer to Basic": {
			basicOnly(`Basic realm="x"`), auth.IdentityToken("i"),
			[]string{"GET /v2/", "GET /v2/a/tags/list"}, Unauthorized,
		},
		"an unknown scheme is no challenge": {
			basicOnly(`Negotiate`), auth.Basic("user", "pass"),
			[]string{"GET /v2/", "GET /v2/a/tags/list"}, Unauthorized,
		},
		"a ping that is open, a list that is not": {
			func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/v2/" {
					basicOnly(`Basic realm="x"`)(w, r)
				}
			}, auth.Basic("user", "pass"),
			[]string{"GET /v2/", "GET /v2/a/tags/list", "GET /v2/a/tags/list Basic"}, "",
		},
		"a ping that is not found, a list that is": {
			func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/v2/" {
					w.WriteHeader(http.StatusNotFound)
					return
				}
				_, _ = fmt.Fprint(w, yes)
			}, Credential{},
			[]string{"GET /v2/", "GET /v2/a/tags/list"}, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			registry := newFake(t, tt.handler)
			_, err := list(t, client(t), registry.repository("a"), tt.credential)
			if tt.kind != "" {
				wantKind(t, err, tt.kind)
			} else if err != nil {
				t.Error(err)
			}
			if diff := cmp.Diff(tt.want, registry.since()); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
		})
	}
}

func TestIdentityTokenIsExchanged(t *testing.T) {
	service := &tokens{expires: 300}
	registry := newFake(t, service.serve(open(map[string]http.HandlerFunc{"/v2/a/tags/list": twoTags})))

	if _, err := list(t, client(t), registry.repository("a"), auth.IdentityToken("refresh")); err != nil {
		t.Fatal(err)
	}

	want := []string{"client_id=garboard&grant_type=refresh_token&refresh_token=refresh&scope=repository%3Aa%3Apull&service=test"}
	if diff := cmp.Diff(want, service.forms); diff != "" {
		t.Errorf("forms (-want +got):\n%s", diff)
	}
}

func TestTokenAnswers(t *testing.T) {
	for name, tt := range map[string]struct {
		status int
		body   string
		kind   Kind
	}{
		"access_token serves as token":  {200, `{"access_token":"t1"}`, ""},
		"no token":                      {200, `{}`, BadAnswer},
		"HTML":                          {200, `<html>`, BadAnswer},
		"a token that breaks a header":  {200, `{"token":"a\r\nX: y"}`, BadAnswer},
		"a token of a megabyte":         {200, `{"token":"` + string(make([]byte, 1<<20)) + `"}`, TooLarge},
		"the service refuses":           {401, `{"errors":[{"code":"UNAUTHORIZED"}]}`, Unauthorized},
		"the service is down":           {503, `<html>`, Unreachable},
		"the service asks for a pause":  {429, ``, RateLimited},
		"the service has no such thing": {404, ``, NotFound},
	} {
		t.Run(name, func(t *testing.T) {
			registry := newFake(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.URL.Path == "/token":
					says(tt.status, tt.body)(w, r)
				case r.Header.Get("Authorization") == "Bearer t1":
					twoTags(w, r)
				default:
					w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+r.Host+`/token"`)
					w.WriteHeader(http.StatusUnauthorized)
				}
			}))
			_, err := list(t, client(t), registry.repository("a"), Credential{})
			if tt.kind != "" {
				wantKind(t, err, tt.kind)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

// A registry's own domain in front of GHCR or Quay redirects, and the host
// behind it challenges for itself. It gets an anonymous token, never ours.
func TestChallengeBehindARedirectIsAnsweredWithoutCredentials(t *testing.T) {
	service := &tokens{expires: 300}
	behind := newFake(t, service.serve(open(map[string]http.HandlerFunc{"/v2/a/tags/list": twoTags})))
	front := newFake(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, behind.URL+r.URL.RequestURI(), http.StatusTemporaryRedirect)
	}))

	tags, err := list(t, client(t), front.repository("a"), auth.Basic("user", "pass"))
	if err != nil {
		t.Fatal(err)
	}
	if len(tags) != 2 {
		t.Errorf("got tags %q", tags)
	}
	if diff := cmp.Diff([]string{""}, service.users); diff != "" {
		t.Errorf("users at the token service (-want +got):\n%s", diff)
	}
}
