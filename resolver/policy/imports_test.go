package policy

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// The decision stays pure: what the package may import, it may do.
func TestImportsAreTheStandardLibraryAndBlang(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("got %d files, error %v", len(files), err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range file.Imports {
			path, _ := strconv.Unquote(spec.Path.Value)
			switch {
			case path == "github.com/blang/semver/v4":
			case strings.Contains(path, "."), path == "os", path == "io", path == "time", path == "net", strings.HasPrefix(path, "net/"):
				t.Errorf("%s imports %s", name, path)
			}
		}
	}
}
