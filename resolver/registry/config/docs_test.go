package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/resolver/registry/config"
)

const pageFile = "../../../docs/registries-config.md"

// What the page shows as the parser's messages is what it says.
func TestPageHasTheMessagesOfTheParser(t *testing.T) {
	file, err := filepath.Abs(pageFile)
	must(t, err)
	page, err := os.ReadFile(file)
	must(t, err)
	_, rest, _ := strings.Cut(string(page), "<!-- begin messages -->")
	shown, _, ok := strings.Cut(rest, "<!-- end messages -->")
	blocks := strings.Split(shown, "```")
	if !ok || len(blocks) != 5 {
		t.Fatalf("got %d parts between the marks, want a file and its messages", len(blocks))
	}
	t.Chdir(t.TempDir())
	_, err = config.Parse("registries.yaml", []byte(strings.TrimPrefix(blocks[1], "yaml\n")), nil)
	if err == nil {
		t.Fatal("got no error for the page's file")
	}
	got := "text\n" + err.Error() + "\n"
	if *update {
		must(t, os.WriteFile(file, []byte(strings.Replace(string(page), blocks[3], got, 1)), 0o600))
		return
	}
	if diff := cmp.Diff(blocks[3], got); diff != "" {
		t.Errorf("messages (-page +parser):\n%s", diff)
	}
}

func TestExampleOfThePageIsGood(t *testing.T) {
	page, err := os.ReadFile(pageFile)
	must(t, err)
	_, rest, _ := strings.Cut(string(page), "```yaml\n")
	example, _, _ := strings.Cut(rest, "```")
	ca, _ := pair(t)
	t.Chdir(t.TempDir())
	must(t, os.WriteFile("ca.pem", []byte(ca), 0o600))
	must(t, os.WriteFile("hub-password", []byte(secret), 0o600))
	if _, err := config.Parse("registries.yaml", []byte(example), nil); err != nil {
		t.Error(err)
	}
}
