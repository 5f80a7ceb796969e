package docs_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/garboard-dev/garboard/updater/chat/config"
)

// Settings that people copy from the page, or the example, are accepted, given the tokens in
// the files that they name.
func TestChatSettingsAreGood(t *testing.T) {
	page, err := os.ReadFile("chat.md")
	must(t, err)
	example, err := os.ReadFile(filepath.Join(root, "examples", "chat.yaml"))
	must(t, err)
	blocks := []string{string(example)}
	for _, match := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		blocks = append(blocks, match[1])
	}
	if len(blocks) < 3 {
		t.Fatalf("got %d settings, want those of the page and the example", len(blocks))
	}
	for _, block := range blocks {
		dir := t.TempDir()
		for name, text := range map[string]string{
			"slack-app-token": "xapp-1-A000-000000", "slack-bot-token": "xoxb-000000-000000", "mattermost-token": "00000000000000000000000000",
		} {
			must(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
		}
		if _, err := config.Parse(filepath.Join(dir, "chat.yaml"), []byte(block), nil); err != nil {
			t.Errorf("%v\n%s", err, block)
		}
	}
	for _, match := range regexp.MustCompile("(?s)```json\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		if !json.Valid([]byte(match[1])) {
			t.Errorf("no JSON: %s", match[1])
		}
	}
}
