package config_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/internal/configfile"
	"github.com/garboard-dev/garboard/updater/receiver/config"
)

const (
	secret = "c2VjcmV0LW9mLXRoZS1zZW5kZXI"
	head   = "apiVersion: garboard.dev/v1alpha1\nkind: PushConfig\nsenders:\n"
)

// folder has the files that the settings of a test name.
func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"secret": secret + "\n", "short": "hunter2", "empty": "\n", "lines": secret + "\n" + secret, "user": "registry\n",
	} {
		write(t, filepath.Join(dir, name), text)
	}
	return dir
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestSettingsAreRead(t *testing.T) {
	text := head + `
- {sender: github, hmacSecretFile: secret}
- {name: old-hub, sender: dockerhub, queryTokenFile: secret}
- {name: mirror, sender: harbor, registry: Harbor.Corp:5000/hub, bearerTokenFile: secret}
- name: images
  sender: gar
  oidc: {audience: https://garboard.corp, email: push@example.iam.gserviceaccount.com}
- name: own
  sender: gcr
  oidc: {audience: a, email: b, issuer: https://id.corp, keysURL: https://id.corp/keys}
- {name: build, sender: native, basic: {usernameFile: user, passwordFile: secret}}
- {sender: cloudevents, registry: zot.corp, unauthenticated: true}
`
	got, err := config.Parse(filepath.Join(folder(t), "push.yaml"), []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []config.Sender{
		{Name: "github", Kind: config.GitHub, Auth: config.Auth{HMACSecret: secret}},
		{Name: "old-hub", Kind: config.DockerHub, Auth: config.Auth{QueryToken: secret}},
		{Name: "mirror", Kind: config.Harbor, Registry: "harbor.corp:5000/hub", Auth: config.Auth{BearerToken: secret}},
		{Name: "images", Kind: config.GAR, Auth: config.Auth{OIDC: &config.OIDC{
			Issuer: "https://accounts.google.com", KeysURL: "https://www.googleapis.com/oauth2/v3/certs",
			Audience: "https://garboard.corp", Email: "push@example.iam.gserviceaccount.com"}}},
		{Name: "own", Kind: config.GCR, Auth: config.Auth{OIDC: &config.OIDC{
			Issuer: "https://id.corp", KeysURL: "https://id.corp/keys", Audience: "a", Email: "b"}}},
		{Name: "build", Kind: config.Native, Auth: config.Auth{Basic: &config.Basic{Username: "registry", Password: secret}}},
		{Name: "cloudevents", Kind: config.CloudEvents, Registry: "zot.corp", Auth: config.Auth{Unauthenticated: true}},
	}
	if diff := cmp.Diff(want, got.Senders); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(verb, got.Senders[1]); strings.Contains(text, secret) {
			t.Errorf("%s prints the secret: %s", verb, text)
		}
	}
}

const ways = "one of hmacSecretFile, bearerTokenFile, queryTokenFile, basic, oidc, and unauthenticated: true"

// The key is what is wrong, the second line on is the file.
func TestFaultsAreTold(t *testing.T) {
	kinds := "native, dockerhub, quay, azure, github, harbor, jfrog, nexus, registry, gitlab, ecr, gcr, gar, gitea, forgejo, cloudevents"
	keys := "basic, bearerTokenFile, hmacSecretFile, name, oidc, queryTokenFile, registry, sender, unauthenticated"
	const anchors = "anchors and aliases (& and *) have no place here; put a text that begins with one in quotes"
	for name, test := range map[string]struct{ text, want string }{
		"an empty file":   {"", "1: the file is empty; allowed: one YAML mapping with apiVersion: garboard.dev/v1alpha1 and kind: PushConfig"},
		"no YAML":         {"a: [", "1: not YAML: did not find expected node content"},
		"a list":          {"- a", "1: no mapping; allowed: one YAML mapping with apiVersion: garboard.dev/v1alpha1 and kind: PushConfig"},
		"two documents":   {head + "- {sender: quay, unauthenticated: true}\n---\na: b\n", "5: a second document begins here; allowed: one YAML mapping with apiVersion: garboard.dev/v1alpha1 and kind: PushConfig"},
		"another kind":    {"apiVersion: v1\nkind: PushConfig\nsenders: [{sender: quay, unauthenticated: true}]", `1: apiVersion: "v1": allowed: garboard.dev/v1alpha1`},
		"nothing said":    {"{}", "1: apiVersion: required; allowed: garboard.dev/v1alpha1\n1: kind: required; allowed: PushConfig\n1: senders: required; allowed: a list of senders"},
		"nobody":          {head + "  []", "4: senders: the list is empty; allowed: one sender or more"},
		"no such sender":  {head + "- {sender: dockerhubb, unauthenticated: true}", `4: senders[0].sender: "dockerhubb": allowed: ` + kinds},
		"no sender":       {head + "- {unauthenticated: true}", "4: senders[0].sender: required; allowed: " + kinds},
		"an unknown key":  {head + "- {sender: quay, unauthentcated: true}", "4: senders[0]: \"unauthentcated\": unknown key; did you mean unauthenticated? allowed: " + keys + "\n4: senders[0]: nothing says how the sender proves who it is; allowed: " + ways},
		"a key twice":     {head + "- {sender: quay, sender: harbor, unauthenticated: true}", "4: senders[0].sender: given twice, first on line 4"},
		"no proof":        {head + "- {sender: quay}", "4: senders[0]: nothing says how the sender proves who it is; allowed: " + ways},
		"two proofs":      {head + "- sender: github\n  hmacSecretFile: secret\n  bearerTokenFile: secret", "6: senders[0].bearerTokenFile: a sender proves who it is in one way; allowed: " + ways},
		"open by halves":  {head + "- {sender: quay, unauthenticated: false}", `4: senders[0].unauthenticated: "false": allowed: true`},
		"no such file":    {head + "- {sender: quay, bearerTokenFile: hunter2-hunter2}", "4: senders[0].bearerTokenFile: no such file; allowed: a file with a secret of 16 bytes or more"},
		"a short secret":  {head + "- {sender: github, hmacSecretFile: short}", "4: senders[0].hmacSecretFile: the file holds 7 bytes; allowed: a file with a secret of 16 bytes or more"},
		"an empty secret": {head + "- {sender: github, hmacSecretFile: empty}", "4: senders[0].hmacSecretFile: the file holds 0 bytes; allowed: a file with a secret of 16 bytes or more"},
		"several lines":   {head + "- {sender: github, hmacSecretFile: lines}", "4: senders[0].hmacSecretFile: the file has several lines; allowed: one secret a file; list the sender twice to take an old and a new one"},
		"a folder":        {head + "- {sender: github, hmacSecretFile: .}", "4: senders[0].hmacSecretFile: not a regular file; allowed: a file with a secret of 16 bytes or more"},
		"no signature":    {head + "- {sender: quay, hmacSecretFile: secret}", "4: senders[0].hmacSecretFile: quay does not sign what it sends"},
		"a needless URL":  {head + "- {sender: github, queryTokenFile: secret}", "4: senders[0].queryTokenFile: URLs end in logs, and github can send a header; allowed: only for dockerhub and quay"},
		"no such token":   {head + "- {sender: quay, oidc: {audience: a, email: b}}", "4: senders[0].oidc: quay sends no such token; allowed: only for gar and gcr"},
		"half a login":    {head + "- {sender: quay, basic: {usernameFile: user}}", "4: senders[0].basic.passwordFile: required; allowed: a file with a secret of 16 bytes or more"},
		"half a provider": {head + "- {sender: gar, oidc: {audience: a, email: b, issuer: https://id.corp}}", "4: senders[0].oidc: issuer and keysURL belong together; allowed: both, or neither for Google's"},
		"plain keys":      {head + "- {sender: gar, oidc: {audience: a, email: b, issuer: https://id.corp, keysURL: http://u:p@id.corp}}", "4: senders[0].oidc.keysURL: allowed: an https:// URL without user, query and fragment"},
		"a bad registry":  {head + "- {sender: harbor, registry: https://harbor.corp, unauthenticated: true}", `4: senders[0].registry: "https://harbor.corp": allowed: a host such as harbor.corp or harbor.corp:5000, with a path where the images have one`},
		"a word":          {head + "- {sender: harbor, registry: harbor, unauthenticated: true}", `4: senders[0].registry: "harbor": allowed: a host such as harbor.corp or harbor.corp:5000, with a path where the images have one`},
		"a needless one":  {head + "- {sender: native, registry: r.corp, unauthenticated: true}", `4: senders[0].registry: "r.corp": a native notification names the image in full`},
		"no registry":     {head + "- {sender: cloudevents, unauthenticated: true}", "4: senders[0].registry: required; allowed: a host such as harbor.corp or harbor.corp:5000, with a path where the images have one"},
		"a name twice":    {head + "- {sender: quay, unauthenticated: true}\n- {name: quay, sender: github, hmacSecretFile: secret}", `5: senders[1].name: "quay": the same as on line 4; give each sender a name of its own`},
		"a bad name":      {head + "- {name: a b, sender: quay, unauthenticated: true}", `4: senders[0].name: "a b": allowed: a name of letters, digits, - and _, up to 63 characters`},
		"a path half open": {head + "- {sender: harbor, bearerTokenFile: secret}\n- {name: b, sender: harbor, unauthenticated: true}",
			"5: senders[1]: its path is that of the sender on line 4, and one of the two lets every sender in"},
		"a path open first": {head + "- {sender: harbor, unauthenticated: true}\n- {name: b, sender: harbor, bearerTokenFile: secret}",
			"5: senders[1]: its path is that of the sender on line 4, and one of the two lets every sender in"},
		"an alias": {head + "- &a {sender: quay, unauthenticated: true}\n- *a", "4: " + anchors + "\n5: " + anchors},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(folder(t), "push.yaml")
			_, err := config.Parse(file, []byte(test.text), nil)
			var faults configfile.Faults
			if !errors.As(err, &faults) {
				t.Fatalf("got %v, want faults", err)
			}
			got := strings.ReplaceAll(err.Error(), file+":", "")
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(head + "- {sender: github, hmacSecretFile: secret}\n"))
	f.Add([]byte(head + "- {sender: gar, oidc: {audience: a, email: b}}\n- {name: x, sender: quay, registry: q.corp/x, unauthenticated: true}\n"))
	f.Add([]byte("a: &a [*a]"))
	file := filepath.Join(f.TempDir(), "push.yaml")
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := config.Parse(file, text, nil)
		if err != nil {
			if len(err.Error()) > 200<<10 {
				t.Errorf("the faults have %d bytes", len(err.Error()))
			}
			return
		}
		for _, s := range c.Senders {
			if s.Kind == "" || s.Name == "" {
				t.Errorf("a sender without a kind or a name: %+v", s)
			}
		}
	})
}
