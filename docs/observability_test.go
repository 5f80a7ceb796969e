package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every metric that the code registers is on a page, and every one on a page
// exists.
func TestEveryMetricIsTold(t *testing.T) {
	told := flowing(t, "observability.md") + flowing(t, registriesPage)
	names := metricNames(t)
	if len(names) < 20 {
		t.Errorf("no more than %d metrics were found", len(names))
	}
	for name := range names {
		if !strings.Contains(told, "`"+name+"`") {
			t.Errorf("no row for %s", name)
		}
	}
	pages, err := filepath.Glob("*.md")
	must(t, err)
	for _, page := range pages {
		for _, name := range regexp.MustCompile(`\bgarboard_[a-z_]+\b`).FindAllString(flowing(t, page), -1) {
			series := regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(name, "")
			if !names[name] && !names[series] {
				t.Errorf("%s: there is no metric %s", page, name)
			}
		}
	}
}

// metricNames finds the names where metrics are made.
func metricNames(t *testing.T) map[string]bool {
	t.Helper()
	whole := regexp.MustCompile(`Name:\s+"(garboard_\w+)"`)
	described := regexp.MustCompile(`NewDesc\("(garboard_\w+)"`)
	parts := regexp.MustCompile(`Namespace:\s+"garboard",\s+Name:\s+"(\w+)"`)
	names := map[string]bool{}
	for _, folder := range []string{"certs", "cmd", "internal", "resolver", "updater", "webhook"} {
		must(t, filepath.WalkDir(filepath.Join(root, folder), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			for _, match := range whole.FindAllStringSubmatch(string(text), -1) {
				names[match[1]] = true
			}
			for _, match := range described.FindAllStringSubmatch(string(text), -1) {
				names[match[1]] = true
			}
			for _, match := range parts.FindAllStringSubmatch(string(text), -1) {
				names["garboard_"+match[1]] = true
			}
			return err
		}))
	}
	return names
}

// The values of the labels that a dashboard filters by are on the page, and so
// are the fields of a line of the log.
func TestObservabilityPageHasEveryValue(t *testing.T) {
	page := flowing(t, "observability.md")
	for file, patterns := range map[string][]string{
		"webhook/outcome.go":    {`requestOutcome = "(\w+)"`, `return "(\w+)"`},
		"webhook/log.go":        {`json:"(\w+)`, `fields, "(\w+)"`, `"(\w+)", [a-z]\w*[.(]`},
		"webhook/observe.go":    {`hook\w+ += "(\w+)"`},
		"webhook/requestlog.go": {`^\s+"(\w+)", `},
		"webhook/spans.go":      {`attribute\.\w+\("(garboard\.[a-z.]+\.)?(?:[\w.]+)"`},
	} {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
		must(t, err)
		for _, pattern := range patterns {
			found := regexp.MustCompile(`(?m)`+pattern).FindAllStringSubmatch(string(text), -1)
			if len(found) == 0 {
				t.Errorf("%s: nothing like %s", file, pattern)
			}
			for _, match := range found {
				if !strings.Contains(page, "`"+match[1]) {
					t.Errorf("%s: the page does not tell of %s", file, match[1])
				}
			}
		}
	}
}
