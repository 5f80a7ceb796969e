package settings

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/internal/workload"
)

// TestDocumentedKeys holds the tables of docs/annotations.md together with
// the keys that are read.
func TestDocumentedKeys(t *testing.T) {
	text, err := os.ReadFile("../../../docs/annotations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(text), "\n## Keys\n")
	section, _, end := strings.Cut(section, "\n## ")
	settings, labels, both := strings.Cut(section, "On the namespace, as labels:")
	labels, coming, all := strings.Cut(labels, "These keys belong to coming versions")
	if !ok || !end || !both || !all {
		t.Fatal("docs/annotations.md has not the sections that are looked for")
	}
	tests := map[string]struct{ want, got []string }{
		"settings":          {slices.Concat(slices.Collect(maps.Keys(checks)), []string{"policy.<container>"}), firstColumn(settings)},
		"labels":            {[]string{workload.LabelEnabled, workload.LabelValidate}, firstColumn(labels)},
		"settings to come":  {slices.Collect(maps.Keys(later)), quoted(coming)},
		"Keel's older keys": {slices.Collect(maps.Keys(legacy)), mentioned(string(text), legacy)},
		"keys of programs":  {slices.Collect(maps.Keys(written)), mentioned(string(text), written)},
		"built and to come": {nil, inBoth(checks, later)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			slices.Sort(test.want)
			slices.Sort(test.got)
			if diff := cmp.Diff(test.want, test.got); diff != "" {
				t.Errorf("keys (-code +docs):\n%s", diff)
			}
		})
	}
}

var inBackticks = regexp.MustCompile("`([^`]+)`")

func quoted(text string) []string {
	var found []string
	for _, match := range inBackticks.FindAllStringSubmatch(text, -1) {
		found = append(found, match[1])
	}
	return found
}

// firstColumn returns what is quoted in the first column of a table.
func firstColumn(table string) []string {
	var found []string
	for row := range strings.SplitSeq(table, "\n") {
		if cells := strings.Split(row, "|"); len(cells) > 2 {
			found = append(found, quoted(cells[1])...)
		}
	}
	return found
}

// mentioned returns the keys that a text quotes.
func mentioned(text string, keys map[string]bool) []string {
	var found []string
	for key := range keys {
		if strings.Contains(text, "`"+key+"`") {
			found = append(found, key)
		}
	}
	return found
}

func inBoth[A, B any](a map[string]A, b map[string]B) []string {
	var found []string
	for key := range a {
		if _, ok := b[key]; ok {
			found = append(found, key)
		}
	}
	return found
}
