package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const admissionPage = "admission.md"

// A page that says which test holds a statement is worth nothing once the tests
// are called otherwise. Each that is named leads to its folder, and is there; of a
// subtest the case is.
func TestAdmissionPageNamesTestsThatExist(t *testing.T) {
	text, err := os.ReadFile(admissionPage)
	must(t, err)
	linked := regexp.MustCompile("\\[`((?:Test|Fuzz|Benchmark)\\w+)(/[^`]+)?`\\]\\(([^)#\\s]+)\\)")
	named := regexp.MustCompile(`\b(?:Test|Fuzz|Benchmark)[A-Z]\w*`)
	if rest := named.FindAllString(linked.ReplaceAllString(string(text), ""), -1); len(rest) > 0 {
		t.Errorf("these are named without a link to their folder: %q", rest)
	}
	found := linked.FindAllStringSubmatch(string(text), -1)
	if len(found) < 100 {
		t.Errorf("no more than %d tests are named", len(found))
	}
	folders := map[string]sources{}
	for _, match := range found {
		name, one, folder := match[1], strings.TrimPrefix(match[2], "/"), match[3]
		if _, ok := folders[folder]; !ok {
			folders[folder] = testsIn(t, folder)
		}
		if !folders[folder].functions[name] {
			t.Errorf("there is no %s in %s", name, folder)
		}
		if one != "" && !folders[folder].texts[one] {
			t.Errorf("%s has no case %q in %s", name, one, folder)
		}
	}
}

// sources are the tests of a folder: its functions, and all texts as the names of
// subtests spell them.
type sources struct{ functions, texts map[string]bool }

func testsIn(t *testing.T, folder string) sources {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(filepath.FromSlash(folder), "*_test.go"))
	must(t, err)
	found := sources{map[string]bool{}, map[string]bool{}}
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		must(t, err)
		for _, declaration := range file.Decls {
			if function, ok := declaration.(*ast.FuncDecl); ok && function.Recv == nil {
				found.functions[function.Name.Name] = true
			}
		}
		ast.Inspect(file, func(node ast.Node) bool {
			if literal, ok := node.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				text, err := strconv.Unquote(literal.Value)
				must(t, err)
				found.texts[strings.ReplaceAll(text, " ", "_")] = true
			}
			return true
		})
	}
	return found
}
