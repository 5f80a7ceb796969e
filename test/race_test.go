package test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The Makefile leaves the race detector out where it finds nothing: a package that starts a
// goroutine needs it.
func TestPackagesWithoutRaceDetectorStartNoGoroutine(t *testing.T) {
	folders := withoutRaceDetector(t)
	for _, folder := range folders {
		files, err := filepath.Glob(filepath.Join("..", folder, "*.go"))
		if err != nil || len(files) == 0 {
			t.Errorf("%s: the Makefile names it, and it has no Go files (%v)", folder, err)
		}
		for _, path := range files {
			for _, at := range goroutines(t, path) {
				t.Errorf("%s starts a goroutine, and the race detector is left out there: take %s from SINGLE in the Makefile, or put Concurrent into the test's name", at, folder)
			}
		}
	}
}

// withoutRaceDetector is the Makefile's list.
func withoutRaceDetector(t *testing.T) []string {
	t.Helper()
	makefile, err := os.ReadFile("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	list := regexp.MustCompile(`(?m)^SINGLE := ((?:.*\\\n)*.*)$`).FindSubmatch(makefile)
	if list == nil {
		t.Fatal("the Makefile has no SINGLE")
	}
	return strings.Fields(strings.ReplaceAll(string(list[1]), "\\\n", " "))
}

// goroutines are the places in a file that start some, by a go statement or a method Go, but
// for tests that are named after it.
func goroutines(t *testing.T, path string) []string {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, declared := range file.Decls {
		if function, ok := declared.(*ast.FuncDecl); ok && strings.HasPrefix(function.Name.Name, "Test") && strings.Contains(function.Name.Name, "Concurrent") {
			continue
		}
		ast.Inspect(declared, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				found = append(found, files.Position(n.Pos()).String())
			case *ast.CallExpr:
				if called, ok := n.Fun.(*ast.SelectorExpr); ok && called.Sel.Name == "Go" {
					found = append(found, files.Position(n.Pos()).String())
				}
			}
			return true
		})
	}
	return found
}
