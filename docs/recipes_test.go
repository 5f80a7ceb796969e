package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/resolver/policy"
)

// recipe is a row of docs/recipes.md, with the settings that stand above it.
type recipe struct {
	section, from, to string
	settings          map[string]any
	tags              []string
}

var (
	recipeSetting = regexp.MustCompile(`^(garboard\.dev/[A-Za-z.]+): (.+)$`)
	recipeRow     = regexp.MustCompile("^\\| `([^`]+)` \\| (.+) \\| `([^`]+)` \\|$")
)

func TestRecipes(t *testing.T) {
	rows := readRecipes(t)
	sections := map[string]bool{}
	for _, row := range rows {
		sections[row.section] = true
		t.Run(row.section+" from "+row.from, func(t *testing.T) {
			object, ok := workload.StandardKinds().FromMap(map[string]any{
				"apiVersion": "v1", "kind": "Pod",
				"metadata": map[string]any{"name": "a", "annotations": row.settings},
				"spec":     map[string]any{"containers": []any{map[string]any{"name": "web", "image": "example.com/web:" + row.from}}},
			})
			if !ok {
				t.Fatal("a Pod is not governed")
			}
			settings := settings.ReadSettings(object, workload.Namespace{Name: "shop"})
			for _, fault := range settings.Faults {
				t.Error(fault.Error())
			}
			rule := settings.Rule(object.Slots()[0])
			if !rule.Governed() {
				t.Fatal("the container is not governed")
			}
			if got := rule.Policy.Select(policy.NewIndex(row.tags), row.from).Tag; got != row.to {
				t.Errorf("goes to %q, want %q", got, row.to)
			}
			if again := rule.Policy.Select(policy.NewIndex(row.tags), row.to); again.Moved(row.to) {
				t.Errorf("goes on from %q to %q", row.to, again.Tag)
			}
		})
	}
	if len(sections) < 20 {
		t.Errorf("%d recipes have rows, want 20", len(sections))
	}
}

func readRecipes(t *testing.T) []recipe {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(root, "docs", "recipes.md"))
	if err != nil {
		t.Fatal(err)
	}
	var rows []recipe
	var section string
	var settings map[string]any
	for line := range strings.Lines(string(page)) {
		line = strings.TrimSpace(line)
		if title, ok := strings.CutPrefix(line, "## "); ok {
			section = title
		}
		if line == "```yaml" {
			settings = map[string]any{}
		}
		if setting := recipeSetting.FindStringSubmatch(line); setting != nil {
			settings[setting[1]] = setting[2]
		}
		if row := recipeRow.FindStringSubmatch(line); row != nil {
			tags := strings.Fields(strings.ReplaceAll(row[2], "`", ""))
			rows = append(rows, recipe{section: section, from: row[1], to: row[3], settings: settings, tags: tags})
		} else if strings.HasPrefix(line, "| `") {
			t.Errorf("not a row: %s", line)
		}
	}
	return rows
}
