package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Without it, a newcomer looks in vain for the folder of a package, or for a folder
// that has moved.
func TestContributingNamesEveryPackage(t *testing.T) {
	named := foldersOfLayout(t)
	for folder := range named {
		if info, err := os.Stat(filepath.Join(root, folder)); err != nil || !info.IsDir() {
			t.Errorf("the table names %s/, which is no folder", folder)
		}
	}
	for _, folder := range packages(t) {
		if !named[folder] {
			t.Errorf("no row of the table names %s/", folder)
		}
	}
}

// foldersOfLayout are those that the table of CONTRIBUTING.md names: by a row, and in its
// text from the row's folder on.
func foldersOfLayout(t *testing.T) map[string]bool {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "CONTRIBUTING.md"))
	must(t, err)
	_, layout, _ := strings.Cut(string(text), "## Layout")
	layout, _, _ = strings.Cut(layout, "\n## ")
	row := regexp.MustCompile("(?m)^\\| `([a-z0-9/]+)/` \\| (.*) \\|$")
	inside := regexp.MustCompile("`([a-z0-9/]+)/`")
	named := map[string]bool{}
	for _, match := range row.FindAllStringSubmatch(layout, -1) {
		named[match[1]] = true
		for _, below := range inside.FindAllStringSubmatch(match[2], -1) {
			named[match[1]+"/"+below[1]] = true
		}
	}
	if len(named) == 0 {
		t.Fatal("the page has no table of folders")
	}
	return named
}

// packages are the folders with Go files, and those of the modules within this one.
func packages(t *testing.T) []string {
	t.Helper()
	var found []string
	must(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case !entry.IsDir():
			return nil
		case path != root && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata"), entry.Name() == "bin":
			return filepath.SkipDir
		}
		folder, _ := filepath.Rel(root, path)
		if _, err := os.Stat(filepath.Join(path, "go.mod")); err == nil && path != root {
			found = append(found, filepath.ToSlash(folder))
			return filepath.SkipDir
		}
		files, err := filepath.Glob(filepath.Join(path, "*.go"))
		if len(files) > 0 && !strings.HasPrefix(folder, "findings") {
			found = append(found, filepath.ToSlash(folder))
		}
		return err
	}))
	return found
}
