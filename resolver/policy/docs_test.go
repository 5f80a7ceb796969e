package policy

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the generated tables of docs/policies.md")

const page = "../../docs/policies.md"

// The tables of the documentation are the rows that the tests run.
func TestDocs(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	want := string(text)
	want = generated(t, want, "truth table", truthTable(truths(t)))
	want = generated(t, want, "ranges", rangeTable(rangeRows(t)))
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("%s is not what the tests run; run go test ./resolver/policy -run TestDocs -update: (-want +got)\n%s", page, diff)
	}
}

// generated puts the text between the markers of that name.
func generated(t *testing.T, page, name, text string) string {
	t.Helper()
	begin, end := "<!-- begin "+name+" -->\n", "<!-- end "+name+" -->\n"
	before, rest, found := strings.Cut(page, begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("no markers for the %s", name)
	}
	return before + begin + text + end + after
}

func truthTable(rows []truth) string {
	var out strings.Builder
	section := ""
	for _, row := range rows {
		if row.section != section {
			section = row.section
			fmt.Fprintf(&out, "\n### %s\n\n| policy | current | tags | answer | why |\n|---|---|---|---|---|\n", section)
		}
		name := code(row.spec.Name)
		for _, option := range row.options {
			name += "<br>" + code(option)
		}
		why := row.want.Reason.Text()
		if row.note != "" {
			why += ": " + row.note
		}
		answer := code(row.want.Tag)
		if row.want.Moved(row.current) {
			answer = "**" + answer + "**"
		}
		fmt.Fprintf(&out, "| %s | %s | %s | %s | %s |\n",
			name, code(row.current), codes(row.tags), answer, escape(why))
	}
	return out.String() + "\n"
}

func rangeTable(rows []rangeRow) string {
	var out strings.Builder
	out.WriteString("\n| range | in it | not in it | |\n|---|---|---|---|\n")
	for _, row := range rows {
		if row.refused == "" {
			name := code(row.text)
			if row.preReleases {
				name += "<br>" + code("matchPreRelease=false")
			}
			fmt.Fprintf(&out, "| %s | %s | %s | %s |\n", name, codes(row.in), codes(row.out), escape(row.note))
		}
	}
	out.WriteString("\nRefused, because it could be read in two ways or can match nothing:\n\n| range | fault | |\n|---|---|---|\n")
	for _, row := range rows {
		if row.refused != "" {
			fmt.Fprintf(&out, "| %s | %s | %s |\n", code(row.text), escape(row.refused), escape(row.note))
		}
	}
	return out.String() + "\n"
}

// code writes a value as Markdown reads it inside a table.
func code(text string) string {
	if text == "" {
		return "none"
	}
	return "`" + escape(text) + "`"
}

func codes(texts []string) string {
	quoted := slices.Clone(texts)
	for i := range quoted {
		quoted[i] = code(quoted[i])
	}
	return strings.Join(quoted, " ")
}

func escape(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
