package keel

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/garboard-dev/garboard/resolver/policy"
)

// row is what Keel's own policy code answers.
type row struct {
	scheme  string
	rule    Rule
	current string
	tags    []string
	answer  string
}

func answers(t *testing.T) []row {
	t.Helper()
	text, err := os.ReadFile("testdata/answers.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var rows []row
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(fields) != 6 {
			t.Fatalf("line %q has %d fields", line, len(fields))
		}
		r := row{fields[0], Rule{Policy: fields[1], AnyPreRelease: fields[2] == "false"}, fields[3], strings.Fields(fields[4]), fields[5]}
		if r.answer == "=" {
			r.answer = r.current
		}
		rows = append(rows, r)
	}
	return rows
}

// ours is the answer of Garboard's policy. Keel's force takes the highest version; here
// all other tags were built at one time, after the current one.
func (r row) ours() (c Choice, governed bool) {
	matchTag, must := false, !r.rule.AnyPreRelease
	c = Choice{Tags: policy.NewIndex(r.tags), Current: r.current, Ours: r.current, Keels: r.answer, Keel: r.rule}
	p, err := policy.Parse(policy.Spec{Name: r.rule.Policy, MatchTag: &matchTag, MatchPreRelease: &must})
	if err != nil {
		return c, false // a bad policy governs nothing
	}
	c.Policy = p
	if !p.ByDate(r.current) {
		selected := p.Select(c.Tags, r.current)
		c.Ours, c.Why = selected.Tag, selected.Reason
	} else if tags := p.Prefer(p.Candidates(c.Tags, r.current, nil), r.current); len(tags) > 0 {
		c.Ours, c.Why = tags[0], policy.BuiltLater
	}
	return c, true
}

// The plan of a migration says what Keel does next: it has to be what Keel does.
func TestAnswersAreKeels(t *testing.T) {
	for _, r := range answers(t) {
		if got := r.rule.Answer(r.current, r.tags); got != r.answer {
			t.Errorf("%s: %+v from %q of %q: got %q, Keel has %q", r.scheme, r.rule, r.current, r.tags, got, r.answer)
		}
	}
}

// A row in which the answers differ needs a reason that docs/keel.md names; where there is
// none, Garboard answers as Keel does.
func TestGarboardAnswersAlikeOrThereIsAReason(t *testing.T) {
	alike := 0
	rows := answers(t)
	for _, r := range rows {
		c, governed := r.ours()
		if c.Ours == r.answer {
			alike++
			continue
		}
		if _, ok := c.Reason(); !governed || !ok {
			t.Errorf("%s: %+v from %q of %q: got %q (%s), Keel has %q, and no reason says why", r.scheme, r.rule, r.current, r.tags, c.Ours, c.Why, r.answer)
		}
	}
	if alike < len(rows)*2/3 {
		t.Errorf("only %d of %d rows are alike", alike, len(rows))
	}
}

// A level never stays where Keel's answer is higher in the same line.
func TestKeelIsNeverAheadInTheSameLine(t *testing.T) {
	for _, r := range answers(t) {
		c, governed := r.ours()
		if !governed || !c.level() || !slices.Contains(r.tags, r.answer) {
			continue
		}
		if higher, ordered := c.Policy.Compare(r.answer, c.Ours); ordered && higher > 0 {
			t.Errorf("%s: %s from %q: got %q, below Keel's %q", r.scheme, r.rule.Policy, r.current, c.Ours, r.answer)
		}
	}
}
