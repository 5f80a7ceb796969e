package policy

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"
)

// world is one random case: tags that are alike enough to collide in lines,
// ties and pre-releases.
type world struct {
	tags    []string
	current string
	policy  *Policy
}

var propertyPolicies = []Spec{
	{Name: "all"}, {Name: "major"}, {Name: "minor"}, {Name: "patch"},
	{Name: "all", Exclude: []string{"*rc*"}},
	{Name: "minor", MatchPreRelease: new(bool)},
	{Name: "patch", MatchPreRelease: new(bool), Exclude: []string{"v*"}},
	{Name: "semver:>=1 <3"}, {Name: "semver:^1.1 || ~2.0 || !<3", MatchPreRelease: new(bool)},
	{Name: "semver:1.x !1.1.x"}, {Name: "semver:*"}, {Name: "semver:<2", MatchPreRelease: new(bool)},
	{Name: "glob:*"}, {Name: "glob:v1.*"}, {Name: "glob:?.?.?"},
	{Name: "regexp:^v?[0-9.]+$"}, {Name: "regexp:(?P<compare>[0-9]+)$"}, {Name: "regexp:alpine"},
	{Name: "force"}, {Name: "newest"}, {Name: "never"},
	{Name: "all", Filter: `^v?(\d+)\.(\d+)`, Extract: "$1.$2"},
	{Name: "semver:>=0.1", Filter: `^(v?\d+)`, Extract: "$1.0"},
	{Name: "glob:*", Filter: `(\d+)$`, Extract: "$1"},
	{Name: "minor", Filter: `alpine`},
	{Name: "minor", Variant: []string{"alpine*"}}, {Name: "all", Variant: []string{"alp*", "*3"}, Exclude: []string{"*r1"}},
	{Name: "semver:>=1.0.0-0"}, {Name: "semver:^1.2.3-rc.1 || 2.x-0", Variant: []string{"*"}}, {Name: "semver:<=1.2.3-rc.2"},
}

// worlds runs the check on random cases, from a fixed seed and from a new one
// that a failure names. GARBOARD_TEST_SEED repeats it.
func worlds(t *testing.T, check func(t *testing.T, r *rand.Rand, w world)) {
	var policies []*Policy
	for _, spec := range propertyPolicies {
		if p, err := Parse(spec); err == nil {
			policies = append(policies, p)
		}
	}
	seeds := []uint64{1, uint64(time.Now().UnixNano())}
	if given, err := strconv.ParseUint(os.Getenv("GARBOARD_TEST_SEED"), 10, 64); err == nil {
		seeds = []uint64{given}
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 0))
			for range 4000 {
				w := world{policy: policies[r.IntN(len(policies))]}
				for range r.IntN(25) {
					w.tags = append(w.tags, randomTag(r))
				}
				switch {
				case len(w.tags) > 0 && r.IntN(2) == 0:
					w.current = w.tags[r.IntN(len(w.tags))]
				case r.IntN(5) > 0:
					w.current = randomTag(r)
				}
				check(t, r, w)
				if t.Failed() {
					return
				}
			}
		})
	}
}

// mixed reports matches of three kinds, which have no single order: 1.4.0 is
// above v1.3.0, v1.3.0 above main, and main above 1.4.0.
func (w world) mixed() bool {
	if w.policy.pattern == nil {
		return false
	}
	kinds := map[string]bool{}
	for _, tag := range append([]string{w.current}, w.tags...) {
		text, ok := w.policy.baseText(tag)
		key, matches := w.policy.pattern.key(text)
		if !ok || !matches {
			continue
		}
		v, isVersion := parseVersion(key)
		kinds[fmt.Sprint(isVersion, v.prefixed)] = true
	}
	return len(kinds) > 2
}

func TestMixedMatchesGoNoRound(t *testing.T) {
	worlds(t, func(t *testing.T, _ *rand.Rand, w world) {
		ix, at := NewIndex(w.tags), w.current
		for range 4 {
			next := w.policy.Select(ix, at).Tag
			if next == at {
				return
			}
			at = next
		}
		t.Errorf("%s of %q: from %q it goes on for ever", w.policy.Name(), w.tags, w.current)
	})
}

// A level keeps to channel, variant and form of revision, and semver: does where
// the current tag is a version.
func TestALevelNeverLeavesTheLine(t *testing.T) {
	worlds(t, func(t *testing.T, _ *rand.Rand, w world) {
		got := w.policy.Select(NewIndex(w.tags), w.current)
		text, _ := w.policy.baseText(w.current)
		from, isVersion := parseVersion(text)
		if !w.policy.hasLines() || !got.Moved(w.current) || !isVersion {
			return
		}
		text, _ = w.policy.text(got.Tag)
		to, _ := parseVersion(text)
		bad := to.parts != from.parts || to.dashed != from.dashed || to.revision.form != from.revision.form
		if to.variant != from.variant && (!w.policy.variants.match(from.variant) || !w.policy.variants.match(to.variant)) {
			bad = true
		}
		if from.channel() && w.policy.kind != kindAll && !w.policy.preReleases && (to.pre != from.pre || to.preNumbered) {
			bad = true
		}
		if bad {
			t.Errorf("%s of %q: from %q to %q", w.policy.Name(), w.tags, w.current, got.Tag)
		}
	})
}

func TestOtherLinesAreWhatTheReasonSays(t *testing.T) {
	worlds(t, func(t *testing.T, r *rand.Rand, w world) {
		got := w.policy.Select(NewIndex(w.tags), w.current)
		others := w.policy.OtherLines(nil, NewIndex(w.tags), w.current, nil)
		if got.Reason == StayOtherLines && len(others.Tags) == 0 || got.Reason == StayNewest && len(others.Tags) > 0 {
			t.Errorf("%s of %q from %q: %s, and %+v", w.policy.Name(), w.tags, w.current, got.Reason, others)
		}
		shuffled := slices.Clone(w.tags)
		r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		again := w.policy.OtherLines(nil, NewIndex(shuffled), w.current, nil)
		if !slices.Equal(again.Tags, others.Tags) || !slices.Equal(again.Settings, others.Settings) {
			t.Errorf("%s from %q: %+v of %q, but %+v of %q", w.policy.Name(), w.current, others, w.tags, again, shuffled)
		}
	})
}

func randomTag(r *rand.Rand) string {
	if r.IntN(12) == 0 {
		return []string{
			"latest", "main", "abcdef1", "1.2.3.4", "7", "12", "007", "v", "1.2.3_1", "3.3.3-alpine.sig", "sha256-" + hex64,
			"20240105", "20240106", "2024-01-05", "2024-02-01", "2024-02-01-r1", "1.2.3.4.5", "1.2.3.5",
			"20240105.3", "v20240106.1.0", "20240105120000", "202401051200", "1.2.3-r2-alpine", "1.2.3-r1-r2", "1.2.3-2-alpine", "1.2.3-dev-20240105-alpine",
		}[r.IntN(26)]
	}
	tag := []string{"", "", "v"}[r.IntN(3)]
	for i := range 1 + r.IntN(3) {
		if i > 0 {
			tag += "."
		}
		tag += []string{"", "", "", "0"}[r.IntN(4)] + strconv.Itoa(r.IntN(4))
	}
	return tag + []string{
		"", "", "", "-alpine", "-alpine3", "-rc.1", "-rc2", "-RC10", "-rc", "-beta.1-alpine", "-1", "-alpha-", "-rc.1-alpine",
		"-2", "-r1", "-r02", "-alpine-r1", "-alpine3-r10", "-dev", "-dev-alpine", "-dev-r1", "_1", "_2-alpine", "-1.1", "-1.10", "-20240105", "-deadbee",
	}[r.IntN(27)]
}

func TestAnswerDoesNotDependOnTheOrderOfTheList(t *testing.T) {
	worlds(t, func(t *testing.T, r *rand.Rand, w world) {
		want := w.policy.Select(NewIndex(w.tags), w.current)
		shuffled := slices.Concat(w.tags, w.tags)
		r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if got := w.policy.Select(NewIndex(shuffled), w.current); got != want {
			t.Errorf("%s from %q: %v of %q, but %v of %q", w.policy.Name(), w.current, want, w.tags, got, shuffled)
		}
	})
}

func TestNeverADowngradeOutsideARange(t *testing.T) {
	worlds(t, func(t *testing.T, _ *rand.Rand, w world) {
		got := w.policy.Select(NewIndex(w.tags), w.current)
		if w.current == "" || !got.Moved(w.current) || w.policy.DemandsMove(w.current) {
			return
		}
		c, ordered := w.policy.Compare(got.Tag, w.current)
		if _, matches := w.policy.Admits(w.current); w.policy.pattern != nil && !matches {
			return // nothing to go below
		}
		if w.policy.pattern == nil && !ordered && len(w.policy.exclude) == 0 || ordered && c <= 0 {
			t.Errorf("%s of %q: from %q down to %q", w.policy.Name(), w.tags, w.current, got.Tag)
		}
	})
}

func TestSelectingFromTheAnswerStays(t *testing.T) {
	worlds(t, func(t *testing.T, _ *rand.Rand, w world) {
		if w.mixed() {
			return
		}
		ix := NewIndex(w.tags)
		first := w.policy.Select(ix, w.current)
		if second := w.policy.Select(ix, first.Tag); first.Tag != "" && second.Tag != first.Tag {
			t.Errorf("%s of %q: %q -> %q -> %q", w.policy.Name(), w.tags, w.current, first.Tag, second.Tag)
		}
	})
}

func TestMovesAgreesWithSelect(t *testing.T) {
	worlds(t, func(t *testing.T, _ *rand.Rand, w world) {
		if w.mixed() {
			return
		}
		got := w.policy.Select(NewIndex(w.tags), w.current)
		if got.Tag != "" && !w.policy.Moves(w.current, got.Tag) {
			t.Errorf("%s: Select of %q chose %q from %q, but Moves says no", w.policy.Name(), w.tags, got.Tag, w.current)
		}
		for _, tag := range w.tags {
			if tag != w.current && w.policy.Moves(w.current, tag) && got.Tag == w.current && !w.policy.ByDate(w.current) {
				t.Errorf("%s of %q: %q may move to %q, but Select stays", w.policy.Name(), w.tags, w.current, tag)
			}
		}
	})
}

// Explain judges each tag by itself, Select searches. Both must find the same
// candidates.
func TestExplainAgreesWithSelect(t *testing.T) {
	worlds(t, func(t *testing.T, _ *rand.Rand, w world) {
		if w.mixed() {
			return
		}
		ix := NewIndex(w.tags)
		got := w.policy.Select(ix, w.current)
		for _, v := range w.policy.Explain(ix, w.current) {
			dated := v.Reason == RejectNotLatest // which Select cannot choose
			candidate := v.Reason == RejectNotHighest || v.Reason == RejectSameVersion || dated
			if candidate != (v.Tag != w.current && w.policy.Moves(w.current, v.Tag)) {
				t.Errorf("%s from %q: %q is %s, but Moves says otherwise", w.policy.Name(), w.current, v.Tag, v.Reason)
			}
			if candidate && !dated && !got.Moved(w.current) {
				t.Errorf("%s of %q from %q: stays, but %q is a candidate", w.policy.Name(), w.tags, w.current, v.Tag)
			}
		}
	})
}

func TestChosenTagIsTheHighestCandidate(t *testing.T) {
	worlds(t, func(t *testing.T, _ *rand.Rand, w world) {
		if w.mixed() {
			return
		}
		ix := NewIndex(w.tags)
		got := w.policy.Select(ix, w.current)
		if !got.Moved(w.current) {
			return
		}
		for _, v := range w.policy.Explain(ix, w.current) {
			if v.Reason != RejectNotHighest {
				continue
			}
			if c, ordered := w.policy.Compare(v.Tag, got.Tag); ordered && c >= 0 {
				t.Errorf("%s of %q from %q: chose %q below %q", w.policy.Name(), w.tags, w.current, got.Tag, v.Tag)
			}
		}
	})
}

func TestSelectWithinIsSelectOfFewerTags(t *testing.T) {
	worlds(t, func(t *testing.T, _ *rand.Rand, w world) {
		allow := func(tag string) bool { return len(tag)%2 == 0 }
		var fewer []string
		for _, tag := range w.tags {
			if allow(tag) || tag == w.current {
				fewer = append(fewer, tag)
			}
		}
		want := w.policy.Select(NewIndex(fewer), w.current)
		if got := w.policy.SelectWithin(NewIndex(w.tags), w.current, allow); got != want {
			t.Errorf("%s of %q from %q: got %v, want %v", w.policy.Name(), w.tags, w.current, got, want)
		}
	})
}
