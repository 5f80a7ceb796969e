package cluster

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What differs in one flag is compiled again: the whole of Kubernetes' libraries.
func TestMakefileCompilesWithTheSameFlags(t *testing.T) {
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	want := "export GOFLAGS := $(strip $(GOFLAGS) " + strings.Join(compilerFlags(), " ") + ")"
	if !slices.Contains(strings.Split(string(makefile), "\n"), want) {
		t.Errorf("the Makefile has no line %q", want)
	}
}

// So is what differs in the version of a module that it stands on.
func TestModulesOfOneVersionAreCompiledOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("needs the control plane's modules")
	}
	source, err := findSource()
	if err != nil {
		t.Fatal(err)
	}
	ours := moduleVersions(t, filepath.Join(source, "..", "..", ".."), "./cmd/garboard", "./test/demo")
	for module, version := range moduleVersions(t, source, "./cmd/...", helmPackage) {
		if our, ok := ours[module]; ok && our != version {
			t.Errorf("%s is %s in go.mod and %s in test/cluster/controlplane/go.mod", module, our, version)
		}
	}
}

// moduleVersions are those of the modules that the packages are made of.
func moduleVersions(t *testing.T, dir string, packages ...string) map[string]string {
	t.Helper()
	const format = `{{with .Module}}{{.Path}} {{with .Replace}}{{.Version}}{{else}}{{.Version}}{{end}}{{end}}`
	out, err := goList(t.Context(), dir, append([]string{"-deps", "-f", format}, packages...)...)
	if err != nil {
		t.Fatal(err)
	}
	versions := map[string]string{}
	for line := range strings.Lines(out) {
		if module, version, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			versions[module] = version
		}
	}
	if len(versions) < 20 {
		t.Fatalf("only %d modules in %q: %v", len(versions), dir, versions)
	}
	return versions
}
