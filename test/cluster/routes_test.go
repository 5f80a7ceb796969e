package cluster

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWithRoute(t *testing.T) {
	const hook = "garboard/garboard-webhook:443"
	tests := map[string]struct {
		text     string
		backends []string
		want     string
	}{
		"a first route":                   {backends: []string{"127.0.0.1:1"}, want: hook + " 127.0.0.1:1\n"},
		"two backends take turns":         {backends: []string{"127.0.0.1:1", "127.0.0.2:1"}, want: hook + " 127.0.0.1:1,127.0.0.2:1\n"},
		"a route is replaced":             {text: hook + " 127.0.0.1:1\n", backends: []string{"127.0.0.1:2"}, want: hook + " 127.0.0.1:2\n"},
		"other routes and comments stay":  {text: "# mine\na/b:80 127.0.0.1:3\n" + hook + " 127.0.0.1:1\n", backends: []string{"127.0.0.1:2"}, want: "# mine\na/b:80 127.0.0.1:3\n" + hook + " 127.0.0.1:2\n"},
		"a longer name is another route":  {text: hook + "3 127.0.0.1:1\n", backends: []string{"127.0.0.1:2"}, want: hook + "3 127.0.0.1:1\n" + hook + " 127.0.0.1:2\n"},
		"no backends remove the route":    {text: "a/b:80 127.0.0.1:3\n" + hook + " 127.0.0.1:1\n", want: "a/b:80 127.0.0.1:3\n"},
		"the last route leaves no line":   {text: hook + " 127.0.0.1:1\n", want: ""},
		"removing what is not there":      {text: "", want: ""},
		"a file without its last newline": {text: "a/b:80 127.0.0.1:3", backends: []string{"127.0.0.1:1"}, want: "a/b:80 127.0.0.1:3\n" + hook + " 127.0.0.1:1\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, withRoute(test.text, hook, test.backends)); diff != "" {
				t.Errorf("routes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRouteRefusesWhatTheProxyWouldNotRead(t *testing.T) {
	c := &Cluster{Dir: t.TempDir()}
	name := filepath.Join(c.Dir, routesFile)
	if err := os.WriteFile(name, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		service, backend string
		ok               bool
	}{
		"a whole route":             {service: "a/b:443", backend: "127.0.0.1:9443", ok: true},
		"no port of the Service":    {service: "a/b", backend: "127.0.0.1:9443"},
		"no namespace":              {service: "b:443", backend: "127.0.0.1:9443"},
		"two lines in one":          {service: "a/b:443\nc/d:443", backend: "127.0.0.1:9443"},
		"no port of the backend":    {service: "a/b:443", backend: "127.0.0.1"},
		"a backend off this host":   {service: "a/b:443", backend: "192.0.2.1:9443"},
		"a name instead of address": {service: "a/b:443", backend: "localhost:9443"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if err := c.Route(test.service, test.backend); (err == nil) != test.ok {
				t.Errorf("got %v, want ok %v", err, test.ok)
			}
		})
	}
}
