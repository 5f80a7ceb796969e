package docs_test

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

// Pages that lead through the code are worth nothing once it is built otherwise: each
// file that they name is there, and declares each name that follows it.
func TestPagesNameFilesAndFunctionsThatThereAre(t *testing.T) {
	files, names := map[string]map[string]bool{}, 0
	for _, page := range pages(t) {
		if !strings.HasPrefix(page, filepath.Join(root, "docs")) {
			continue
		}
		for _, named := range namesAfterFiles(flowing(t, page)) {
			if files[named.file] == nil {
				files[named.file] = declaredIn(t, page, named.file)
			}
			for _, name := range named.names {
				names++
				if !files[named.file][name] {
					t.Errorf("%s: %s declares no %s", page, named.file, name)
				}
			}
		}
	}
	if len(files) < 80 || names < 120 {
		t.Errorf("%d files and %d names were found on the pages, want more", len(files), names)
	}
}

// A step that nothing before it calls is not the next one that a debugger comes to.
func TestEachStepOfAWayIsReachedFromOneBefore(t *testing.T) {
	text, err := os.ReadFile("architecture.md")
	must(t, err)
	ways := strings.Split(string(text), "\n## Way ")[1:]
	if len(ways) != 3 {
		t.Fatalf("the page has %d ways, want 3", len(ways))
	}
	row := regexp.MustCompile(`(?m)^\| \d+ \| (.*?) \|`)
	for _, way := range ways {
		way, _, _ = strings.Cut(way, "\n## ")
		rows := row.FindAllStringSubmatch(way, -1)
		if len(rows) < 20 {
			t.Errorf("way %.1s has %d steps, want more", way, len(rows))
		}
		called := map[string]bool{"ServeHTTP": true, "Handle": true, "RoundTrip": true} // by libraries
		for i, cells := range rows {
			reached := i == 0
			for _, named := range namesAfterFiles(cells[1]) {
				for _, name := range named.names {
					_, method, found := strings.Cut(name, ".")
					if !found {
						method = name
					}
					reached = reached || called[method]
				}
				for name := range calledIn(t, named.file) {
					called[name] = true
				}
			}
			if !reached {
				t.Errorf("way %.1s: nothing before it calls step %d: %s", way, i+1, cells[1])
			}
		}
	}
}

// inFile are a file and the names that a page says it declares.
type inFile struct {
	file  string
	names []string
}

func namesAfterFiles(text string) []inFile {
	named := regexp.MustCompile("`([a-z0-9_/]+\\.go)`((?:,? `[A-Za-z.]+`)*)")
	quoted := regexp.MustCompile("`([A-Za-z.]+)`")
	var found []inFile
	for _, match := range named.FindAllStringSubmatch(text, -1) {
		one := inFile{file: match[1]}
		for _, name := range quoted.FindAllStringSubmatch(match[2], -1) {
			one.names = append(one.names, name[1])
		}
		found = append(found, one)
	}
	return found
}

// declaredIn are the functions, methods (Type.Method), types, constants and variables of a
// file.
func declaredIn(t *testing.T, page, path string) map[string]bool {
	t.Helper()
	declared := map[string]bool{}
	for _, declaration := range parsed(t, page, path).Decls {
		switch d := declaration.(type) {
		case *ast.FuncDecl:
			declared[receiverOf(d)+d.Name.Name] = true
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.TypeSpec:
					declared[s.Name.Name] = true
				case *ast.ValueSpec:
					for _, name := range s.Names {
						declared[name.Name] = true
					}
				}
			}
		}
	}
	return declared
}

// receiverOf is "Type." for a method, and empty for a function.
func receiverOf(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	of := f.Recv.List[0].Type
	if pointer, ok := of.(*ast.StarExpr); ok {
		of = pointer.X
	}
	if generic, ok := of.(*ast.IndexExpr); ok {
		of = generic.X
	}
	if name, ok := of.(*ast.Ident); ok {
		return name.Name + "."
	}
	return ""
}

// calledIn are the names that the bodies of a file's functions mention.
func calledIn(t *testing.T, path string) map[string]bool {
	t.Helper()
	called := map[string]bool{}
	for _, declaration := range parsed(t, "architecture.md", path).Decls {
		if f, ok := declaration.(*ast.FuncDecl); ok && f.Body != nil {
			ast.Inspect(f.Body, func(node ast.Node) bool {
				if name, ok := node.(*ast.Ident); ok {
					called[name.Name] = true
				}
				return true
			})
		}
	}
	return called
}

func parsed(t *testing.T, page, path string) *ast.File {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, filepath.FromSlash(path)), nil, parser.SkipObjectResolution)
	if err != nil {
		t.Errorf("%s names a file that cannot be read: %v", page, err)
		return &ast.File{}
	}
	return file
}

// A page that names the test which fails, and a test that is called otherwise by now,
// leave the reader alone with the mistake.
func TestAddingNamesTestsThatExist(t *testing.T) {
	text, err := os.ReadFile("adding.md")
	must(t, err)
	linked := regexp.MustCompile("\\[`(Test\\w+)`\\]\\(([^)#\\s]+)\\)").FindAllStringSubmatch(string(text), -1)
	if all := regexp.MustCompile(`\bTest[A-Z]\w+`).FindAllString(string(text), -1); len(all) != len(linked)+strings.Count(string(text), "-run Test") || len(linked) < 15 {
		t.Errorf("%d tests are named, and %d of them with a link to their folder", len(all), len(linked))
	}
	for _, match := range linked {
		if !testsIn(t, match[2]).functions[match[1]] {
			t.Errorf("there is no %s in %s", match[1], match[2])
		}
	}
}
