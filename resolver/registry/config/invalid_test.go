package config_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/resolver/registry/config"
)

var update = flag.Bool("update", false, "write the wanted messages again")

// Each testdata/invalid-*.yaml has one kind of fault, and beside it a .txt with
// what the parser says of it.
func TestParseTellsAllFaults(t *testing.T) {
	files := cases(t, "invalid-*.yaml")
	folder(t)
	for _, file := range files {
		t.Run(sentence(file), func(t *testing.T) {
			data, err := os.ReadFile(filepath.Base(file))
			must(t, err)
			c, err := config.Parse(filepath.Base(file), data, nil)
			var faults config.Faults
			if !errors.As(err, &faults) || c != nil {
				t.Fatalf("got settings %v and error %v, want Faults alone", c, err)
			}
			got := err.Error() + "\n"
			if strings.Contains(got, secret) || strings.Contains(got, secret[:7]) {
				t.Errorf("got a secret in %q", got)
			}
			golden := strings.TrimSuffix(file, ".yaml") + ".txt"
			if *update {
				must(t, os.WriteFile(golden, []byte(got), 0o600))
			}
			want, err := os.ReadFile(golden)
			must(t, err)
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})
	}
}

// What no file of testdata can well be.
func TestParseRefusesWhatIsNoText(t *testing.T) {
	const head = "apiVersion: garboard.dev/v1alpha1\nkind: RegistriesConfig\n"
	const mapping = "; allowed: one YAML mapping with apiVersion: garboard.dev/v1alpha1 and kind: RegistriesConfig"
	tests := map[string]struct{ data, want string }{
		"an empty file":            {"", "f:1: the file is empty" + mapping},
		"an empty document":        {"---\n", "f:1: the file is empty" + mapping},
		"a null":                   {"~", "f:1: the file is empty" + mapping},
		"a file that is too large": {strings.Repeat("#", 1<<20+1), "f:1: the file has 1048577 bytes; allowed: up to 1048576"},
		"other than UTF-8":         {head + "allow: [\xff]\n", "f:3: not UTF-8 text"},
		"a control character":      {head + "allow: [\x00]\n", "f:3: not YAML: control characters are not allowed"},
		"a fault at the very end":  {head + "allow: [", "f:3: not YAML: did not find expected node content"},
		"a fault in a large file": {
			head + "deny: [" + strings.Repeat("a.io,\n", 30_000) + "}", "f:30002: not YAML: did not find expected node content", // the parser's word, a line before
		},
		"a long value": {
			head + "deny: ['" + strings.Repeat("ä", 1000) + "']",
			`f:3: deny[0]: "` + strings.Repeat("ä", 79) + `…": allowed: host, host:port, *.domain or *, and /path behind it, in lower case`,
		},
		"an image of Docker Hub without its host": {
			head + "deny: [evil/app, nginx, localhost/app, evil:5000]\nregistries: [{prefix: team/app}, {prefix: auth, private: true}]",
			`f:3: deny[0]: "evil/app": an image's host has a dot or a port; did you mean "docker.io/evil/app"? allowed: host, host:port, *.domain or *, and /path behind it, in lower case` + "\n" +
				`f:3: deny[1]: "nginx": an image's host has a dot or a port; did you mean "docker.io/library/nginx"? allowed: host, host:port, *.domain or *, and /path behind it, in lower case` + "\n" +
				`f:4: registries[0].prefix: "team/app": an image's host has a dot or a port; did you mean "docker.io/team/app"? allowed: host, host:port, *.domain or *, and /path behind it, in lower case`,
		},
		"a range of addresses": {
			head + "deny: [10.0.0.0/8]",
			`f:3: deny[0]: "10.0.0.0/8": a range of addresses, and hosts are compared as images name them; allowed: host, host:port, *.domain or *, and /path behind it, in lower case`,
		},
		"a long key": {
			head + strings.Repeat("k", 100) + ": 1",
			`f:3: "` + strings.Repeat("k", 79) + `…": unknown key; allowed: allow, apiVersion, deny, kind, registries`,
		},
		"a list as a key": {head + "? [allow]\n: 1", "f:3: unknown key; allowed: allow, apiVersion, deny, kind, registries"},
		"a tag that says what is not so": {
			head + "registries: [{prefix: a.io, private: !!bool x}]", `f:3: registries[0].private: "x": allowed: true, false`,
		},
		"a scheme without the rest": {
			head + "registries: [{prefix: a.io, proxy: 'http:proxy'}]",
			`f:3: registries[0].proxy: "http:proxy": allowed: http:// or https://, a host and :port where needed; no user, path, query or fragment`,
		},
		"lists in lists": {
			head + "allow: " + strings.Repeat("[", 20_000), "f:3: not YAML: exceeded max depth of 10000",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := config.Parse("f", []byte(test.data), nil)
			if err == nil || err.Error() != test.want {
				t.Errorf("got error %v, want %s", err, test.want)
			}
		})
	}
}

// A pipe would never end, and a file without end fill the memory.
func TestParseBoundsTheFilesThatAreNamed(t *testing.T) {
	folder(t)
	large := strings.Repeat("x", 1<<20)
	var many strings.Builder
	for i := range 17 {
		name := fmt.Sprintf("large-%d", i)
		must(t, os.WriteFile(name, []byte(large), 0o600))
		fmt.Fprintf(&many, "- {prefix: a%d.io, credentials: {username: u, passwordFile: %s}}\n", i, name)
	}
	must(t, os.WriteFile("larger", []byte(large+"x"), 0o600))
	const head = "apiVersion: garboard.dev/v1alpha1\nkind: RegistriesConfig\nregistries:\n"
	const allowed = "; allowed: a file with nothing but the secret"
	tests := map[string]struct{ registries, want string }{
		"a file that is too large": {
			"- {prefix: a.io, credentials: {tokenFile: larger}}",
			`f:4: registries[0].credentials.tokenFile: "larger": larger than 1048576 bytes` + allowed,
		},
		"a device": {
			"- {prefix: a.io, credentials: {tokenFile: /dev/zero}}",
			`f:4: registries[0].credentials.tokenFile: "/dev/zero": not a regular file` + allowed,
		},
		"a file as a folder": {
			"- {prefix: a.io, credentials: {tokenFile: token/x}}",
			`f:4: registries[0].credentials.tokenFile: "token/x": not a directory` + allowed,
		},
		"files that are too large together": {
			many.String(),
			`f:20: registries[16].credentials.passwordFile: "large-16": the files named are larger than 16777216 bytes together` + allowed,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := config.Parse("f", []byte(head+test.registries), nil)
			if err == nil || err.Error() != test.want {
				t.Errorf("got error %v, want %s", err, test.want)
			}
		})
	}
}
