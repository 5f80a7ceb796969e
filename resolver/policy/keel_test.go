package policy

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// keelRow is what Keel's own policy code answers.
type keelRow struct {
	scheme, policy, matchPreRelease, current string
	tags                                     []string
	answer                                   string
}

func keelRows(t *testing.T) []keelRow {
	t.Helper()
	text, err := os.ReadFile("testdata/keel.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var rows []keelRow
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(fields) != 6 {
			t.Fatalf("line %q has %d fields", line, len(fields))
		}
		row := keelRow{fields[0], fields[1], fields[2], fields[3], strings.Fields(fields[4]), fields[5]}
		if row.answer == "=" {
			row.answer = row.current
		}
		rows = append(rows, row)
	}
	return rows
}

// ours is the answer of this package. Keel's force takes the highest version;
// here all other tags were built at one time, after the current one.
func (row *keelRow) ours() (string, *Policy) {
	matchTag, must := false, row.matchPreRelease == "true"
	p, err := Parse(Spec{Name: row.policy, MatchTag: &matchTag, MatchPreRelease: &must})
	if err != nil {
		return row.current, nil // a bad policy governs nothing
	}
	ix := NewIndex(row.tags)
	if !p.ByDate(row.current) {
		return p.Select(ix, row.current).Tag, p
	}
	if tags := p.Prefer(p.Candidates(ix, row.current, nil), row.current); len(tags) > 0 {
		return tags[0], p
	}
	return row.current, p
}

// difference is a row in which both answers are known, and read as versions.
type difference struct {
	*keelRow
	policy           *Policy
	ours             string
	from, to, theirs version
	known, read      bool // whether current, and both answers, are versions
}

// keelReasons are the grounds of docs/policies.md to answer otherwise than Keel,
// the first that holds counts.
var keelReasons = []struct {
	name  string
	holds func(d *difference) bool
}{
	{"latest is no version", func(d *difference) bool {
		return d.policy.hasLines() && !d.known && d.ours == d.current
	}},
	{"what is no version goes by date", func(d *difference) bool {
		return d.policy.kind == kindForce && !d.known
	}},
	{"the variant is kept", func(d *difference) bool {
		return (d.policy.hasLines() || d.policy.kind == kindForce) && d.read && d.theirs.variant != d.from.variant && d.to.variant == d.from.variant
	}},
	{"the number of parts is kept", func(d *difference) bool {
		return (d.policy.hasLines() || d.policy.kind == kindForce) && d.read && d.theirs.parts != d.from.parts && d.to.parts == d.from.parts
	}},
	{"the form of revision is kept", func(d *difference) bool {
		return (d.policy.hasLines() || d.policy.kind == kindForce) && d.read && d.theirs.revision.form != d.from.revision.form && d.to.revision.form == d.from.revision.form
	}},
	{"a revision moves", func(d *difference) bool {
		return d.policy.hasLines() && d.answer == d.current && d.read && d.to.revision.count > 0 && d.to.revision.form == d.from.revision.form
	}},
	{"a pre-release moves to its release", func(d *difference) bool {
		return d.policy.hasLines() && d.answer == d.current && d.read && !d.from.stable() && d.to.stable() && compareNumbers(&d.from, &d.to) == 0
	}},
	{"a release is above its pre-releases", func(d *difference) bool {
		return d.policy.pattern != nil && d.read && d.to.stable() && !d.theirs.stable() && compareNumbers(&d.theirs, &d.to) == 0
	}},
	{"what does not match has nothing to go below", func(d *difference) bool {
		_, matches := d.policy.Admits(d.current)
		return d.policy.pattern != nil && !matches && d.answer == d.current && d.current > d.ours
	}},
	{"numbers are no text", func(d *difference) bool {
		return d.ours < d.answer && compareNatural(d.ours, d.answer) > 0
	}},
}

// A row in which the answers differ needs a ground that the page names; where
// there is none, Garboard answers as Keel does.
func TestKeelAnswersAlikeOrThereIsAReason(t *testing.T) {
	used := map[string]int{}
	rows := keelRows(t)
	for i := range rows {
		row := &rows[i]
		ours, p := row.ours()
		if ours == row.answer {
			used[""]++
			continue
		}
		d := difference{keelRow: row, policy: p, ours: ours}
		var a, b bool
		d.from, d.known = parseVersion(row.current)
		d.to, a = parseVersion(ours)
		d.theirs, b = parseVersion(row.answer)
		d.read = d.known && a && b
		at := -1
		if p != nil {
			for j := range keelReasons {
				if keelReasons[j].holds(&d) {
					at = j
					break
				}
			}
		}
		if at < 0 {
			t.Errorf("%s: %s (matchPreRelease %s) from %q of %q: got %q, Keel has %q, and no reason says why",
				row.scheme, row.policy, row.matchPreRelease, row.current, row.tags, ours, row.answer)
			continue
		}
		used[keelReasons[at].name]++
	}
	for _, reason := range keelReasons {
		if used[reason.name] == 0 {
			t.Errorf("no row differs since %s", reason.name)
		}
	}
	if used[""] < len(rows)*2/3 {
		t.Errorf("only %d of %d rows are alike", used[""], len(rows))
	}
	t.Logf("%d rows: %v", len(rows), used)
}

// A level never goes where Keel's answer is higher in the same line.
func TestKeelIsNeverAheadInTheSameLine(t *testing.T) {
	rows := keelRows(t)
	for i := range rows {
		row := &rows[i]
		ours, p := row.ours()
		if p == nil || !p.hasLines() || !slices.Contains(row.tags, row.answer) {
			continue
		}
		if c, ordered := p.Compare(row.answer, ours); ordered && c > 0 {
			t.Errorf("%s: %s from %q: got %q, below Keel's %q", row.scheme, row.policy, row.current, ours, row.answer)
		}
	}
}
