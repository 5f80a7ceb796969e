package policy

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCompare(t *testing.T) {
	for name, test := range map[string]struct {
		spec    Spec
		a, b    string
		want    int
		ordered bool
	}{
		"versions of one line":              {Spec{Name: "minor"}, "1.2.0", "2.0.0", -1, true},
		"the v does not count":              {Spec{Name: "minor"}, "v1.2.0", "1.02.0", 0, true},
		"another number of parts":           {Spec{Name: "minor"}, "1.2", "1.2.0", 0, false},
		"another variant":                   {Spec{Name: "semver:*"}, "1.2.0", "1.3.0-alpine", 0, false},
		"outside a range":                   {Spec{Name: "semver:<1"}, "2.0.0", "1.0.0", 1, true},
		"bare numbers":                      {Spec{Name: "all"}, "42", "43", -1, true},
		"no version":                        {Spec{Name: "all"}, "latest", "1.0.0", 0, false},
		"the same tag":                      {Spec{Name: "force"}, "latest", "latest", 0, true},
		"force":                             {Spec{Name: "force"}, "1.0.0", "1.1.0", 0, false},
		"newest":                            {Spec{Name: "newest"}, "1.0.0", "1.1.0", 0, false},
		"never":                             {Spec{Name: "never"}, "1.0.0", "1.1.0", 0, false},
		"matches":                           {Spec{Name: "glob:b-*"}, "b-9", "b-10", -1, true},
		"no match":                          {Spec{Name: "glob:b-*"}, "b-9", "c-10", 0, false},
		"the group compare":                 {Spec{Name: "regexp:-(?P<compare>.*)"}, "z-1", "a-2", -1, true},
		"a group that takes no part is low": {Spec{Name: "regexp:^.(-(?P<compare>.*))?$"}, "z", "a-2", -1, true},
		"extracted text":                    {Spec{Name: "all", Filter: `^r(\d+)`, Extract: "$1"}, "r9-z", "r10-a", -1, true},
		"nothing to extract":                {Spec{Name: "all", Filter: `^r(.*)`, Extract: "$1"}, "1.0.0", "r1.1.0", 0, false},
		"a filter alone takes no order":     {Spec{Name: "all", Filter: `^r`}, "1.0.0", "1.1.0", -1, true},
	} {
		t.Run(name, func(t *testing.T) {
			p := parsed(t, test.spec)
			if c, ordered := p.Compare(test.a, test.b); c != test.want || ordered != test.ordered {
				t.Errorf("Compare(%q, %q) = %d, %v, want %d, %v", test.a, test.b, c, ordered, test.want, test.ordered)
			}
			if c, ordered := p.Compare(test.b, test.a); c != -test.want || ordered != test.ordered {
				t.Errorf("Compare(%q, %q) = %d, %v, want %d, %v", test.b, test.a, c, ordered, -test.want, test.ordered)
			}
		})
	}
}

func TestAdmits(t *testing.T) {
	for name, test := range map[string]struct {
		spec Spec
		tag  string
		want Reason
	}{
		"a level bounds nothing":           {Spec{Name: "patch"}, "latest", ""},
		"in the range":                     {Spec{Name: "semver:^1"}, "1.3.0-alpine", ""},
		"a pre-release in the range":       {Spec{Name: "semver:^1"}, "1.3.0-rc.1", ""},
		"outside the range":                {Spec{Name: "semver:^1"}, "2.0.0", RejectOutsideRange},
		"no version":                       {Spec{Name: "semver:^1"}, "latest", RejectNotAVersion},
		"a bare number is its own":         {Spec{Name: "semver:>=40"}, "42", ""},
		"no match":                         {Spec{Name: "glob:a*"}, "b", RejectNoMatch},
		"a match":                          {Spec{Name: "regexp:^a"}, "ab", ""},
		"excluded comes first":             {Spec{Name: "glob:a*", Exclude: []string{"b"}}, "b", RejectExcluded},
		"filtered":                         {Spec{Name: "force", Filter: "^a"}, "b", RejectFiltered},
		"a range judges extracted text":    {Spec{Name: "semver:^1", Filter: "^r(.*)", Extract: "$1"}, "r1.2.0", ""},
		"a text longer than a tag is none": {Spec{Name: "all", Filter: "^.*$", Extract: "$0$0"}, strings.Repeat("a", 100), RejectFiltered},
	} {
		t.Run(name, func(t *testing.T) {
			if reason, ok := parsed(t, test.spec).Admits(test.tag); reason != test.want || ok != (test.want == "") {
				t.Errorf("Admits(%q) = %q, %v, want %q", test.tag, reason, ok, test.want)
			}
		})
	}
}

func TestFollowsSameTag(t *testing.T) {
	yes := true
	for name, test := range map[string]struct {
		spec Spec
		tag  string
		want bool
	}{
		"no version":               {Spec{Name: "force"}, "latest", true},
		"a version":                {Spec{Name: "force"}, "1.2.0", false},
		"a bare number":            {Spec{Name: "force"}, "42", false},
		"a version, with matchTag": {Spec{Name: "force", MatchTag: &yes}, "1.2.0", true},
		"no tag":                   {Spec{Name: "force"}, "", false},
		"an excluded tag":          {Spec{Name: "force", Exclude: []string{"la*"}}, "latest", false},
		"a filtered tag":           {Spec{Name: "force", Filter: "x"}, "latest", false},
		"another policy":           {Spec{Name: "all", MatchTag: &yes}, "latest", false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := parsed(t, test.spec).FollowsSameTag(test.tag); got != test.want {
				t.Errorf("FollowsSameTag(%q) = %v", test.tag, got)
			}
		})
	}
}

func TestDemandsMove(t *testing.T) {
	ranged := parsed(t, Spec{Name: "semver:>=1.2 <2"})
	for tag, want := range map[string]bool{"1.2.0": false, "1.9.0-alpine": false, "2.0.0": true, "1.1.0": true, "latest": true, "": true} {
		if got := ranged.DemandsMove(tag); got != want {
			t.Errorf("DemandsMove(%q) = %v, want %v", tag, got, want)
		}
	}
	// The filter says what may be chosen, not where the running tag lies.
	if parsed(t, Spec{Name: "semver:>=1.2 <2", Filter: "alpine"}).DemandsMove("1.2.0") {
		t.Error("a filter drives a tag out of its range")
	}
	if parsed(t, Spec{Name: "glob:a*"}).DemandsMove("b") {
		t.Error("only a range demands a move")
	}
}

func TestMoves(t *testing.T) {
	for name, test := range map[string]struct {
		spec     Spec
		from, to string
		want     bool
	}{
		"up":                      {Spec{Name: "minor"}, "1.2.0", "1.3.0", true},
		"too far":                 {Spec{Name: "minor"}, "1.2.0", "2.0.0", false},
		"down":                    {Spec{Name: "all"}, "1.3.0", "1.2.0", false},
		"down into a range":       {Spec{Name: "semver:<1.3"}, "1.3.0", "1.2.0", true},
		"down within a range":     {Spec{Name: "semver:<2"}, "1.3.0", "1.2.0", false},
		"to an excluded tag":      {Spec{Name: "minor", Exclude: []string{"1.3*"}}, "1.2.0", "1.3.0", false},
		"to itself":               {Spec{Name: "never"}, "x", "x", true},
		"to another spelling":     {Spec{Name: "all"}, "1.2.0", "v1.2.0", false},
		"to what is no tag":       {Spec{Name: "glob:*"}, "a", "b c", false},
		"force to another":        {Spec{Name: "force"}, "latest", "1.0.0", false},
		"force between versions":  {Spec{Name: "force"}, "1.0.0", "1.1.0", true},
		"force to a lower one":    {Spec{Name: "force"}, "1.1.0", "1.0.0", false},
		"newest to any other":     {Spec{Name: "newest"}, "1.1.0", "main", true},
		"newest to what it drops": {Spec{Name: "newest", Exclude: []string{"main"}}, "1.1.0", "main", false},
		"from nothing, a range":   {Spec{Name: "semver:*"}, "", "1.0.0", true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := parsed(t, test.spec).Moves(test.from, test.to); got != test.want {
				t.Errorf("Moves(%q, %q) = %v", test.from, test.to, got)
			}
		})
	}
}

func TestEqual(t *testing.T) {
	yes, no := true, false
	same := []Spec{
		{Name: "minor", Exclude: []string{"a", "b"}},
		{Name: "minor", Exclude: []string{"b", "a"}, MatchPreRelease: &yes},
	}
	if !parsed(t, same[0]).Equal(parsed(t, same[1])) {
		t.Error("a default that is written out, or an order that does not count, makes a difference")
	}
	different := []Spec{
		{Name: "minor"}, {Name: "major"}, {Name: "minor", MatchTag: &yes}, {Name: "minor", MatchTag: &no},
		{Name: "minor", MatchPreRelease: &no}, {Name: "minor", Filter: "(a)"},
		{Name: "minor", Filter: "(a)", Extract: "$1"}, {Name: "minor", Exclude: []string{"a"}},
	}
	for i, a := range different {
		for j, b := range different {
			if got := parsed(t, a).Equal(parsed(t, b)); got != (i == j) {
				t.Errorf("%+v and %+v: Equal is %v", a, b, got)
			}
		}
	}
	var none *Policy
	if !none.Equal(nil) || none.Equal(parsed(t, same[0])) || parsed(t, same[0]).Equal(none) {
		t.Error("nil equals nil alone")
	}
}

func TestExplain(t *testing.T) {
	p := parsed(t, Spec{Name: "patch", Exclude: []string{"*-debug"}})
	tags := []string{
		"1.2.0", "1.2.1", "1.2.3", "v1.2.3", "1.2.4-rc.1", "1.1.0", "1.3.0", "2.0.0", "1.2", "1.2.9-alpine", "latest", "7", "1.2.9-debug", "1.2.10-dev",
	}
	got := map[string]Reason{}
	for _, v := range p.Explain(NewIndex(tags), "1.2.0") {
		got[v.Tag] = v.Reason
	}
	want := map[string]Reason{
		"1.2.0": RejectCurrent, "1.2.1": RejectNotHighest, "v1.2.3": RejectSameVersion, "1.2.4-rc.1": RejectPreRelease,
		"1.1.0": RejectNotHigher, "1.3.0": RejectOtherMinor, "2.0.0": RejectOtherMajor, "1.2": RejectOtherLine,
		"1.2.9-alpine": RejectOtherVariant, "latest": RejectNotAVersion, "7": RejectNotAVersion,
		"1.2.9-debug": RejectExcluded, "1.2.10-dev": RejectPreRelease,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestExplainIsInNaturalOrder(t *testing.T) {
	var got []string
	for _, v := range parsed(t, Spec{Name: "never"}).Explain(NewIndex([]string{"1.10.0", "1.2.0", "01.2.0"}), "x") {
		got = append(got, v.Tag)
	}
	if want := []string{"01.2.0", "1.2.0", "1.10.0"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestIndex(t *testing.T) {
	given := []string{"b", "a", "b", "not a tag", "", "1.0.0"}
	ix := NewIndex(given)
	if diff := cmp.Diff([]string{"1.0.0", "a", "b"}, ix.Tags()); diff != "" || ix.Len() != 3 || !ix.Has("b") || ix.Has("c") {
		t.Errorf("Tags: (-want +got)\n%s", diff)
	}
	if given[0] != "b" || given[5] != "1.0.0" {
		t.Errorf("the caller's slice was sorted: %q", given)
	}
	var none *Index
	if none.Len() != 0 || none.Has("a") || parsed(t, Spec{Name: "all"}).Select(none, "1.0.0").Tag != "1.0.0" {
		t.Error("a nil index is not empty")
	}
}

// Admission runs many selections on one index; the views of filters are made on
// the way. It fails under -race if an index is not safe to share.
func TestIndexIsSafeForConcurrentUse(t *testing.T) {
	ix := NewIndex(many(300))
	var policies []*Policy
	for _, filter := range []string{"1", "2", "3", "4", "5", "6"} {
		policies = append(policies, parsed(t, Spec{Name: "all", Filter: filter, Extract: "${0}"}))
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for _, p := range policies {
				p.Select(ix, "1.0.0")
			}
		})
	}
	group.Wait()
	if n := len(ix.extracted); n != maxExtracted {
		t.Errorf("the index keeps %d views, want %d", n, maxExtracted)
	}
}

func TestGlob(t *testing.T) {
	for _, test := range []struct {
		glob, text string
		want       bool
	}{
		{"*", "", true}, {"?", "", false}, {"a*b*c", "aXbXbXc", true}, {"a*b*c", "aXbX", false}, {"a?c", "abc", true},
		{"a?c", "ac", false}, {"*-alpine", "1-alpine", true}, {"*-alpine", "1-alpine3", false}, {"a", "A", false},
		{"1.2", "1x2", false}, {"**a", "ba", true}, {"*a*a*a*a*b", strings.Repeat("a", 128), false},
	} {
		g, err := parseGlob(test.glob)
		if err != nil || g.match(test.text) != test.want {
			t.Errorf("%q matches %q: %v, error %v", test.glob, test.text, !test.want, err)
		}
	}
}

func TestNaturalOrder(t *testing.T) {
	ascending := []string{"", "-", "1", "2", "9", "10", "10-", "10-a", "10a", "A", "a", "a1", "a2b", "a10", "a10b", "a" + strings.Repeat("9", 40), "aa", "b"}
	for i, a := range ascending {
		for j, b := range ascending {
			if got := compareNatural(a, b); (got < 0) != (i < j) || (got > 0) != (i > j) {
				t.Errorf("compareNatural(%q, %q) = %d", a, b, got)
			}
		}
	}
	if compareNatural("b-007", "b-7") != 0 || compareNatural("0", "00") != 0 {
		t.Error("leading zeros make a difference")
	}
}
