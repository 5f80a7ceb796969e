package docs_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/garboard-dev/garboard/updater/poll"
	"github.com/garboard-dev/garboard/updater/receiver"
	"github.com/garboard-dev/garboard/updater/receiver/config"
)

// sink keeps what the page's payloads tell of.
type sink struct{ pushes []poll.Push }

func (s *sink) Pushed(pushes []poll.Push) error {
	s.pushes = append(s.pushes, pushes...)
	return nil
}

// What the page says that a sender may send, it may send.
func TestPayloadsOfThePushPageAreAccepted(t *testing.T) {
	text, err := os.ReadFile("push.md")
	must(t, err)
	_, page, _ := strings.Cut(string(text), "\n## Senders\n")
	told := map[string]bool{}
	payloads := 0
	for _, section := range regexp.MustCompile(`(?m)^### `).Split(page, -1)[1:] {
		title, rest, _ := strings.Cut(section, "\n")
		for _, name := range regexp.MustCompile("`([a-z]+)`").FindAllStringSubmatch(title, -1) {
			kind := name[1]
			told[kind] = true
			for _, block := range regexp.MustCompile("(?s)```json\n(.*?)```").FindAllStringSubmatch(rest, -1) {
				payloads++
				if got := accepted(t, config.SenderKind(kind), block[1]); len(got) != 1 || !strings.HasSuffix(got[0].Repository, "/app") {
					t.Errorf("%s: %s\nis understood as %+v", kind, block[1], got)
				}
			}
		}
	}
	for _, kind := range config.Kinds() {
		if !told[string(kind)] {
			t.Errorf("no section is about %s", kind)
		}
	}
	if payloads < len(config.Kinds()) {
		t.Errorf("no more than %d payloads", payloads)
	}
}

func accepted(t *testing.T, kind config.SenderKind, payload string) []poll.Push {
	t.Helper()
	counted, err := receiver.NewMetrics(prometheus.NewRegistry())
	must(t, err)
	told := &sink{}
	r := receiver.New(receiver.Options{Sink: told, Metrics: counted, Log: logr.Discard()})
	s := config.Sender{Name: "page", Kind: kind, Auth: config.Auth{Unauthenticated: true}}
	if kind.NamesNoRegistry() {
		s.Registry = "registry.corp"
	}
	r.Configure(t.Context(), &config.Config{Senders: []config.Sender{s}})
	req := httptest.NewRequest(http.MethodPost, receiver.PathPrefix+string(kind), strings.NewReader(payload))
	req.Header.Set("Content-Type", "application/json")
	if strings.Contains(payload, "specversion") {
		req.Header.Set("Content-Type", "application/cloudevents+json")
	}
	answer := httptest.NewRecorder()
	r.ServeHTTP(answer, req)
	if answer.Code != http.StatusAccepted {
		t.Errorf("%s answers %d %s to %s", kind, answer.Code, answer.Body, payload)
	}
	return told.pushes
}

func TestSettingsOfThePushPageAreGood(t *testing.T) {
	text, err := os.ReadFile("push.md")
	must(t, err)
	_, rest, _ := strings.Cut(string(text), "```yaml\n")
	settings, _, _ := strings.Cut(rest, "```")
	dir := t.TempDir()
	for _, file := range regexp.MustCompile(`File: (\S+)`).FindAllStringSubmatch(settings, -1) {
		must(t, os.WriteFile(filepath.Join(dir, file[1]), []byte(strings.Repeat("x", 32)), 0o600))
	}
	parsed, err := config.Parse(filepath.Join(dir, "push.yaml"), []byte(settings), nil)
	must(t, err)
	if len(parsed.Senders) != 4 {
		t.Errorf("%d senders", len(parsed.Senders))
	}
}

// Keys, flags and outcomes are named as the code has them.
func TestPushPageHasEveryName(t *testing.T) {
	for _, source := range []struct{ file, page, pattern string }{
		{"updater/receiver/config/parse.go", "push.md", `(?m)^\s+"(\w+)": +(?:way\(|secret\(|configfile\.Set\(|func\(at configfile\.Value\))`},
		{"cmd/garboard/push.go", "push.md", `Var\(&o\.\w+, "([a-z-]+)"`},
		{"updater/receiver/serve.go", "observability.md", `outcome = "(\w+)"`},
	} {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(source.file)))
		must(t, err)
		page := flowing(t, source.page)
		found := regexp.MustCompile(source.pattern).FindAllStringSubmatch(string(text), -1)
		if len(found) < 4 {
			t.Errorf("%s: no more than %d names are found", source.file, len(found))
		}
		for _, name := range found {
			if !strings.Contains(page, name[1]) {
				t.Errorf("%s does not tell of %s", source.page, name[1])
			}
		}
	}
}
