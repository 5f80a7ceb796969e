package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/garboard-dev/garboard/updater/notify"
)

const notificationsPage = "notifications.md"

// Whoever copies settings from the page, or the example, gets settings that are
// accepted, given the URLs in the files that they name.
func TestNotificationSettingsAreGood(t *testing.T) {
	page, err := os.ReadFile(notificationsPage)
	must(t, err)
	example, err := os.ReadFile(filepath.Join(root, "examples", "notifications.yaml"))
	must(t, err)
	blocks := []string{string(example)}
	for _, match := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		blocks = append(blocks, match[1])
	}
	if len(blocks) < 4 {
		t.Fatalf("got %d settings, want those of the page and the example", len(blocks))
	}
	for _, block := range blocks {
		dir := t.TempDir()
		for _, match := range regexp.MustCompile(`urlFile: ([a-z-]+)`).FindAllStringSubmatch(block, -1) {
			must(t, os.WriteFile(filepath.Join(dir, match[1]), []byte("generic://localhost\n"), 0o600))
		}
		if _, err := notify.Parse(filepath.Join(dir, "notifications.yaml"), []byte(block), nil); err != nil {
			t.Errorf("%v\n%s", err, block)
		}
	}
}

// The URLs of the table are ones that their services take.
func TestURLsOfChannelsAreGood(t *testing.T) {
	page, err := os.ReadFile(notificationsPage)
	must(t, err)
	_, rest, _ := strings.Cut(string(page), "| service | URL |")
	table, _, _ := strings.Cut(rest, "\n\n")
	urls := regexp.MustCompile("\\| `([a-z]+[:+][^`]+)` \\|").FindAllStringSubmatch(table, -1)
	if len(urls) != strings.Count(table, "\n")-1 {
		t.Errorf("got %d URLs in %d rows", len(urls), strings.Count(table, "\n")-1)
	}
	for _, match := range urls {
		if _, err := notify.ParseURL(match[1]); err != nil {
			t.Errorf("%s: %v", match[1], err)
		}
	}
}
