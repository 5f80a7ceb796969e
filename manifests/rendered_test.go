package manifests_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// pagePrefix begins the names of files that come out of a page of the docs.
const pagePrefix = "page-"

// allManifests are files with all that can be rendered, by kustomize and by the chart, with
// the examples, and with the objects that the pages show.
func allManifests(t *testing.T) []string {
	t.Helper()
	dir := t.TempDir()
	files, err := filepath.Glob("../examples/*.yaml")
	must(t, err)
	files = append(files, installFile)
	add := func(name, text string) {
		file := filepath.Join(dir, strings.ReplaceAll(name, "/", "-")+".yaml")
		must(t, os.WriteFile(file, []byte(text), 0o600))
		files = append(files, file)
	}
	for _, kustomization := range kustomizations(t) {
		add(kustomization, kustomize(t, kustomization))
	}
	for name, values := range renderings() {
		add("chart-"+name, template(t, values))
	}
	add("chart-namespaced", template(t, namespacedValues, "--namespace=images"))
	for name, text := range shownObjects(t) {
		add(pagePrefix+name, text)
	}
	return files
}

// kustomizations are the folders that render by themselves.
func kustomizations(t *testing.T) []string {
	t.Helper()
	var found []string
	for _, pattern := range []string{"base", "overlays/*", "testdata/*"} {
		files, err := filepath.Glob(filepath.Join(pattern, "kustomization.yaml"))
		must(t, err)
		for _, file := range files {
			found = append(found, filepath.Dir(file))
		}
	}
	return found
}

// renderings are the values that the chart is tested with.
func renderings() map[string]string {
	all := maps.Clone(combinations())
	all["extras"], all["everything"], all["ports"] = extraValues, everythingValues, portsValues
	return all
}

var (
	fence      = regexp.MustCompile("(?ms)^( *)```ya?ml\n(.*?\n) *```")
	wholeField = regexp.MustCompile(`(?m)^(apiVersion|kind):`)
)

// shownObjects are the objects of the README and of the pages, by page and line.
func shownObjects(t *testing.T) map[string]string {
	t.Helper()
	pages := []string{"../README.md", chartReadme}
	must(t, filepath.WalkDir("../docs", func(path string, _ os.DirEntry, err error) error {
		if filepath.Ext(path) == ".md" {
			pages = append(pages, path)
		}
		return err
	}))
	found := map[string]string{}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		must(t, err)
		for _, at := range fence.FindAllSubmatchIndex(text, -1) {
			indent, block := string(text[at[2]:at[3]]), string(text[at[4]:at[5]])
			block = strings.TrimPrefix(strings.ReplaceAll("\n"+block, "\n"+indent, "\n"), "\n")
			if len(wholeField.FindAllString(block, -1)) < 2 {
				continue // a part of an object
			}
			line := 1 + strings.Count(string(text[:at[0]]), "\n")
			found[fmt.Sprintf("%s-%d", strings.TrimPrefix(page, "../"), line)] = block
		}
	}
	if len(found) < 20 {
		t.Errorf("the pages show %d objects: some are not found", len(found))
	}
	return found
}
