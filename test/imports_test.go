// Package test holds what is about the whole of the program.
package test

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/garboard-dev/garboard"

// pkg is what `go list -json` tells; imports of tests are not among it.
type pkg struct {
	ImportPath string
	Standard   bool
	Imports    []string
	Deps       []string
}

// packages lists our own packages, and all that they depend on by path.
func packages(t *testing.T) (own []pkg, all map[string]pkg) {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-e", "-deps", "-json=ImportPath,Standard,Imports,Deps",
		"./api/...", "./certs/...", "./cmd/...", "./internal/...", "./resolver/...", "./updater/...", "./webhook/...")
	list.Dir = ".."
	var complaints bytes.Buffer
	list.Stderr = &complaints
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, complaints.String())
	}
	all = map[string]pkg{}
	decoder := json.NewDecoder(bytes.NewReader(out))
	for {
		var p pkg
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("decoding what go list says: %v", err)
		}
		all[p.ImportPath] = p
		if in(p.ImportPath, "") {
			own = append(own, p)
		}
	}
	return own, all
}

// in reports whether a package is a directory of ours, or lies below it.
func in(path, directory string) bool {
	root := module
	if directory != "" {
		root += "/" + directory
	}
	return path == root || strings.HasPrefix(path, root+"/")
}

func TestImportsRunOneWay(t *testing.T) {
	own, _ := packages(t)
	for _, p := range own {
		for _, dependency := range p.Deps {
			if fault := against(p.ImportPath, dependency); fault != "" {
				t.Errorf("%s depends on %s: %s", p.ImportPath, dependency, fault)
			}
		}
		for _, imported := range p.Imports {
			if strings.HasPrefix(imported, "github.com/google/go-containerregistry") && !in(p.ImportPath, "resolver/registry") {
				t.Errorf("%s imports %s: the registry client lives in resolver/registry alone", p.ImportPath, imported)
			}
		}
	}
}

// against says which rule a dependency breaks, however many packages lie in
// between.
func against(path, dependency string) string {
	kubernetes := strings.HasPrefix(dependency, "k8s.io/") || strings.HasPrefix(dependency, "sigs.k8s.io/")
	switch {
	case in(path, "resolver") && kubernetes:
		return "the resolver knows no Kubernetes"
	case leaf(path) && in(dependency, ""):
		return "spelling, printable and metrics are leaves, which all may use"
	case in(path, "internal/configfile") && in(dependency, "") && !in(dependency, "internal/configfile") && !leaf(dependency):
		return "settings files are read the same everywhere, so their reader knows nobody"
	case in(path, "resolver") && in(dependency, "") && !in(dependency, "resolver") && !leaf(dependency) && !in(dependency, "internal/configfile"):
		return "imports run towards the resolver, not from it"
	case in(path, "resolver/registry") && in(dependency, "resolver/policy"),
		in(path, "resolver/policy") && in(dependency, "") && !in(dependency, "resolver/policy"):
		return "policy and registry know nothing of each other"
	case in(path, "webhook") && in(dependency, "updater"), in(path, "updater") && in(dependency, "webhook"):
		return "the front doors share the resolver and nothing else"
	case in(path, "api") && in(dependency, "") && !in(dependency, "api"):
		return "the types of the API are read by programs of others, too"
	case in(path, "internal/voting") && in(dependency, "") && !in(dependency, "api") && !in(dependency, "internal/voting"):
		return "votes are counted the same everywhere, so counting knows no caller"
	case in(path, "cmd") && strings.HasPrefix(dependency, "github.com/cert-manager/"):
		return "cert-manager's kinds, which no command needs, take half a megabyte of the program"
	case !in(path, "cmd") && in(dependency, "cmd"):
		return "cmd wires the others together"
	}
	return ""
}

// leaf reports whether a package needs no other of ours.
func leaf(path string) bool {
	return in(path, "internal/spelling") || in(path, "internal/printable") || in(path, "internal/metrics")
}

// input and output of the standard library, packages below them included.
var effects = []string{"net", "os", "io/fs", "io/ioutil", "syscall", "internal/poll", "database/sql", "plugin", "time/tzdata"} //nolint:gochecknoglobals // a table

func TestPolicyIsPure(t *testing.T) {
	const versions = "github.com/blang/semver/v4"
	_, all := packages(t)
	policy, ok := all[module+"/resolver/policy"]
	if !ok {
		t.Fatal("resolver/policy was not found")
	}
	for _, imported := range policy.Imports {
		if imported != versions && !all[imported].Standard {
			t.Errorf("policy imports %s", imported)
		}
		if effect(imported) || imported == "time" {
			t.Errorf("policy imports %s: it does no I/O and has no clock", imported)
		}
	}
	// blang/semver brings fmt, and with it os: that much and no more.
	for _, dependency := range policy.Deps {
		if effect(dependency) && !slices.Contains(all[versions].Deps, dependency) {
			t.Errorf("policy depends on %s, which %s does not need", dependency, versions)
		}
	}
}

func effect(path string) bool {
	return slices.ContainsFunc(effects, func(e string) bool { return path == e || strings.HasPrefix(path, e+"/") })
}

// Annotation and label keys have one place, where either prefix is read and
// unknown ones are found.
func TestKeysAreSpelledInOnePlace(t *testing.T) {
	for _, directory := range []string{"certs", "cmd", "resolver", "updater", "webhook"} {
		err := filepath.WalkDir(filepath.Join("..", directory), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			for _, literal := range keyLiterals(t, path) {
				t.Errorf("%s spells the key %s: that is internal/workload's to do", path, literal)
			}
			return nil
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
}

func keyLiterals(t *testing.T, path string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	ast.Inspect(file, func(node ast.Node) bool {
		if literal, ok := node.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			text, err := strconv.Unquote(literal.Value)
			// An API group and its version is no key.
			text = strings.ReplaceAll(text, "garboard.dev/v1alpha1", "")
			if err == nil && (strings.Contains(text, "garboard.dev/") || strings.Contains(text, "keel.sh/")) {
				found = append(found, literal.Value)
			}
		}
		return true
	})
	return found
}
