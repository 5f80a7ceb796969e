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
}

func rangeRows(t testing.TB) []rangeRow {
	t.Helper()
	var out []rangeRow
	for _, row := range blocks(t, "ranges.txt") {
		out = append(out, rangeRow{
			text: only(row, "range"), refused: only(row, "refused"), note: only(row, "note"),
			in: strings.Fields(only(row, "in")), out: strings.Fields(only(row, "out")),
		})
	}
	return out
}

func TestRanges(t *testing.T) {
	for _, row := range rangeRows(t) {
		t.Run(row.text, func(t *testing.T) {
			p, err := Parse(Spec{Name: "semver:" + row.text})
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

// Every ordering of terms and alternatives is the same range. It fails if a
// bound, which only speeds the search up, ever changes the answer.
func TestRangeBoundsEncloseTheRange(t *testing.T) {
	universe := []string{
		"0.0.0", "0.0.3", "0.2.3", "0.9.9", "1.0.0-rc.1", "1.0.0", "1.2.0", "1.2.3-rc.2", "1.2.3", "1.3.0-rc.1",
		"1.3.1", "1.4.9", "1.9.9", "2.0.0-rc.1", "2.0.0-rc.2", "2.0.0", "2.9.9", "3.0.0", "2024.1.0",
	}
	for _, row := range rangeRows(t) {
		s, err := parseRange(row.text)
		if err != nil {
			continue
		}
		for _, tag := range universe {
			v, _ := parseVersion(tag)
			if !s.contains(v) {
				continue
			}
			if s.low != nil && compareVersions(&v, s.low) < 0 || s.high != nil && compareVersions(&v, s.high) > 0 {
				t.Errorf("%q lies in %q but outside its bounds %v and %v", tag, row.text, s.low, s.high)
			}
		}
	}
}
