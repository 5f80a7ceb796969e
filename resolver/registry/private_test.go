package registry

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/resolver/registry/auth"
	"github.com/garboard-dev/garboard/resolver/registry/config"
)

// everywhere builds a client for which every name is on loopback.
func everywhere(t *testing.T, options Options) *Client {
	t.Helper()
	c, err := newClient(options, dns(t, [4]byte{127, 0, 0, 1}))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// under is the name of a fake's port on a host.
func (f *fake) under(host string) string {
	_, port, _ := net.SplitHostPort(f.host())
	return host + ":" + port
}

func TestPlainHTTPAndPrivateAddressesWhereTheSettingsSaySo(t *testing.T) {
	registry := newFake(t, open(map[string]http.HandlerFunc{"/v2/a/tags/list": twoTags}))
	host := registry.under("registry.example")
	for name, tt := range map[string]struct {
		prefix string
		server config.Endpoint
		kind   Kind
	}{
		"both":                       {host, config.Endpoint{PlainHTTP: true, Private: true}, ""},
		"both, by URL":               {"docker.io", config.Endpoint{URL: &url.URL{Scheme: "http", Host: host}, Private: true}, ""},
		"both, by domain":            {registry.under("*.example"), config.Endpoint{PlainHTTP: true, Private: true}, ""},
		"both, for every host":       {"*", config.Endpoint{PlainHTTP: true, Private: true}, ""},
		"plain HTTP alone":           {host, config.Endpoint{PlainHTTP: true}, Blocked},
		"plain HTTP alone, by URL":   {"docker.io", config.Endpoint{URL: &url.URL{Scheme: "http", Host: host}}, Blocked},
		"a private address alone":    {host, config.Endpoint{Private: true}, Unreachable},
		"both, for another registry": {"other.example", config.Endpoint{PlainHTTP: true, Private: true}, Blocked},
	} {
		t.Run(name, func(t *testing.T) {
			var options Options
			obeying(config.Registry{Prefix: pattern(t, tt.prefix), Server: tt.server})(&options)
			repository := host + "/a"
			if tt.prefix == "docker.io" {
				repository = "docker.io/a"
				registry.Config.Handler = registry.noting(open(map[string]http.HandlerFunc{"/v2/library/a/tags/list": twoTags, "/v2/a/tags/list": twoTags}))
			}
			_, err := list(t, everywhere(t, options), repository, Credential{})
			if tt.kind != "" {
				wantKind(t, err, tt.kind)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

// What is granted to an endpoint is granted to the questions to it, and to
// nothing that it or a stranger names.
func TestPrivateIsTheEndpointsHostAlone(t *testing.T) {
	inside := newFake(t, open(map[string]http.HandlerFunc{"/v2/a/tags/list": twoTags}))
	service := newFake(t, says(http.StatusOK, `{"token":"t"}`))
	private := func(f *fake, host string) config.Registry {
		return config.Registry{Prefix: pattern(t, f.under(host)), Server: config.Endpoint{PlainHTTP: true, Private: true}}
	}
	redirects := func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://"+inside.under("inside.example")+"/v2/a/tags/list", http.StatusFound)
	}
	realm := func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "Bearer t" {
			twoTags(w, r)
			return
		}
		w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+service.under("auth.example")+`/token"`)
		w.WriteHeader(http.StatusUnauthorized)
	}
	link := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery == "n=1000" {
			w.Header().Set("Link", `<http://`+inside.under("inside.example")+`/v2/a/tags/list?last=1>; rel="next"`)
		}
		twoTags(w, r)
	}
	for name, tt := range map[string]struct {
		answer  http.HandlerFunc
		list    []config.Registry // beside the endpoint
		private bool              // the endpoint itself, else by Options
		kind    Kind
	}{
		"a redirect of a private one to a private one":    {redirects, []config.Registry{private(inside, "inside.example")}, true, Blocked},
		"a redirect of another to a private one":          {redirects, []config.Registry{private(inside, "inside.example")}, false, Blocked},
		"a realm that is not listed":                      {realm, nil, true, Blocked},
		"a realm that is listed as well":                  {realm, []config.Registry{private(service, "auth.example")}, true, ""},
		"a realm that is listed by domain and path":       {realm, []config.Registry{private(service, "*.example")}, true, ""},
		"a realm that is listed, of one that is not":      {realm, []config.Registry{private(service, "auth.example")}, false, Blocked},
		"a Link of a private one: its query counts alone": {link, nil, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			endpoint := newFake(t, open(map[string]http.HandlerFunc{"/v2/a/tags/list": tt.answer}))
			host := endpoint.under("endpoint.example")
			options := Options{Insecure: []string{"endpoint.example"}}
			entries := tt.list
			if tt.private {
				entries = append([]config.Registry{private(endpoint, "endpoint.example")}, entries...)
			} else {
				options.Private = []string{"endpoint.example"}
			}
			obeying(entries...)(&options)
			c := everywhere(t, options)
			if len(tt.list) > 0 { // a connection that is there must not be used either
				_, err := list(t, c, inside.under("inside.example")+"/a", Credential{})
				if tt.list[0].Prefix == pattern(t, inside.under("inside.example")) && err != nil {
					t.Fatal(err)
				}
			}
			inside.since()

			_, err := list(t, c, host+"/a", auth.Basic("user", "pass"))
			if tt.kind != "" {
				wantKind(t, err, tt.kind)
			} else if err != nil {
				t.Error(err)
			}
			if asked := inside.since(); len(asked) > 0 {
				t.Errorf("inside was asked %q", asked)
			}
		})
	}
}

// A mirror is an endpoint of the operator's, but what it answers is not.
func TestMirrorLeadsNowhereElse(t *testing.T) {
	inside := nowhere(t)
	there := "http://" + inside.under("localhost") + "/v2/a/tags/list"
	for name, handler := range map[string]http.HandlerFunc{
		"by redirect": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, there, http.StatusFound) },
		"to metadata": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://169.254.169.254/", http.StatusFound)
		},
		"by token realm": guarded(`Bearer realm="` + there + `"`).ServeHTTP,
	} {
		t.Run(name, func(t *testing.T) {
			mirror := newFake(t, handler)
			registry := newFake(t, open(map[string]http.HandlerFunc{"/v2/a/tags/list": twoTags}))
			settings := mirrored(t, registry.host(), mirror.URL)
			settings.Mirrors[0].Private = true
			settings.Mirrors[0].Credentials = &config.Credentials{Username: "mirror", Password: "secret"}
			c := client(t, obeying(settings))
			if _, err := list(t, c, registry.repository("a"), Credential{}); err != nil {
				t.Error(err)
			}
		})
	}
}

// proxy forwards plain HTTP, and connects to whatever CONNECT names.
func proxy(t *testing.T, to string) *fake {
	t.Helper()
	forward := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.URL.Host = "http", to }}
	return newFake(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Proxy-Authorization") != basicHeader("via") {
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		if r.Method != http.MethodConnect {
			forward.ServeHTTP(w, r)
			return
		}
		tunnel(t.Context(), w, to)
	}))
}

func tunnel(ctx context.Context, w http.ResponseWriter, to string) {
	var dialer net.Dialer
	there, err := dialer.DialContext(ctx, "tcp", to)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	here, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		_ = there.Close()
		return
	}
	_, _ = io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n")
	go func() {
		_, _ = io.Copy(there, here)
		_ = there.Close()
	}()
	go func() {
		_, _ = io.Copy(here, there)
		_ = here.Close()
	}()
}

// The name is one that only the proxy can reach, at an address that we may not.
func TestProxyOfAnEndpoint(t *testing.T) {
	corporate := newIssuer(t)
	lists := open(map[string]http.HandlerFunc{"/v2/a/tags/list": twoTags})
	plain, secure := newFake(t, lists), corporate.serve(lists, nil)
	for name, tt := range map[string]struct {
		registry *fake
		server   config.Endpoint
		want     []string
	}{
		"plain HTTP is forwarded": {
			plain, config.Endpoint{PlainHTTP: true}, []string{"GET /v2/", "GET /v2/a/tags/list"},
		},
		"TLS goes through": {secure, config.Endpoint{RootCAs: corporate.pool()}, []string{"CONNECT"}},
	} {
		t.Run(name, func(t *testing.T) {
			through := proxy(t, tt.registry.host())
			tt.server.Proxy = &url.URL{Scheme: "http", Host: through.host(), User: url.UserPassword("via", "secret")}
			options := Options{}
			obeying(config.Registry{Prefix: pattern(t, "registry.example"), Server: tt.server})(&options)
			c, err := New(options) // no address is private for it
			if err != nil {
				t.Fatal(err)
			}
			tags, err := list(t, c, "registry.example/a", auth.Basic("user", "pass"))
			if err != nil || len(tags) != 2 {
				t.Fatalf("got %q, %v", tags, err)
			}
			if diff := cmp.Diff(tt.want, through.since()); diff != "" {
				t.Errorf("requests at the proxy (-want +got):\n%s", diff)
			}
			_, err = list(t, c, "169.254.169.254/a", Credential{})
			wantKind(t, err, Blocked)
		})
	}
}
