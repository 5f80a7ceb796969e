package registry

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/resolver/registry/auth"
	"github.com/garboard-dev/garboard/resolver/registry/config"
)

func TestMirrorAnswersOrElseTheRegistry(t *testing.T) {
	hang := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	for name, tt := range map[string]struct {
		patterns map[string]http.HandlerFunc
		want     string
	}{
		"an answer counts":               {map[string]http.HandlerFunc{"/v2/a/tags/list": says(200, `{"tags":["mirror"]}`)}, "mirror"},
		"an empty list is an answer":     {map[string]http.HandlerFunc{"/v2/a/tags/list": says(200, `{"tags":[]}`)}, ""},
		"not found":                      {map[string]http.HandlerFunc{}, "registry"},
		"an error":                       {map[string]http.HandlerFunc{"/v2/a/tags/list": says(500, "")}, "registry"},
		"an error of the ping":           {map[string]http.HandlerFunc{"/v2/{$}": says(502, "")}, "registry"},
		"no right to read":               {map[string]http.HandlerFunc{"/v2/a/tags/list": says(401, "")}, "registry"},
		"a pause":                        {map[string]http.HandlerFunc{"/v2/a/tags/list": says(429, "")}, "registry"},
		"a page for people":              {map[string]http.HandlerFunc{"/v2/a/tags/list": says(200, "<html>")}, "registry"},
		"no end of the list":             {map[string]http.HandlerFunc{"/v2/a/tags/list": hang}, "registry"},
		"no end of the ping":             {map[string]http.HandlerFunc{"/v2/{$}": hang}, "registry"},
		"a second page that is an error": {map[string]http.HandlerFunc{"/v2/a/tags/list": twoPagesOneBroken}, "registry"},
	} {
		t.Run(name, func(t *testing.T) {
			mirror := newFake(t, open(tt.patterns))
			registry := newFake(t, open(map[string]http.HandlerFunc{"/v2/a/tags/list": says(200, `{"tags":["registry"]}`)}))
			c := client(t, obeying(mirrored(t, registry.host(), mirror.URL)), func(o *Options) {
				o.Timeout, o.HeaderTimeout = 600*time.Millisecond, 500*time.Millisecond // a hanging ping goes on until the latter
			})

			tags, err := list(t, c, registry.repository("a"), Credential{})
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(tags, " "); got != tt.want {
				t.Errorf("got tags %q, want %q", got, tt.want)
			}
			if asked := registry.since(); tt.want != "registry" && len(asked) > 0 {
				t.Errorf("the registry was asked %q", asked)
			}
		})
	}
}

func twoPagesOneBroken(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("last") != "" {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Link", `</v2/a/tags/list?last=half>; rel="next"`)
	says(http.StatusOK, `{"tags":["half"]}`)(w, r)
}

func TestMirrorsAreAskedInOrderUntilOneAnswers(t *testing.T) {
	dead := httptest.NewServer(http.NotFoundHandler())
	dead.Close()
	lacking := newFake(t, open(nil))
	having := newFake(t, open(map[string]http.HandlerFunc{"/v2/a/tags/list": twoTags}))
	last, registry := nowhere(t), nowhere(t)
	c := client(t, obeying(mirrored(t, registry.host(), dead.URL, lacking.URL, having.URL, last.URL)))

	if _, err := list(t, c, registry.repository("a"), Credential{}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"GET /v2/", "GET /v2/a/tags/list"}, lacking.since()); diff != "" {
		t.Errorf("requests at the second mirror (-want +got):\n%s", diff)
	}
}

// hanging is a registry that takes requests and never answers.
func hangs(t *testing.T) *fake {
	t.Helper()
	release := make(chan struct{})
	f := newFake(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	t.Cleanup(func() { close(release) }) // before the server waits for its handlers
	return f
}

// Each gets half of what is left, so the registry has a quarter here.
func TestHangingMirrorsLeaveTimeForTheRegistry(t *testing.T) {
	first, second := hangs(t), hangs(t)
	registry := newFake(t, open(map[string]http.HandlerFunc{"/v2/a/tags/list": twoTags}))
	c := client(t, obeying(mirrored(t, registry.host(), first.URL, second.URL)))
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()

	if _, err := c.Tags(ctx, named(registry.repository("a")), Credential{}); err != nil {
		t.Error(err)
	}
	if ctx.Err() != nil {
		t.Error("the mirrors had all the time that there was")
	}
}

func TestErrorIsTheRegistrysWithTheMirrorsInside(t *testing.T) {
	mirror := hangs(t)
	registry := newFake(t, open(nil))
	c := client(t, obeying(mirrored(t, registry.host(), mirror.URL)), func(o *Options) { o.Timeout = 2 * time.Second })

	_, err := list(t, c, registry.repository("a"), Credential{})
	failed := wantError(t, err, NotFound)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v lacks the mirror's error", failed.Err)
	}
	if got := failed.Err.Error(); got != "status 404" {
		t.Errorf("text %q, want that of the registry's error alone", got)
	}
}

func TestWhatAMirrorIsAsked(t *testing.T) {
	registry := nowhere(t)
	ns := "ns=" + url.QueryEscape(registry.host())
	for name, tt := range map[string]struct {
		path     string
		override bool
		want     []string
	}{
		"no path":                    {"", false, []string{"/v2/", "/v2/team/a/tags/list"}},
		"a slash is no path":         {"/", false, []string{"/v2/", "/v2/team/a/tags/list"}},
		"/v2 follows a path":         {"/proxy/hub", false, []string{"/proxy/hub/v2/", "/proxy/hub/v2/team/a/tags/list"}},
		"/v2 does not come twice":    {"/proxy/v2/", false, []string{"/proxy/v2/", "/proxy/v2/team/a/tags/list"}},
		"a complete path stays":      {"/v2/proxy", true, []string{"/v2/proxy/", "/v2/proxy/team/a/tags/list"}},
		"no path may be complete":    {"", true, []string{"/", "/team/a/tags/list"}},
		"a path with a blank is one": {"/a%20b", false, []string{"/a b/v2/", "/a b/v2/team/a/tags/list"}},
	} {
		t.Run(name, func(t *testing.T) {
			mirror := newFake(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch {
				case !strings.HasSuffix(r.URL.Path, "/tags/list"):
					w.WriteHeader(map[bool]int{true: http.StatusBadRequest, false: http.StatusOK}[tt.override])
				case r.URL.Query().Get("last") == "":
					w.Header().Set("Link", `<https://elsewhere.example/?last=1&ns=other.example>; rel="next"`)
					says(http.StatusOK, `{"tags":["1"]}`)(w, r)
				default:
					says(http.StatusOK, `{"tags":["2"]}`)(w, r)
				}
			}))
			settings := mirrored(t, registry.host(), mirror.URL+tt.path)
			settings.Mirrors[0].OverridePath = tt.override
			c := client(t, obeying(settings))

			tags, err := list(t, c, registry.repository("team/a"), Credential{})
			if err != nil || len(tags) != 2 {
				t.Errorf("got %q, %v", tags, err)
			}
			var want []string
			for _, path := range append(tt.want, tt.want[1]) {
				want = append(want, "GET "+path)
			}
			if diff := cmp.Diff(want, mirror.since()); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{ns, "n=1000&" + ns, "last=1&" + ns}, mirror.queries); diff != "" {
				t.Errorf("queries (-want +got):\n%s", diff)
			}
		})
	}
}

// One mirror of two registries may have two repositories of one path, and ask
// for other tokens.
func TestMirrorOfTwoRegistriesKnowsThemApart(t *testing.T) {
	mirror := newFake(t, open(map[string]http.HandlerFunc{"/v2/library/a/tags/list": func(w http.ResponseWriter, r *http.Request) {
		says(http.StatusOK, `{"tags":["`+r.URL.Query().Get("ns")+`"]}`)(w, r)
	}}))
	c := client(t, obeying(mirrored(t, "docker.io", mirror.URL), mirrored(t, "ghcr.io", mirror.URL)))
	for repository, want := range map[string]string{"a": "docker.io", "ghcr.io/library/a": "ghcr.io"} {
		tags, err := list(t, c, repository, Credential{})
		if err != nil || len(tags) != 1 || tags[0] != want {
			t.Errorf("%s: got %q, %v; want %q", repository, tags, err, want)
		}
	}
	if got := mirror.count("GET /v2/"); got != 2 {
		t.Errorf("pinged %d times, want once a registry", got)
	}
}

func TestDigestComesFromAMirrorToo(t *testing.T) {
	digest := "sha256:" + strings.Repeat("a", 64)
	mirror := newFake(t, open(map[string]http.HandlerFunc{"/v2/a/manifests/1": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Docker-Content-Digest", digest)
	}}))
	registry := nowhere(t)
	c := client(t, obeying(mirrored(t, registry.host(), mirror.URL)))
	got, err := c.Digest(t.Context(), named(registry.repository("a")), "1", Credential{})
	if err != nil || got != digest {
		t.Errorf("got %q, %v", got, err)
	}
}

// Docker Hub's references name docker.io, which answers for nothing.
func TestServerReplacesTheRegistryItself(t *testing.T) {
	hub := newFake(t, open(map[string]http.HandlerFunc{"/v2/library/nginx/tags/list": twoTags}))
	c := client(t, obeying(config.Registry{Prefix: pattern(t, "docker.io"), Server: config.Endpoint{URL: parsed(t, hub.URL)}}))
	if _, err := list(t, c, "nginx", Credential{}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"ns=docker.io", "n=1000&ns=docker.io"}, hub.queries); diff != "" {
		t.Errorf("queries (-want +got):\n%s", diff)
	}
	nginx, err := ParseRepository("nginx")
	if err != nil {
		t.Fatal(err)
	}
	rest := endpoint{root: apiRoot}
	if diff := cmp.Diff(auth.Address{Host: "registry-1.docker.io", Root: "/v2"}, rest.address(nginx)); diff != "" {
		t.Errorf("address without settings (-want +got):\n%s", diff)
	}
}

// guarded asks for a credential by Basic or for a token, and then does not know
// the repository, so that the next is asked.
func guarded(challenge string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/token":
			says(http.StatusOK, `{"token":"of-`+r.Host+`"}`)(w, r)
		case r.Header.Get("Authorization") == "":
			w.Header().Set("WWW-Authenticate", strings.ReplaceAll(challenge, "HOST", r.Host))
			w.WriteHeader(http.StatusUnauthorized)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	})
}

func TestCredentialsAreSentToTheirOwnHostAlone(t *testing.T) {
	const bearer = `Bearer realm="http://HOST/token",service="x"`
	for name, challenge := range map[string]string{"tokens": bearer, "passwords": `Basic realm="x"`} {
		t.Run(name, func(t *testing.T) {
			first, second, registry := newFake(t, guarded(challenge)), newFake(t, guarded(challenge)), newFake(t, guarded(challenge))
			settings := mirrored(t, registry.host(), first.URL, second.URL)
			settings.Mirrors[0].Credentials = &config.Credentials{Username: "mirror", Password: "secret"}
			settings.Credentials = &config.Credentials{Username: "operator", Password: "secret"}
			c := client(t, obeying(settings))

			for _, tenant := range []string{"one", "two"} {
				_, err := list(t, c, registry.repository("a"), auth.Basic(tenant, "secret"))
				wantKind(t, err, NotFound)
			}
			for host, sent := range map[*fake][]string{
				first:    {basicHeader("mirror")},
				second:   {},
				registry: {basicHeader("one"), basicHeader("two")},
			} {
				if challenge == bearer {
					sent = append(sent, "Bearer of-"+host.host())
				}
				if diff := cmp.Diff(sent, host.signedIn()); diff != "" {
					t.Errorf("Authorization at %s (-want +got):\n%s", host.host(), diff)
				}
			}
		})
	}
}

// A mirror that names the registry's own token service, or the registry one of
// the mirror's, gets a token there with its own credential.
func TestTokenServiceOfAMirrorSeesTheMirrorsCredential(t *testing.T) {
	service := newFake(t, says(http.StatusOK, `{"token":"t"}`))
	challenge := `Bearer realm="` + service.URL + `/token",service="x"`
	mirror, registry := newFake(t, guarded(challenge)), newFake(t, guarded(challenge))
	settings := mirrored(t, registry.host(), mirror.URL)
	settings.Mirrors[0].Credentials = &config.Credentials{Username: "mirror", Password: "secret"}
	c := client(t, obeying(settings))

	_, err := list(t, c, registry.repository("a"), auth.Basic("tenant", "secret"))
	wantKind(t, err, NotFound)
	want := []string{basicHeader("mirror"), basicHeader("tenant")}
	if diff := cmp.Diff(want, service.authorizations); diff != "" {
		t.Errorf("Authorization at the token service (-want +got):\n%s", diff)
	}
}
