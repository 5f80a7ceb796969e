package policy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// truth is one row of testdata/truth.txt. The same rows make the table of
// docs/policies.md.
type truth struct {
	section string
	spec    Spec
	options []string
	current string
	tags    []string
	want    Selection
	note    string
}

func TestTruthTable(t *testing.T) {
	for _, row := range truths(t) {
		t.Run(row.spec.Name+" from "+row.current, func(t *testing.T) {
			p := parsed(t, row.spec)
			if diff := cmp.Diff(row.want, p.Select(NewIndex(row.tags), row.current)); diff != "" {
				t.Errorf("Select(%q) of %q: (-want +got)\n%s", row.current, row.tags, diff)
			}
			if text := row.want.Reason.Text(); text == string(row.want.Reason) {
				t.Errorf("reason %q has no text", row.want.Reason)
			}
		})
	}
}

func parsed(t testing.TB, spec Spec) *Policy {
	t.Helper()
	p, err := Parse(spec)
	if err != nil {
		t.Fatalf("parsing %+v: %v", spec, err)
	}
	return p
}

// blocks reads a file of testdata: blocks of "key value" lines, set apart by
// empty lines, under "== heading ==" lines. A key may stand repeatedly.
func blocks(t testing.TB, name string) []map[string][]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string][]string
	section := ""
	for block := range strings.SplitSeq(string(text), "\n\n") {
		lines := strings.Split(strings.TrimSpace(block), "\n")
		if heading, ok := strings.CutPrefix(lines[0], "== "); ok {
			section = strings.TrimSuffix(heading, " ==")
			continue
		}
		row := map[string][]string{"section": {section}}
		for _, line := range lines {
			key, value, _ := strings.Cut(line, " ")
			row[key] = append(row[key], value)
		}
		out = append(out, row)
	}
	return out
}

func only(row map[string][]string, key string) string {
	return strings.Join(row[key], " ")
}

func truths(t testing.TB) []truth {
	t.Helper()
	var out []truth
	for _, row := range blocks(t, "truth.txt") {
		tr := truth{
			section: only(row, "section"), options: row["set"], note: only(row, "note"),
			current: tag(only(row, "current")), tags: strings.Fields(only(row, "tags")),
		}
		tr.spec.Name = only(row, "policy")
		for _, option := range tr.options {
			set(t, &tr.spec, option)
		}
		want, reason, ok := strings.Cut(only(row, "want"), " ")
		if !ok {
			t.Fatalf("row %v: want a tag and a reason", row)
		}
		tr.want = Selection{Tag: tag(want), Reason: Reason(reason)}
		out = append(out, tr)
	}
	return out
}

func tag(text string) string {
	if text == "none" {
		return ""
	}
	return text
}

func set(t testing.TB, spec *Spec, option string) {
	t.Helper()
	name, value, _ := strings.Cut(option, "=")
	yes := value == "true"
	switch name {
	case "matchTag":
		spec.MatchTag = &yes
	case "matchPreRelease":
		spec.MatchPreRelease = &yes
	case "filter":
		spec.Filter = value
	case "extract":
		spec.Extract = value
	case "exclude":
		spec.Exclude = strings.Split(value, ",")
	case "variant":
		spec.Variant = strings.Split(value, ",")
	default:
		t.Fatalf("unknown option %q", option)
	}
}
