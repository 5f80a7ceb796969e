package registry

import (
	"crypto/x509"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/resolver/registry/config"
)

// obeying asks by a settings file.
func obeying(registries ...config.Registry) func(*Options) {
	return func(o *Options) { o.Config = &config.Config{Registries: registries} }
}

func pattern(t *testing.T, text string) config.Pattern {
	t.Helper()
	p, err := config.ParsePattern(text)
	if err != nil {
		t.Fatalf("pattern %q: %v", text, err)
	}
	return p
}

func patterns(t *testing.T, texts ...string) []config.Pattern {
	t.Helper()
	var all []config.Pattern
	for _, text := range texts {
		all = append(all, pattern(t, text))
	}
	return all
}

func parsed(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// mirrored are the settings of a registry with mirrors.
func mirrored(t *testing.T, registry string, mirrors ...string) config.Registry {
	t.Helper()
	made := config.Registry{Prefix: pattern(t, registry)}
	for _, m := range mirrors {
		made.Mirrors = append(made.Mirrors, config.Endpoint{URL: parsed(t, m)})
	}
	return made
}

func TestPageSizeIsTheRegistrys(t *testing.T) {
	mirror := newFake(t, open(nil))
	registry := newFake(t, open(map[string]http.HandlerFunc{"/v2/small/a/tags/list": twoTags, "/v2/b/tags/list": twoTags}))
	settings := mirrored(t, registry.host()+"/small", mirror.URL)
	settings.PageSize = 50
	c := client(t, obeying(settings), func(o *Options) { o.PageSize = 70 })
	for _, path := range []string{"small/a", "b"} {
		if _, err := list(t, c, registry.repository(path), Credential{}); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"", "n=50", "n=70"}, registry.queries); diff != "" {
		t.Errorf("queries at the registry (-want +got):\n%s", diff)
	}
	if want := "n=50&ns=" + url.QueryEscape(registry.host()); mirror.queries[1] != want {
		t.Errorf("query at the mirror is %q, want %q", mirror.queries[1], want)
	}
}

func TestBadEndpointsAreNamedAndTheOldSettingsHold(t *testing.T) {
	registry := newFake(t, open(map[string]http.HandlerFunc{"/v2/a/tags/list": twoTags}))
	bad := &config.Config{Deny: patterns(t, "*"), Registries: []config.Registry{{
		Prefix: pattern(t, "reg.example"),
		Server: config.Endpoint{URL: parsed(t, "ftp://server.example"), Proxy: parsed(t, "socks9://proxy.example")},
		Mirrors: []config.Endpoint{
			{URL: parsed(t, "https://user:secret@mirror.example")}, {}, {URL: parsed(t, "https:///path")}, {URL: parsed(t, "https://m.example?x=1")},
		},
	}}}
	if _, err := New(Options{Config: bad}); err == nil {
		t.Error("New took the settings")
	}
	c := client(t)
	err := c.Reconfigure(bad)
	if err == nil {
		t.Fatal("got no error")
	}
	for _, part := range []string{"reg.example", "ftp://server.example", "socks9://proxy.example", "mirror.example", "no URL", "https:///path", "m.example"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error does not name %q: %v", part, err)
		}
	}
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("error tells a password: %v", err)
	}
	if _, err := list(t, c, registry.repository("a"), Credential{}); err != nil {
		t.Errorf("with the old settings: %v", err)
	}
}

// A file that is read again gives new pointers to what it said before.
func TestReconfigureKeepsWhatStayedTheSame(t *testing.T) {
	server := newTLS(t, open(map[string]http.HandlerFunc{"/v2/a/tags/list": twoTags}))
	other := newIssuer(t)
	registry, mirror := &fake{}, server.URL
	registry.Server = newTLS(t, registry.noting(open(map[string]http.HandlerFunc{"/v2/a/tags/list": twoTags})))
	settings := func(roots *x509.CertPool, pageSize int) *config.Config {
		return &config.Config{Registries: []config.Registry{{
			Prefix: pattern(t, registry.host()), PageSize: pageSize,
			Server: config.Endpoint{URL: parsed(t, registry.URL), RootCAs: roots},
		}, mirrored(t, "unused.example", mirror)}}
	}
	pool := func(others ...*issuer) *x509.CertPool {
		var o Options
		trusting(registry.Server)(&o)
		for _, ca := range others {
			o.RootCAs.AddCert(ca.certificate)
		}
		return o.RootCAs
	}
	c := client(t, func(o *Options) { o.Config = settings(pool(), 0) })
	for _, step := range []struct {
		name string
		to   *config.Config
		want []string
	}{
		{"the same", settings(pool(), 0), []string{"GET /v2/a/tags/list"}},
		{"another page size", settings(pool(), 5), []string{"GET /v2/a/tags/list"}},
		{"another CA beside", settings(pool(other), 5), []string{"GET /v2/", "GET /v2/a/tags/list"}},
		{"the old CA, whose ping was dropped", settings(pool(), 5), []string{"GET /v2/", "GET /v2/a/tags/list"}},
	} {
		if _, err := list(t, c, registry.repository("a"), Credential{}); err != nil {
			t.Fatalf("before %s: %v", step.name, err)
		}
		registry.since()
		if err := c.Reconfigure(step.to); err != nil {
			t.Fatal(err)
		}
		if _, err := list(t, c, registry.repository("a"), Credential{}); err != nil {
			t.Fatalf("after %s: %v", step.name, err)
		}
		if diff := cmp.Diff(step.want, registry.since()); diff != "" {
			t.Errorf("requests after %s (-want +got):\n%s", step.name, diff)
		}
	}
}

func TestReloadUnderLoadLosesNothing(t *testing.T) {
	const readers, reads, reloads = 8, 40, 60
	first := newFake(t, open(map[string]http.HandlerFunc{"/v2/{path}/tags/list": says(http.StatusOK, `{"tags":["first"]}`)}))
	second := newFake(t, open(map[string]http.HandlerFunc{"/v2/{path}/tags/list": says(http.StatusOK, `{"tags":["second"]}`)}))
	registry := newFake(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "Bearer of-"+r.Host {
			says(http.StatusOK, `{"tags":["registry"]}`)(w, r)
			return
		}
		guarded(`Bearer realm="http://HOST/token",service="x"`).ServeHTTP(w, r)
	}))
	private := func(mirrors ...string) *config.Config {
		settings := mirrored(t, registry.host(), mirrors...)
		for i := range settings.Mirrors {
			settings.Mirrors[i].Private = true
		}
		return &config.Config{Registries: []config.Registry{settings}}
	}
	turns := []*config.Config{private(first.URL), private(), nil, private(second.URL, first.URL)}
	c := client(t)

	var group sync.WaitGroup
	for range readers {
		group.Go(func() {
			for i := range reads {
				tags, err := list(t, c, registry.repository(fmt.Sprint("r", i%3)), Credential{})
				if err != nil || len(tags) != 1 {
					t.Errorf("got %q, %v", tags, err)
				}
			}
		})
	}
	for i := range reloads {
		if err := c.Reconfigure(turns[i%len(turns)]); err != nil {
			t.Error(err)
		}
		if err := c.Allows(named("nginx")); err != nil { // settings are read meanwhile, too
			t.Error(err)
		}
	}
	group.Wait()
}

// The read holds the settings of its beginning until its last page.
func TestReadUnderWayEndsWithTheOldSettings(t *testing.T) {
	asked, release := make(chan struct{}), make(chan struct{})
	mirror := newFake(t, open(map[string]http.HandlerFunc{"/v2/a/tags/list": func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("last") == "" {
			close(asked)
			<-release
			w.Header().Set("Link", `<?last=1>; rel="next"`)
		}
		twoTags(w, r)
	}}))
	registry := nowhere(t)
	settings := mirrored(t, registry.host(), mirror.URL)
	settings.Mirrors[0].Private = true
	c := client(t, obeying(settings))
	done := make(chan error, 1)
	go func() {
		_, err := list(t, c, registry.repository("a"), Credential{})
		done <- err
	}()

	<-asked
	if err := c.Reconfigure(&config.Config{Deny: patterns(t, "*")}); err != nil {
		t.Fatal(err)
	}
	close(release)
	if err := <-done; err != nil {
		t.Errorf("read under way: %v", err)
	}
	_, err := list(t, c, registry.repository("a"), Credential{})
	wantKind(t, err, Denied)
}
