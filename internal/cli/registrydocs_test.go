package cli

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Every console block of docs/registry-commands.md is run against a registry
// that is what the page says. Its host is as long as the page's, so that tables
// keep their shape.
func TestDocumentedRegistryCommands(t *testing.T) {
	const pageHost = "localhost:50000"
	page, err := os.ReadFile("../../docs/registry-commands.md")
	if err != nil {
		t.Fatal(err)
	}
	s := newTagServer(t, "team/shop:1.2.0", "team/shop:1.2.9", "team/shop:2.0.0-rc.1", "team/shop:edge")
	s.pushMultiPlatform("team/shop:1.3.0")
	s.login.Store("me:" + seededPassword)
	dockerLogin(t, s.host, seededAuth)
	t.Chdir(t.TempDir())
	settings := regexp.MustCompile("(?s)```text\n(.*?)```").FindStringSubmatch(string(page))
	if err := os.WriteFile("registries.yaml", []byte(settings[1]), 0o600); err != nil {
		t.Fatal(err)
	}
	var want, got strings.Builder
	for _, block := range regexp.MustCompile("(?s)```console\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		want.WriteString(masked(block[1], pageHost))
		for _, line := range regexp.MustCompile(`(?m)^\$ garboard registry (.*)$`).FindAllStringSubmatch(block[1], -1) {
			o := registryOutcome(t, s.host, words(strings.ReplaceAll(line[1], pageHost, s.host))...)
			wantNoSecret(t, o)
			got.WriteString(masked(line[0], pageHost) + "\n" + o.Out + o.Err)
		}
	}
	if diff := cmp.Diff(want.String(), got.String()); diff != "" || got.Len() == 0 {
		t.Errorf("docs/registry-commands.md: (-want +got)\n%s", diff)
	}
}
