package cli

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const goodSettings = "apiVersion: garboard.dev/v1alpha1\nkind: RegistriesConfig\nregistries:\n- prefix: docker.io\n  requestsPerSecond: 5\n"

const badSettings = "apiVersion: garboard.dev/v1alpha1\nkind: RegistriesConfig\nallwo: [docker.io]\nregistries:\n" +
	"- prefix: docker.io\n  hosts: [{host: 'ftp://x'}]\n- prefix: ghcr.io\n  credentials: {username: me, pasword: " + seededPassword + "}\n"

func TestRegistryConfigValidate(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		args []string
		want outcome
	}{
		"a good file":   {goodSettings, []string{"registries.yaml"}, outcome{Out: "registries.yaml: ok, 1 registry\n"}},
		"no registries": {"apiVersion: garboard.dev/v1alpha1\nkind: RegistriesConfig\ndeny: [docker.io]\n", []string{"-"}, outcome{Out: "standard input: ok, 0 registries\n"}},
		"faults": {badSettings, []string{"registries.yaml"}, outcome{Code: 1, Err: "registries.yaml:3: \"allwo\": unknown key; did you mean allow? allowed: allow, apiVersion, deny, kind, registries\n" +
			"registries.yaml:6: registries[0].hosts[0].host: \"ftp://x\": allowed: http:// or https://, a host, :port and /path where needed; no user, query or fragment\n" +
			"registries.yaml:8: registries[1].credentials: \"pasword\": unknown key; did you mean password? allowed: identityToken, identityTokenFile, password, passwordFile, token, tokenFile, username\n"}},
		"a file that is not there": {"", []string{"none.yaml"}, outcome{Code: 1, Err: "garboard: reading the registry settings: open none.yaml: no such file or directory\n"}},
		"two files":                {goodSettings, []string{"registries.yaml", "x", "y"}, outcome{Code: 2, Err: "\"x\": unexpected argument\n\"y\": unexpected argument\n"}},
		"what steers a terminal": {"\"\\e[2J\": 1\n", []string{"-"}, outcome{Code: 1, Err: "standard input:1: \"\\x1b[2J\": unknown key; allowed: allow, apiVersion, deny, kind, registries\n" +
			"standard input:1: apiVersion: required; allowed: garboard.dev/v1alpha1\nstandard input:1: kind: required; allowed: RegistriesConfig\n"}},
		"standard input, with a fault": {"x", []string{"-"}, outcome{Code: 1, Err: "standard input:1: no mapping; allowed: one YAML mapping with apiVersion: garboard.dev/v1alpha1 and kind: RegistriesConfig\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			if err := os.WriteFile("registries.yaml", []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			got := garboard(t, strings.NewReader(test.text), nil, append([]string{"registry", "config", "validate"}, test.args...)...)
			wantNoSecret(t, got)
			wantPrintable(t, got)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestRegistryConfigValidateReportsAReadThatFails(t *testing.T) {
	in, write := io.Pipe()
	write.CloseWithError(errors.New("disk on fire"))
	got := garboard(t, in, nil, "registry", "config", "validate", "-")
	if want := (outcome{Code: 1, Err: "garboard: reading standard input: disk on fire\n"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// The settings of the other commands are read in the same way.
func TestRegistryCheckNamesFaultsOfTheSettings(t *testing.T) {
	file := settingsFile(t, "allwo: [docker.io]")
	got := registryOutcome(t, "none", "check", "nginx", "--registries-config", file)
	if want := file + ":3: \"allwo\": unknown key"; got.Code != 1 || !strings.HasPrefix(got.Err, want) || got.Out != "" {
		t.Errorf("got %+v, want %q", got, want)
	}
}
