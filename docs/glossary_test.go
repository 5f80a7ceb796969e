package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Each metric, key, flag and file of the glossary is in the code as it is written
// there.
func TestGlossaryNamesWhatThereIs(t *testing.T) {
	page := flowing(t, "glossary.md")
	var code strings.Builder
	must(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == ".git" || entry.Name() == "test" || entry.Name() == "docs"):
			return filepath.SkipDir
		case filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(path)
		code.WriteString(strings.TrimPrefix(path, root+"/") + "\n")
		code.Write(text)
		return err
	}))
	names := regexp.MustCompile("`(garboard_[a-z_]+|--[a-z-]+|[a-z/]+\\.go)`").FindAllStringSubmatch(page, -1)
	for _, name := range names {
		if !strings.Contains(code.String(), strings.TrimPrefix(name[1], "--")) {
			t.Errorf("%s is not in the code", name[1])
		}
	}
	types := regexp.MustCompile("`[a-z]+\\.([A-Z][A-Za-z]+)`").FindAllStringSubmatch(page, -1)
	for _, name := range types {
		if !strings.Contains(code.String(), "type "+name[1]+" ") && !strings.Contains(code.String(), name[1]+" = ") {
			t.Errorf("%s is not in the code", name[0])
		}
	}
	if len(names) < 10 || len(types) < 10 {
		t.Errorf("%d names and %d types were found on the page, want more", len(names), len(types))
	}
}
