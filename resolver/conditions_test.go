package resolver

import (
	"context"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/resolver/policy"
	"github.com/garboard-dev/garboard/resolver/registry"
)

const stayUnsigned policy.Reason = "StayUnsigned"

// signed is a condition that no Resolver has: all that a new one takes is a file like
// this and its line in conditions.
type signed struct {
	needs cost
	by    map[string]bool // tags, or digests
}

func (s *signed) cost(*Query, kind) cost { return s.needs }

func (s *signed) judge(_ context.Context, _ *Query, c *candidate) *rejection {
	if s.by[c.tag] || s.by[c.digest] {
		return nil
	}
	return &rejection{text: "not signed"}
}

func (*signed) reason() policy.Reason { return stayUnsigned }

// Every way to an answer asks every condition, whatever it costs.
func TestNewConditionIsAskedOfEveryCandidate(t *testing.T) {
	versions := map[string]registry.Image{"1.0.0": on(1), "1.0.1": on(2), "1.0.2": on(3)}
	unsigned := func(tag string) []Rejection { return []Rejection{{tag, "not signed"}} }
	for name, tt := range map[string]struct {
		policy  string
		query   Query
		signed  string
		want    Resolution
		explain []Rejection // nil: the policy goes by no list
	}{
		"the highest that is signed": {
			policy: "patch", query: Query{Tag: "1.0.0"}, signed: "1.0.1",
			want:    Resolution{Tag: "1.0.1", Reason: policy.NewerPatch, Passed: unsigned("1.0.2")},
			explain: []Rejection{{"1.0.2", "not signed"}, {"1.0.0", "current tag"}},
		},
		"none is": {
			policy: "patch", query: Query{Tag: "1.0.0"},
			want:    Resolution{Tag: "1.0.0", Reason: stayUnsigned, Passed: []Rejection{{"1.0.2", "not signed"}, {"1.0.1", "not signed"}}},
			explain: []Rejection{{"1.0.2", "not signed"}, {"1.0.1", "not signed"}},
		},
		"the one that was built last of those that are": {
			policy: "newest", query: Query{Tag: "1.0.0"}, signed: "1.0.1",
			want: Resolution{Tag: "1.0.1", Reason: policy.BuiltLater,
				Passed: []Rejection{{"1.0.2", "not signed"}, {"1.0.0", "built 2026-01-01T00:00:00Z"}}},
			explain: []Rejection{{"1.0.2", "not signed"}, {"1.0.0", "built 2026-01-01T00:00:00Z"}},
		},
		"none of those is": {
			policy: "newest", query: Query{Tag: "1.0.0"},
			want:    Resolution{Tag: "1.0.0", Reason: stayUnsigned, Passed: []Rejection{{"1.0.2", "not signed"}, {"1.0.1", "not signed"}}},
			explain: []Rejection{{"1.0.2", "not signed"}, {"1.0.1", "not signed"}},
		},
		"the digest that a tag follows": {
			query: Query{Tag: "1.0.0", Digest: "sha256:old", Policy: force(t)},
			want:  Resolution{Tag: "1.0.0", Digest: "sha256:old", Reason: stayUnsigned, Passed: unsigned("1.0.0")},
		},
		"another image behind a tag that stays": {
			policy: "patch", query: Query{Tag: "1.0.2", Digest: "sha256:old", Pin: PinFollow},
			want: Resolution{Tag: "1.0.2", Digest: "sha256:old", Reason: stayUnsigned, Passed: unsigned("1.0.2")},
		},
		"the digest that what runs lacks": {
			policy: "patch", query: Query{Tag: "1.0.2", Pin: PinDigest},
			want: Resolution{Tag: "1.0.2", Reason: stayUnsigned, Passed: unsigned("1.0.2")},
		},
		"the digest that the newest lacks": {
			policy: "newest", query: Query{Tag: "1.0.2", Pin: PinDigest},
			want: Resolution{Tag: "1.0.2", Reason: stayUnsigned,
				Passed: []Rejection{{"1.0.2", "not signed"}, {"1.0.1", "not signed"}, {"1.0.0", "not signed"}}},
		},
	} {
		for _, needs := range []cost{costsDigest, costsImage, costsBuildDate} {
			t.Run(name, func(t *testing.T) {
				q := tt.query
				q.Repository = repo("example.com/app")
				if q.Policy == nil {
					q.Policy = parse(t, tt.policy)
				}
				throwAway := &signed{needs, map[string]bool{"sha256:" + tt.signed: true}}
				r := New(listed(versions), Options{conditions: []condition{throwAway}})
				got := resolve(t, r, q)
				if diff := gocmp.Diff(tt.want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if tt.explain == nil {
					return
				}
				explained, err := r.Explain(t.Context(), q, got)
				if diff := gocmp.Diff(tt.explain, explained); diff != "" || err != nil {
					t.Errorf("explained with error %v (-want +got):\n%s", err, diff)
				}
			})
		}
	}
}

// A condition of tags alone narrows what the policy chooses from, and costs no request.
func TestConditionOfTagsNarrowsTheList(t *testing.T) {
	source := listed(map[string]registry.Image{"1.0.0": on(1), "1.0.1": on(2), "1.0.2": on(3), "1.0.3": on(4)})
	r := New(source, Options{conditions: []condition{&signed{costsNothing, map[string]bool{"1.0.1": true}}}})
	q := Query{Repository: repo("example.com/app"), Tag: "1.0.0", Policy: parse(t, "patch")}
	got := resolve(t, r, q)
	wantTag(t, got, "1.0.1", policy.NewerPatch)
	explained, err := r.Explain(t.Context(), q, got)
	want := []Rejection{{"1.0.0", "current tag"}, {"1.0.2", "not signed"}, {"1.0.3", "not signed"}}
	if diff := gocmp.Diff(want, explained); diff != "" || err != nil {
		t.Errorf("explained with error %v (-want +got):\n%s", err, diff)
	}
	q.Tag = "1.0.1"
	got = resolve(t, r, q)
	wantTag(t, got, "1.0.1", stayUnsigned)
	if want := "1.0.3: not signed"; got.Why() != want {
		t.Errorf("why: %q, want %q", got.Why(), want)
	}
	if source.reads != 1 || len(source.looked) > 0 {
		t.Errorf("%d reads and %d looks at images, want the list alone", source.reads, len(source.looked))
	}
}

// What the answer was judged by, the explanation is judged by, too: it said of tags that
// are held that they were lower than the chosen one.
func TestExplainJudgesByTheTermsOfTheAnswer(t *testing.T) {
	versions := map[string]registry.Image{"1.0.0": built(amd64), "1.0.1": built(amd64), "1.0.2": built(amd64), "1.0.3": built(arm64)}
	const other = "not built for linux/amd64"
	for name, tt := range map[string]struct {
		query Query
		want  []Rejection
	}{
		"all that is newer is held": {
			Query{Hold: Hold{Tag: "1.0.3"}},
			[]Rejection{{"1.0.3", textHeld}, {"1.0.1", textHeld}, {"1.0.2", textHeld}},
		},
		"what is held lies below the answer": {
			Query{Hold: Hold{Tag: "1.0.2"}},
			[]Rejection{{"1.0.0", "current tag"}, {"1.0.1", textHeld}, {"1.0.2", textHeld}},
		},
		"what is held lies below one for other platforms": {
			Query{Hold: Hold{Tag: "1.0.2"}, Platforms: []Platform{amd64}},
			[]Rejection{{"1.0.3", other}, {"1.0.1", textHeld}, {"1.0.2", textHeld}},
		},
		"one for other platforms is passed over": {
			Query{Platforms: []Platform{amd64}},
			[]Rejection{{"1.0.3", other}, {"1.0.0", "current tag"}, {"1.0.1", "lower than the chosen tag"}},
		},
		"one tag alone is asked for": {
			Query{Allow: func(tag string) bool { return tag == "1.0.1" }},
			[]Rejection{{"1.0.0", "current tag"}, {"1.0.2", textNotAllowed}, {"1.0.3", textNotAllowed}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := New(listed(versions), Options{})
			q := tt.query
			q.Repository, q.Tag, q.Policy = repo("example.com/app"), "1.0.0", parse(t, "patch")
			got, err := r.Explain(t.Context(), q, resolve(t, r, q))
			if diff := gocmp.Diff(tt.want, got); diff != "" || err != nil {
				t.Errorf("error %v (-want +got):\n%s", err, diff)
			}
		})
	}
}

// A tag that was tried in vain was told as held, beside why it was not taken.
func TestHeldIsWhatTheHoldKeepsFrom(t *testing.T) {
	source := listed(map[string]registry.Image{"1.0.0": built(amd64), "1.0.1": built(amd64)})
	source.tags = append(source.tags, "1.0.2") // which has no manifest
	q := Query{Repository: repo("example.com/app"), Tag: "1.0.0", Policy: parse(t, "patch"), Pin: PinDigest, Digest: "sha256:1.0.0", Hold: Hold{Tag: "1.0.1"}}
	got := resolve(t, New(source, Options{}), q)
	wantTag(t, got, "1.0.0", StayHeld)
	want := []Rejection{{"1.0.1", textHeld}, {"1.0.2", textMissing}}
	if diff := gocmp.Diff(want, got.Passed); diff != "" {
		t.Errorf("passed over (-want +got):\n%s", diff)
	}
}
