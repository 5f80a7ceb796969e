// Package docs_test checks what is written for people: every link inside the
// repository leads somewhere.
package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const root = ".."

func TestLinksLeadSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	for _, page := range pages(t) {
		for _, match := range link.FindAllStringSubmatch(prose(t, page), -1) {
			target, anchor, _ := strings.Cut(match[1], "#")
			if strings.Contains(target, ":") {
				continue // Elsewhere; a test needs no network.
			}
			file := page
			if target != "" {
				file = filepath.Join(filepath.Dir(page), filepath.FromSlash(target))
			}
			if _, err := os.Stat(file); err != nil {
				t.Errorf("%s: link to %q: %v", page, match[1], err)
				continue
			}
			if anchor != "" && strings.HasSuffix(file, ".md") && !anchors(t, file)[anchor] {
				t.Errorf("%s: link to %q: no such heading", page, match[1])
			}
		}
	}
}

// A page that the README does not list is found by those alone who know of it.
func TestReadmeListsEveryPage(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	must(t, err)
	_, list, _ := strings.Cut(string(readme), "## Documentation")
	found, err := filepath.Glob("*.md")
	must(t, err)
	if len(found) == 0 {
		t.Fatal("there are no pages")
	}
	for _, page := range found {
		if !strings.Contains(list, "(docs/"+page) {
			t.Errorf("the README does not list docs/%s", page)
		}
	}
}

func pages(t *testing.T) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && entry.Name() == ".git" {
			return fs.SkipDir
		}
		if strings.HasSuffix(path, ".md") {
			found = append(found, path)
		}
		return nil
	})
	if err != nil || len(found) == 0 {
		t.Fatalf("looking for pages: got %d, error %v", len(found), err)
	}
	return found
}

// prose is a page without its code, where brackets mean something else.
func prose(t *testing.T, page string) string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	code := regexp.MustCompile("`[^`\n]*`")
	return code.ReplaceAllString(withoutBlocks(string(text)), "")
}

// anchors are the names that GitHub gives a page's headings: lower case, spaces
// as hyphens, punctuation left out.
func anchors(t *testing.T, page string) map[string]bool {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	heading := regexp.MustCompile(`(?m)^#+ +(.+?)\s*$`)
	dropped := regexp.MustCompile(`[^\p{L}\p{N}\s_-]`)
	found := map[string]bool{}
	for _, match := range heading.FindAllStringSubmatch(withoutBlocks(string(text)), -1) {
		name := dropped.ReplaceAllString(strings.ToLower(match[1]), "")
		found[strings.ReplaceAll(name, " ", "-")] = true
	}
	return found
}

// withoutBlocks drops fenced code, line by line.
func withoutBlocks(text string) string {
	var kept []string
	inside := false
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			inside = !inside
			continue
		}
		if !inside {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}
