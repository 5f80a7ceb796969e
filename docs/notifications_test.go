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

// Each notice that the updater sends has a row on the page, at its level, and each reason of
// an Event is named where the Events are listed.
func TestPagesNameEveryNoticeAndEvent(t *testing.T) {
	reporter := codeOf(t, filepath.Join(root, "updater", "report"))
	reasons := map[string]string{}
	for _, match := range regexp.MustCompile(`\b(Reason\w+)\s+= "(\w+)"`).FindAllStringSubmatch(reporter, -1) {
		reasons[match[1]] = match[2]
	}
	events := flowing(t, "how-it-works.md")
	for _, reason := range reasons {
		if !strings.Contains(events, "`"+reason+"`") {
			t.Errorf("how-it-works.md does not name the Event %s", reason)
		}
	}
	_, section, _ := strings.Cut(flowing(t, notificationsPage), "## What is told")
	section, _, _ = strings.Cut(section, "## Templates")
	notices := regexp.MustCompile(`\.notify\(about, Level(\w+), (Reason\w+)`).FindAllStringSubmatch(reporter, -1)
	if calls := strings.Count(reporter, "r.notify("); calls == 0 || len(notices) != calls {
		t.Fatalf("found %d notices in %d calls", len(notices), calls)
	}
	for _, notice := range notices {
		level, reason := strings.ToLower(notice[1]), reasons[notice[2]]
		row := regexp.MustCompile("\\| `" + level + "` \\|[^|]*`" + reason + "`[^|]*\\|")
		if !row.MatchString(section) {
			t.Errorf("%s has no row of %s at the level %s", notificationsPage, reason, level)
		}
	}
}

// codeOf is the code of a package without its tests.
func codeOf(t *testing.T, dir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	must(t, err)
	var all strings.Builder
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		must(t, err)
		all.Write(text)
	}
	return all.String()
}
