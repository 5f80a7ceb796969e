package policy

import (
	"fmt"
	"testing"
)

// A pattern of many steps and a list of many tags take longer than a request has.
func TestSelectionEndsWithItsTime(t *testing.T) {
	tags := make([]string, 10_000)
	for i := range tags {
		tags[i] = fmt.Sprintf("build-%d", i)
	}
	for name, spec := range map[string]Spec{
		"a pattern":               {Name: "regexp:^nothing-"},
		"a filter":                {Name: "glob:*", Filter: "^nothing-"},
		"a filter beside a level": {Name: "minor", Filter: "^nothing-"},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := Parse(spec)
			if err != nil {
				t.Fatal(err)
			}
			ix := NewIndex(tags)
			asked := 0
			late := func() bool { asked++; return asked > 3 }
			if got := p.SelectUntil(late, ix, "1.0.0", nil); got != (Selection{Tag: "1.0.0", Reason: StayOutOfTime}) || asked != 4 {
				t.Errorf("got %+v after %d looks at the time", got, asked)
			}
			if got := p.SelectUntil(func() bool { return false }, ix, "1.0.0", nil); got.Reason == StayOutOfTime || got != p.Select(ix, "1.0.0") {
				t.Errorf("got %+v with time enough", got)
			}
		})
	}
}

// A policy that goes by date has no tag to choose without the registry, and matches the
// same filter.
func TestCandidatesEndWithTheirTime(t *testing.T) {
	tags := make([]string, 10_000)
	for i := range tags {
		tags[i] = fmt.Sprintf("build-%d", i)
	}
	for _, name := range []string{"newest", "force"} {
		t.Run(name, func(t *testing.T) {
			p, err := Parse(Spec{Name: name, Filter: "^nothing-", MatchTag: new(bool)})
			if err != nil {
				t.Fatal(err)
			}
			ix := NewIndex(tags)
			asked := 0
			late := func() bool { asked++; return asked > 3 }
			if got, whole := p.CandidatesUntil(late, ix, "1.0.0", nil); len(got) > 0 || whole || asked != 4 {
				t.Errorf("got %d tags, whole is %t, after %d looks at the time", len(got), whole, asked)
			}
			if got, whole := p.CandidatesUntil(func() bool { return false }, ix, "1.0.0", nil); len(got) > 0 || !whole {
				t.Errorf("got %d tags that the filter drops, and whole is %t with time enough", len(got), whole)
			}
		})
	}
}
