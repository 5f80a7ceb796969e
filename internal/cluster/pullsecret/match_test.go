package pullsecret

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestKeyCoversRepository(t *testing.T) {
	tests := map[string]struct {
		key, repository string
		want            bool
	}{
		"the host":                                {"ghcr.io", "ghcr.io/org/app", true},
		"another host":                            {"quay.io", "ghcr.io/org/app", false},
		"https is dropped":                        {"https://ghcr.io", "ghcr.io/org/app", true},
		"http is dropped":                         {"http://ghcr.io", "ghcr.io/org/app", true},
		"another scheme is none":                  {"ftp://ghcr.io", "ghcr.io/org/app", false},
		"a lone slash is dropped":                 {"ghcr.io/", "ghcr.io/org/app", true},
		"the API's version 1 is dropped":          {"https://ghcr.io/v1/", "ghcr.io/org/app", true},
		"the API's version 2 is dropped":          {"ghcr.io/v2/org", "ghcr.io/org/app", true},
		"without its slash it is a path":          {"ghcr.io/v2", "ghcr.io/org/app", false},
		"version 3 is a path":                     {"ghcr.io/v3/", "ghcr.io/org/app", false},
		"a path":                                  {"ghcr.io/org", "ghcr.io/org/app", true},
		"a path that ends inside a name":          {"ghcr.io/or", "ghcr.io/org/app", true},
		"a path with a slash at the end":          {"ghcr.io/org/", "ghcr.io/org/app", true},
		"another path":                            {"ghcr.io/other", "ghcr.io/org/app", false},
		"a longer path":                           {"ghcr.io/org/app/x", "ghcr.io/org/app", false},
		"no glob in a path":                       {"ghcr.io/*", "ghcr.io/org/app", false},
		"a star for one label":                    {"*.ghcr.io", "a.ghcr.io/app", true},
		"a star is not for no label":              {"*.ghcr.io", "ghcr.io/app", false},
		"a star is not for two labels":            {"*.ghcr.io", "a.b.ghcr.io/app", false},
		"a star for a part of the domain":         {"*.io", "ghcr.io/app", true},
		"a star within a label":                   {"g*r.io", "ghcr.io/app", true},
		"a question mark begins a query":          {"ghc?.io", "ghcr.io/app", false},
		"what is before a question mark":          {"ghcr?.io", "ghcr/app", true},
		"a class is no host":                      {"ghc[a-z].io", "ghcr.io/app", false},
		"a class is no host, at the beginning":    {"[a-z]hcr.io", "ghcr.io/app", false},
		"a class in a path is letters":            {"ghcr.io/[a-z]", "ghcr.io/app", false},
		"a class that does not end":               {"ghc[a-z.io", "ghcr.io/app", false},
		"the port is missing":                     {"example.com", "example.com:5000/app", false},
		"the port is one too many":                {"example.com:443", "example.com/app", false},
		"the port":                                {"example.com:5000", "example.com:5000/app", true},
		"the port is a text":                      {"example.com:05000", "example.com:5000/app", false},
		"no glob in a port":                       {"example.com:*", "example.com:5000/app", false},
		"a star before a port":                    {"*.example.com:5000", "a.example.com:5000/app", true},
		"capital letters are others":              {"GHCR.io", "ghcr.io/app", false},
		"small letters are others":                {"ghcr.io", "GHCR.io/app", false},
		"capital letters":                         {"GHCR.io", "GHCR.io/app", true},
		"a scheme in capitals is none":            {"HTTPS://ghcr.io", "ghcr.io/app", false},
		"a user is dropped":                       {"https://user@ghcr.io", "ghcr.io/app", true},
		"a user and password are dropped":         {"user:password@ghcr.io/org", "ghcr.io/org/app", true},
		"a query is dropped":                      {"https://ghcr.io?x=1", "ghcr.io/app", true},
		"a fragment is dropped":                   {"https://ghcr.io/#", "ghcr.io/app", true},
		"an escape in a path is what it means":    {"ghcr.io/a%2Db", "ghcr.io/a-b/c", true},
		"an escape of an escape is read twice":    {"ghcr.io/a%252Db", "ghcr.io/a-b/c", true},
		"an escape that is none":                  {"ghcr.io/a%2", "ghcr.io/a", false},
		"an escape in a host is none":             {"ghcr%2Eio", "ghcr.io/app", false},
		"an escaped slash is one":                 {"ghcr.io/a%2Fb", "ghcr.io/a/b", true},
		"a blank at the end":                      {"ghcr.io ", "ghcr.io/app", false},
		"Docker Hub's index is not for localhost": {"https://index.docker.io/v1/", "localhost/app", false},
		"an IPv6 address":                         {"[::1]:5000", "[::1]:5000/app", true},
		"Docker Hub's name in references":         {"docker.io", "docker.io/library/nginx", true},
		"a path of Docker Hub":                    {"docker.io/org", "docker.io/org/app", true},
		"another path of Docker Hub":              {"docker.io/org", "docker.io/library/nginx", false},
		"what docker login writes":                {"https://index.docker.io/v1/", "docker.io/library/nginx", true},
		"Docker Hub's index without more":         {"index.docker.io", "docker.io/library/nginx", true},
		"Docker Hub's index with a path":          {"index.docker.io/org", "docker.io/org/app", false},
		"Docker Hub's index is for no other":      {"https://index.docker.io/v1/", "ghcr.io/library/nginx", false},
		"the host that answers for Docker Hub":    {"registry-1.docker.io", "docker.io/library/nginx", false},
		"the index by a star is found by its key": {"*.docker.io", "docker.io/library/nginx", false},
		"nothing": {"", "ghcr.io/org/app", false},
		"a slash": {"/", "ghcr.io/org/app", false},
		"a backslash at the end, which is no glob": {`ghcr.io\`, "ghcr.io/org/app", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			ring, _ := ringOf(map[string]entry{test.key: {"user", "password"}}, "", "")
			if got := len(lookupCredentials([]keyring{ring}, test.repository)) == 1; got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestOrderOfKeys(t *testing.T) {
	tests := map[string]struct {
		rings      [][]string // keys
		repository string
		want       []string // "ring key"
	}{
		"nothing": {nil, "ghcr.io/org/app", nil},
		"a longer path goes first": {
			[][]string{{"ghcr.io", "ghcr.io/org", "ghcr.io/org/app", "ghcr.io/orb"}}, "ghcr.io/org/app",
			[]string{"0 ghcr.io/org/app", "0 ghcr.io/org", "0 ghcr.io"},
		},
		"a longer path goes first, from whichever Secret": {
			[][]string{{"ghcr.io"}, {"ghcr.io/org"}}, "ghcr.io/org/app", []string{"1 ghcr.io/org", "0 ghcr.io"},
		},
		"letters go before globs": {
			[][]string{{"*.io", "g*.io", "ghcr.io"}}, "ghcr.io/org/app", []string{"0 ghcr.io", "0 g*.io", "0 *.io"},
		},
		"a longer path behind a glob goes last": {
			[][]string{{"*.io/org", "ghcr.io"}}, "ghcr.io/org/app", []string{"0 ghcr.io", "0 *.io/org"},
		},
		"one key of several Secrets, in the order of the Secrets": {
			[][]string{{"ghcr.io"}, {"https://ghcr.io"}, {"ghcr.io/v2/"}}, "ghcr.io/org/app",
			[]string{"0 ghcr.io", "1 https://ghcr.io", "2 ghcr.io/v2/"},
		},
		"Docker Hub's index counts only where nothing else does": {
			[][]string{{"https://index.docker.io/v1/"}, {"docker.io"}}, "docker.io/org/app", []string{"1 docker.io"},
		},
		"Docker Hub's index of all Secrets": {
			[][]string{{"https://index.docker.io/v1/"}, {"docker.io/other"}, {"index.docker.io"}}, "docker.io/org/app",
			[]string{"0 https://index.docker.io/v1/", "2 index.docker.io"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var rings []keyring
			for i, keys := range test.rings {
				for _, key := range keys { // a Secret a key, so that each can be told from the others
					ring, _ := ringOf(map[string]entry{key: {"user", "password"}}, fmt.Sprint(i, " ", key), "")
					if len(rings) <= i {
						rings = append(rings, nil)
					}
					rings[i] = append(rings[i], ring...)
				}
			}
			var got []string
			for _, credential := range lookupCredentials(rings, test.repository) {
				got = append(got, credential.Source())
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("order (-want +got):\n%s", diff)
			}
		})
	}
}

// The kubelet takes them in the order of a map.
func TestTwoSpellingsInOneSecretComeInAFixedOrder(t *testing.T) {
	ring, _ := ringOf(map[string]entry{"https://ghcr.io": {"b", "b"}, "ghcr.io": {"a", "a"}}, "", "")
	for i, want := range []string{"a", "b"} {
		if got := lookupCredentials([]keyring{ring}, "ghcr.io/org/app")[i].ID(); got != credentialOf(entry{want, want}, "").ID() {
			t.Errorf("place %d is not %q", i, want)
		}
	}
}
