package config_test

import (
	"strings"
	"testing"

	"github.com/garboard-dev/garboard/resolver/registry/config"
)

func TestPatternMatches(t *testing.T) {
	tests := map[string]struct {
		pattern, host, path string
		want                bool
	}{
		"a host, every repository of it":               {"ghcr.io", "ghcr.io", "org/app", true},
		"a host, and no other":                         {"ghcr.io", "evil-ghcr.io", "org/app", false},
		"a host, and none below it":                    {"ghcr.io", "a.ghcr.io", "org/app", false},
		"a host in any case":                           {"GHCR.io", "ghcr.io", "org/app", true},
		"a host, and not its other port":               {"registry.corp", "registry.corp:5000", "app", false},
		"a host with its port":                         {"registry.corp:5000", "registry.corp:5000", "app", true},
		"an IPv6 address":                              {"[fd00::1]:5000", "[fd00::1]:5000", "app", true},
		"an IPv6 address, however it is written":       {"[FD00:0:0::1]:05000", "[fd00::1]:5000", "app", true},
		"an IPv4 address, written as IPv6":             {"[::ffff:a00:1]", "10.0.0.1", "app", true},
		"a path, the repository itself":                {"ghcr.io/org/app", "ghcr.io", "org/app", true},
		"a path, the repositories below":               {"ghcr.io/org", "ghcr.io", "org/app/web", true},
		"a path, whole segments alone":                 {"ghcr.io/org", "ghcr.io", "organisation/app", false},
		"a path, and nothing above it":                 {"ghcr.io/org/app", "ghcr.io", "org", false},
		"a domain, a host below it":                    {"*.corp", "registry.corp", "app", true},
		"a domain, hosts at any depth":                 {"*.corp", "a.b.corp", "app", true},
		"a domain, and not the domain itself":          {"*.corp", "corp", "app", false},
		"a domain, and not what ends like it":          {"*.corp", "evilcorp", "app", false},
		"a domain and a path":                          {"*.corp/team", "registry.corp", "other/app", false},
		"everything":                                   {"*", "any.example", "app", true},
		"a path on every host":                         {"*/library", "any.example", "library/nginx", true},
		"a path on every host, and no other":           {"*/library", "any.example", "other/nginx", false},
		"Docker Hub by the name of its index":          {"index.docker.io", "docker.io", "library/nginx", true},
		"Docker Hub by the name of its API":            {"registry-1.docker.io/evil", "docker.io", "evil/app", true},
		"Docker Hub's own images have a path, library": {"docker.io/nginx", "docker.io", "library/nginx", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p, err := config.ParsePattern(test.pattern)
			must(t, err)
			if got := p.Matches(test.host, test.path); got != test.want {
				t.Errorf("%s and %s/%s: got %t, want %t", test.pattern, test.host, test.path, got, test.want)
			}
			again, err := config.ParsePattern(p.String())
			if err != nil || again != p {
				t.Errorf("%s, read again: got %s, error %v", p, again, err)
			}
		})
	}
}

// A pattern that looks narrow and is wide lets too much through an allow-list;
// one that nothing can match lets everything through a deny-list.
func TestParsePatternRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":                       "",
		"no domain":                     "*.",
		"a star in a name":              "a*.corp",
		"a star in the middle":          "a.*.corp",
		"two stars":                     "*.*.corp",
		"a star as path":                "ghcr.io/*",
		"a slash at the end":            "ghcr.io/",
		"two slashes":                   "ghcr.io//app",
		"an upper-case path":            "ghcr.io/App",
		"dots as segments":              "ghcr.io/a/../b",
		"a tag":                         "ghcr.io/app:1.0",
		"a digest":                      "ghcr.io/app@sha256:0",
		"a URL":                         "https://ghcr.io",
		"a user":                        "user@ghcr.io",
		"an empty label":                "a..corp",
		"a dot at the end":              "ghcr.io.",
		"a hyphen at the end":           "ghcr-.io",
		"a blank":                       " ghcr.io",
		"a line end":                    "ghcr.io\n",
		"another line":                  "ghcr.io\nevil.example",
		"letters that look alike":       "ghсr.io",
		"no port":                       "ghcr.io:",
		"port 0":                        "ghcr.io:0",
		"a port that is too high":       "ghcr.io:65536",
		"a port with a sign":            "ghcr.io:+80",
		"two ports":                     "ghcr.io:80:80",
		"an open bracket":               "[::1",
		"an address without brackets":   "::1",
		"no address in brackets":        "[:::]",
		"IPv4 in brackets":              "[127.0.0.1]",
		"an address with a zone":        "[fe80::1%eth0]",
		"what follows an address":       "[::1]evil",
		"a domain of an address":        "*.[::1]",
		"a label that is too long":      strings.Repeat("a", 64) + ".corp",
		"a name that is too long":       strings.Repeat("a.", 127) + "corp",
		"a text that is much too long":  strings.Repeat("a", 1<<20),
		"a path that is much too long":  "a/" + strings.Repeat("a", 1<<20),
		"an escape that ends the label": "a\x00.corp",
	} {
		t.Run(name, func(t *testing.T) {
			if p, err := config.ParsePattern(text); err == nil {
				t.Errorf("got %v, want an error", p)
			}
		})
	}
}

func TestConfigAllows(t *testing.T) {
	pattern := func(text string) config.Pattern {
		p, err := config.ParsePattern(text)
		must(t, err)
		return p
	}
	hub, evil := []config.Pattern{pattern("docker.io")}, []config.Pattern{pattern("docker.io/evil")}
	tests := map[string]struct {
		config     *config.Config
		host, path string
		want       bool
	}{
		"no settings allow everything":         {nil, "a.example", "app", true},
		"empty settings allow everything":      {&config.Config{}, "a.example", "app", true},
		"what is on the allow-list":            {&config.Config{Allow: hub}, "docker.io", "library/nginx", true},
		"what is not on the allow-list":        {&config.Config{Allow: hub}, "ghcr.io", "org/app", false},
		"what is on the deny-list":             {&config.Config{Deny: evil}, "docker.io", "evil/app", false},
		"what is not on the deny-list":         {&config.Config{Deny: evil}, "docker.io", "good/app", true},
		"the deny-list counts before allowing": {&config.Config{Allow: hub, Deny: evil}, "docker.io", "evil/app", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := test.config.Allows(test.host, test.path); got != test.want {
				t.Errorf("got %t, want %t", got, test.want)
			}
		})
	}
	if got := (*config.Config)(nil).For("docker.io", "a"); got != nil {
		t.Errorf("settings of nothing: got %v", got)
	}
	if got := (&config.Config{}).For("docker.io", "a"); got != nil {
		t.Errorf("settings of an empty file: got %v", got)
	}
}
