package policy

import (
	"slices"
	"strings"
	"testing"
)

// rangeRow is one row of testdata/ranges.txt. The same rows make the table of
// docs/policies.md.
type rangeRow struct {
	text    string
	in, out []string
	refused string
	note    string
	// preReleases is matchPreRelease: "false".
	preReleases bool
}

func rangeRows(t testing.TB) []rangeRow {
	t.Helper()
	var out []rangeRow
	for _, row := range blocks(t, "ranges.txt") {
		out = append(out, rangeRow{
			text: only(row, "range"), refused: only(row, "refused"), note: only(row, "note"),
			in: strings.Fields(only(row, "in")), out: strings.Fields(only(row, "out")),
			preReleases: only(row, "set") == "matchPreRelease=false",
		})
	}
	return out
}

func TestRanges(t *testing.T) {
	for _, row := range rangeRows(t) {
		t.Run(row.text, func(t *testing.T) {
			must := !row.preReleases
			p, err := Parse(Spec{Name: "semver:" + row.text, MatchPreRelease: &must})
			if row.refused != "" {
				if err == nil || !strings.Contains(err.Error(), row.refused) {
					t.Fatalf("got error %v, want one with %q", err, row.refused)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, tag := range slices.Concat(row.in, row.out) {
				_, got := p.Admits(tag)
				if want := slices.Contains(row.in, tag); got != want {
					t.Errorf("Admits(%q) = %v, want %v", tag, got, want)
				}
			}
		})
	}
}

// contain is the second opinion on a range, beside blang's.
func (is intervals) contain(v *version) bool {
	at := v.entry()
	at.tail = 0
	return slices.ContainsFunc(is, func(i interval) bool {
		return compareEntries(&i.low, &at) <= 0 && (i.high == nil || compareEntries(&at, i.high) < 0)
	})
}

// A range that holds nothing is told by its intervals, and a search keeps within
// them. It fails if they are not what blang makes of the same text.
func TestIntervalsAreWhatBlangMakesOfTheRange(t *testing.T) {
	universe := []string{
		"0.0.0-a", "0.0.0", "0.0.3", "0.2.3", "0.9.9", "1.0.0-a", "1.0.0-rc.1", "1.0.0", "1.2.0-rc.1", "1.2.0", "1.2.3-rc.1", "1.2.3-rc.2", "1.2.3-rc.3",
		"1.2.3-snapshot", "1.2.3", "1.2.4-a", "1.2.4", "1.3.0-alpha", "1.3.0-rc.1", "1.3.0", "1.3.1", "1.4.9", "1.9.9", "2.0.0-a", "2.0.0-rc.1", "2.0.0-rc.2",
		"2.0.0", "2.9.9", "3.0.0-rc.1", "3.0.0", "2024.1.0", "18446744073709551615.18446744073709551615.18446744073709551615",
	}
	for _, row := range rangeRows(t) {
		for _, preReleases := range []bool{false, true} {
			s, err := parseRange(row.text, preReleases)
			if err != nil {
				continue
			}
			for _, tag := range universe {
				v, _ := parseVersion(tag)
				if got, want := s.within.contain(&v), s.contains(v); got != want {
					t.Errorf("%q lies in the intervals of %q: %v, and by blang: %v", tag, row.text, got, want)
				}
			}
		}
	}
}
