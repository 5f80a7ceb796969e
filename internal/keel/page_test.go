package keel

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/garboard-dev/garboard/resolver/registry/identity"
)

var update = flag.Bool("update", false, "rewrite the generated parts of docs/keel.md")

const page = "../../docs/keel.md"

// beyond are examples of reasons that none of Keel's recorded answers needs. What Keel
// answers to them is worked out by Rule.Answer.
var beyond = []row{
	{scheme: "bare numbers", rule: Rule{Policy: "all"}, current: "42", tags: []string{"42", "43"}},
	{scheme: "four parts", rule: Rule{Policy: "minor"}, current: "1.2.3.4", tags: []string{"1.2.3.4", "1.2.3.5"}},
	{scheme: "the running tag is gone", rule: Rule{Policy: `regexp:^\d+\.\d+\.\d+$`}, current: "1.3.0", tags: []string{"1.1.0", "1.2.0"}},
	{scheme: "a range", rule: Rule{Policy: "semver:>=1.0 <2"}, current: "1.2.0", tags: []string{"1.2.0", "1.3.0"}},
}

// generated replaces a part of the page between its markers, or fails where it is stale.
func generated(t *testing.T, name, want string) {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := "<!-- "+name+": written by a test -->\n", "<!-- end of "+name+" -->"
	before, rest, ok := strings.Cut(string(text), begin)
	got, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has no part %q", page, name)
	}
	if got == want {
		return
	}
	if !*update {
		t.Errorf("the part %q of %s is stale: run go test ./internal/keel -update\ngot:\n%s\nwant:\n%s", name, page, got, want)
		return
	}
	if err := os.WriteFile(page, []byte(before+begin+want+end+after), 0o600); err != nil {
		t.Fatal(err)
	}
}

// The page has every reason with the first row that it is the reason of, and how many
// rows there are.
func TestPageHasTheAnswers(t *testing.T) {
	example, count := map[Reason]string{}, map[Reason]int{}
	rows := answers(t)
	note := func(r row) {
		c, _ := r.ours()
		reason, _ := c.Reason()
		if example[reason] == "" {
			pre := ""
			if r.rule.AnyPreRelease {
				pre = `, matchPreRelease "false"`
			}
			example[reason] = fmt.Sprintf("%s%s from %s of %s | %s | %s", code(r.rule.Policy), pre, code(r.current), code(r.tags...), shownAnswer(r.current, c.Keels), shownAnswer(r.current, c.Ours))
		}
	}
	for _, r := range rows {
		c, _ := r.ours()
		reason, _ := c.Reason()
		count[reason]++
		note(r)
	}
	for _, r := range beyond {
		r.answer = r.rule.Answer(r.current, r.tags)
		note(r)
	}
	var text strings.Builder
	fmt.Fprintf(&text, "Of %d answers of Keel, Garboard gives %d alike. The others:\n\n", len(rows), count[Alike])
	text.WriteString("| reason | rows | | example | Keel | Garboard |\n|---|---|---|---|---|---|\n")
	for _, reason := range Reasons() {
		if example[reason] == "" {
			t.Errorf("%s: no row is an example of it", reason)
		}
		rows := "none of them"
		if count[reason] > 0 {
			rows = fmt.Sprint(count[reason])
		}
		fmt.Fprintf(&text, "| %s | %s | %s | %s |\n", code(string(reason)), rows, reason.Text(), example[reason])
	}
	generated(t, "answers", text.String())
}

func shownAnswer(current, tag string) string {
	if tag == current {
		return "stays"
	}
	return code(tag)
}

// code writes names as a page does.
func code(names ...string) string { return "`" + strings.Join(names, "` `") + "`" }

// The page has each variable and value, with what becomes of it.
func TestPageHasVariablesAndValues(t *testing.T) {
	var variables, values strings.Builder
	variables.WriteString("| variable | | |\n|---|---|---|\n")
	for _, v := range Variables() {
		fmt.Fprintf(&variables, "| %s | %s | %s |\n", code(v.Name), v.Fate, v.Why)
	}
	values.WriteString("| value | | |\n|---|---|---|\n")
	for _, v := range Values() {
		fmt.Fprintf(&values, "| %s | %s | %s |\n", code(v.Path), v.Fate, v.Why)
	}
	generated(t, "variables", variables.String())
	generated(t, "values", values.String())
}

// What the page says of an option is what the option takes.
func TestNamedCloudsAreKnown(t *testing.T) {
	named := regexp.MustCompile("--cloud-identities=([a-z,]+)")
	found := false
	for _, v := range Variables() {
		for _, match := range named.FindAllStringSubmatch(v.Why, -1) {
			found = true
			if err := new(identity.Providers).Set(match[1]); err != nil {
				t.Errorf("%s: %s: %v", v.Name, match[0], err)
			}
		}
	}
	if !found {
		t.Error("no variable names a cloud")
	}
}
