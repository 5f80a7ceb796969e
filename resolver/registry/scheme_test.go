package registry

import (
	"net"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/resolver/registry/auth"
)

func TestLoopbackWithTLSIsReached(t *testing.T) {
	registry := &fake{}
	registry.Server = newTLS(t, registry.noting(open(map[string]http.HandlerFunc{"/v2/a/tags/list": twoTags})))
	c := client(t, trusting(registry.Server))
	for range 2 {
		if _, err := list(t, c, registry.repository("a"), Credential{}); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"GET /v2/", "GET /v2/a/tags/list", "GET /v2/a/tags/list"}
	if diff := cmp.Diff(want, registry.since()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestUntrustedCertificateIsRefused(t *testing.T) {
	server := newTLS(t, open(map[string]http.HandlerFunc{"/v2/a/tags/list": twoTags}))
	_, err := list(t, client(t), server.Listener.Addr().String()+"/a", Credential{})
	wantKind(t, err, Unreachable)
}

// The name makes no plain HTTP: only loopback and the hosts that are listed.
func TestPlainHTTPOnlyWhereListed(t *testing.T) {
	registry := newFake(t, open(map[string]http.HandlerFunc{"/v2/a/tags/list": twoTags}))
	_, port, _ := net.SplitHostPort(registry.host())
	for name, tt := range map[string]struct {
		insecure []string
		kind     Kind
	}{
		"not listed":              {nil, Unreachable},
		"listed with its port":    {[]string{"registry.example:" + port}, ""},
		"listed without its port": {[]string{"registry.example"}, ""},
		"another is listed":       {[]string{"other.example"}, Unreachable},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := newClient(Options{Insecure: tt.insecure, Private: []string{"*"}}, dns(t, [4]byte{127, 0, 0, 1}))
			if err != nil {
				t.Fatal(err)
			}
			registry.since()
			_, err = list(t, c, "registry.example:"+port+"/a", auth.Basic("user", "pass"))
			if tt.kind == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantKind(t, err, tt.kind)
			if got := registry.since(); len(got) > 0 {
				t.Errorf("plain HTTP was spoken: %q", got)
			}
		})
	}
}

func TestNoRedirectFromTLSToPlainHTTP(t *testing.T) {
	plain := nowhere(t)
	server := newTLS(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, plain.URL, http.StatusFound)
	}))
	_, err := list(t, client(t, trusting(server)), server.Listener.Addr().String()+"/a", Credential{})
	if err == nil {
		t.Fatal("got no error")
	}
}
