package resolver

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/resolver/policy"
)

// step is one resolution of a story; each is a minute after the one before
// unless it says otherwise.
type step struct {
	tags    []string
	after   time.Duration
	want    string
	reason  policy.Reason
	stale   bool
	warning string
}

func TestSuspectLists(t *testing.T) {
	full := []string{"1.2.0", "1.2.1", "1.2.2", "1.2.3"}
	half := []string{"1.2.0", "1.2.1"}
	newest := func(tag string) step { return step{want: tag, reason: policy.NewerPatch} }
	with := func(s step, tags []string) step { s.tags = tags; return s }
	empty := step{want: "1.2.0", reason: StayEmptyList, warning: WarningEmptyList}
	kept := step{want: "1.2.3", reason: policy.NewerPatch, stale: true, warning: WarningSuspectList}
	lost := step{want: "1.2.0", reason: StayNotInList, warning: WarningLacksTag}
	resolved := step{want: "1.2.3", reason: policy.NewerPatch, warning: WarningLackedTwice}
	lacking := []string{"1.2.1", "1.2.2", "1.2.3"}

	for name, steps := range map[string][]step{
		"a list that grows is believed": {
			with(newest("1.2.1"), half), with(newest("1.2.3"), full),
		},
		"half the tags gone: the old list counts, until that is seen twice": {
			with(newest("1.2.3"), full), with(kept, half), with(newest("1.2.1"), half),
		},
		"twice, but not an interval apart": {
			with(newest("1.2.3"), full), with(kept, half),
			{tags: half, after: time.Second, want: "1.2.3", reason: policy.NewerPatch, stale: true, warning: WarningSuspectList},
			with(newest("1.2.1"), half),
		},
		"a list that goes on shrinking starts anew": {
			with(newest("1.2.3"), full), with(kept, half), with(kept, []string{"1.2.0"}), with(step{want: "1.2.0", reason: policy.StayNewest}, []string{"1.2.0"}),
		},
		"a suspect list that comes back whole": {
			with(newest("1.2.3"), full), with(kept, half), with(newest("1.2.3"), full), with(kept, half),
		},
		"one tag less than half is left to be believed": {
			with(newest("1.2.3"), full), with(newest("1.2.3"), []string{"1.2.0", "1.2.2", "1.2.3"}),
		},
		"an empty list never moves, seen twice or not": {
			with(newest("1.2.3"), full), with(kept, nil), with(empty, nil), with(empty, nil), with(newest("1.2.3"), full),
		},
		"the first list ever is empty": {
			with(empty, nil), with(empty, nil), with(newest("1.2.3"), full),
		},
		"the running tag is gone: stay, until that is seen twice": {
			with(newest("1.2.3"), full), with(lost, lacking), with(resolved, lacking), with(resolved, lacking),
		},
		"the running tag was never there: the same": {
			with(lost, lacking), with(resolved, lacking),
		},
		"the running tag comes back": {
			with(lost, lacking), with(newest("1.2.3"), full), with(lost, lacking),
		},
	} {
		t.Run(name, func(t *testing.T) {
			now := newClock()
			source := &script{}
			r := New(source, Options{Now: now.Now})
			for i, s := range steps {
				after := time.Minute
				if s.after > 0 {
					after = s.after
				}
				now.Advance(after)
				source.tags = s.tags
				q := Query{Repository: repo("example.com/app"), Tag: "1.2.0", Policy: parse(t, "patch")}
				if s.after > 0 {
					q.Since = now.Now()
				}
				got := resolve(t, r, q)
				if got.Tag != s.want || got.Reason != s.reason || got.Stale != s.stale || got.Warning != s.warning {
					t.Fatalf("step %d: got %+v, want %+v", i, got, s)
				}
			}
		})
	}
}

// At create nothing runs, and a tag that the registry has cleaned up cannot be
// pulled: to wait for a second read would leave a Job on it for good.
func TestCreateFromATagThatIsNotListed(t *testing.T) {
	for name, tt := range map[string]struct {
		policy, tag string
		tags        []string
		want        Resolution
	}{
		"the highest that the policy allows": {
			"minor", "1.1.0", []string{"1.2.0", "1.3.0", "2.0.0"},
			Resolution{Tag: "1.3.0", Reason: policy.NewerMinor, Warning: WarningMissingTag},
		},
		"nothing that it allows": {
			"patch", "1.1.0", []string{"1.0.9", "1.2.0"},
			Resolution{Tag: "1.1.0", Reason: policy.StayNewest, Warning: WarningMissingTag},
		},
		"never lower": {
			"all", "3.0.0", []string{"1.2.0", "2.0.0"},
			Resolution{Tag: "3.0.0", Reason: policy.StayNewest, Warning: WarningMissingTag},
		},
		"a pattern's highest": {
			"glob:build-*", "build-7", []string{"build-10", "build-9"},
			Resolution{Tag: "build-10", Reason: policy.NewerMatch, Warning: WarningMissingTag},
		},
		"a list without tags": {
			"minor", "1.1.0", nil,
			Resolution{Tag: "1.1.0", Reason: StayEmptyList, Warning: WarningEmptyList},
		},
		"a tag that is listed": {
			"minor", "1.2.0", []string{"1.2.0", "1.3.0"},
			Resolution{Tag: "1.3.0", Reason: policy.NewerMinor},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := New(&script{tags: tt.tags}, Options{Now: newClock().Now})
			got := resolve(t, r, Query{Repository: repo("example.com/app"), Tag: tt.tag, Policy: parse(t, tt.policy), Create: true})
			got.List = 0 // see TestNumberOfAListChangesWithItsTags
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Forgotten between two polls, each list was the first: one that had lost most
// of its tags was believed at once, and one without the running tag never.
func TestSuspectListsAtRarePolls(t *testing.T) {
	full := []string{"1.2.0", "1.2.1", "1.2.2", "1.2.3", "1.2.4"}
	lacking := full[1:]
	for name, steps := range map[string][]step{
		"four fifths of the tags are gone": {
			{tags: full, want: "1.2.4", reason: policy.NewerPatch},
			{tags: full[:1], want: "1.2.4", reason: policy.NewerPatch, stale: true, warning: WarningSuspectList},
			{tags: full[:1], want: "1.2.0", reason: policy.StayNewest},
		},
		"the running tag is not listed": {
			{tags: lacking, want: "1.2.0", reason: StayNotInList, warning: WarningLacksTag},
			{tags: lacking, want: "1.2.4", reason: policy.NewerPatch, warning: WarningLackedTwice},
		},
	} {
		for _, every := range []time.Duration{time.Hour, 24 * time.Hour, 7 * 24 * time.Hour, 31 * 24 * time.Hour} {
			t.Run(fmt.Sprintf("%s, every %s", name, every), func(t *testing.T) {
				now := newClock()
				source := &script{}
				r := New(source, Options{Now: now.Now})
				for i, s := range steps {
					now.Advance(every)
					source.tags = s.tags
					got := resolve(t, r, Query{Repository: repo("example.com/app"), Tag: "1.2.0", Policy: parse(t, "patch"), Since: now.Now()})
					if got.Tag != s.want || got.Reason != s.reason || got.Stale != s.stale || got.Warning != s.warning {
						t.Fatalf("step %d: got %+v, want %+v", i, got, s)
					}
				}
			})
		}
	}
}

func TestRangeMovesFromATagThatIsNotInTheList(t *testing.T) {
	r := New(&script{tags: []string{"2.1.0", "2.2.0"}}, Options{})
	got := resolve(t, r, Query{Repository: repo("example.com/app"), Tag: "1.0.0", Policy: parse(t, "semver:^2")})
	wantTag(t, got, "2.2.0", policy.IntoRange)
	got = resolve(t, r, Query{Repository: repo("example.com/app"), Tag: "", Policy: parse(t, "semver:^2")})
	wantTag(t, got, "2.2.0", policy.IntoRange)
	got = resolve(t, r, Query{Repository: repo("example.com/app"), Tag: "2.0.0", Policy: parse(t, "semver:^2")})
	wantTag(t, got, "2.0.0", StayNotInList)
}

func TestMemoryOfBasesIsBounded(t *testing.T) {
	now := newClock()
	source := &script{tags: []string{"1.0.0"}}
	r := New(source, Options{Now: now.Now})
	for i := range 2 * maxAbsent {
		resolve(t, r, Query{Repository: repo("example.com/app"), Tag: fmt.Sprintf("0.0.%d", i), Policy: parse(t, "patch")})
	}
	if source.reads > maxAsked+1 {
		t.Errorf("%d reads within FreshFor, want at most %d", source.reads, maxAsked+1)
	}
	e := r.lists.Get(key{repository: repo("example.com/app")}, newEntry)
	if len(e.list.absent) > maxAbsent || len(e.asked) > maxAsked {
		t.Errorf("%d bases and %d tags are remembered", len(e.list.absent), len(e.asked))
	}
}
