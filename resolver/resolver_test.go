package resolver

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/resolver/policy"
	"github.com/garboard-dev/garboard/resolver/registry"
	"github.com/garboard-dev/garboard/resolver/registry/auth"
)

func TestWarmResolutionMakesNoRequest(t *testing.T) {
	w := newWorld(t)
	w.push("1.2.0", "1.2.7", "1.3.0")
	r := w.resolver()

	wantTag(t, resolve(t, r, w.query("patch", "1.2.0")), "1.2.7", policy.NewerPatch)
	if w.all != 2 {
		t.Errorf("cold: %d requests, want ping and list", w.all)
	}
	w.since()
	w.clock.Advance(time.Minute - time.Nanosecond)
	wantTag(t, resolve(t, r, w.query("minor", "1.2.0")), "1.3.0", policy.NewerMinor)
	w.wantRequests(t, 0, 0)
	w.clock.Advance(time.Nanosecond)
	resolve(t, r, w.query("minor", "1.2.0"))
	w.wantRequests(t, 1, 0)
}

func TestPolicyThatNeedsNoListMakesNoRequest(t *testing.T) {
	w := newWorld(t)
	r := w.resolver()
	excluded, err := policy.Parse(policy.Spec{Name: "force", Exclude: []string{"latest"}})
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		policy *policy.Policy
		tag    string
		want   policy.Reason
	}{
		"never":                        {parse(t, "never"), "1.0.0", policy.StayNever},
		"a level and no version":       {parse(t, "patch"), "latest", policy.StayNotAVersion},
		"a level and no tag":           {parse(t, "all"), "", policy.StayNoCurrent},
		"force at a tag it may not be": {excluded, "latest", policy.StayNoCandidate},
	} {
		t.Run(name, func(t *testing.T) {
			got := resolve(t, r, Query{Repository: repo(w.repository()), Tag: tt.tag, Policy: tt.policy, Pin: PinDigest})
			wantTag(t, got, tt.tag, tt.want)
		})
	}
	if w.all != 0 {
		t.Errorf("%d requests", w.all)
	}
}

// A push followed by an apply just works, before the list is old.
func TestWantedTagIsLookedForOnce(t *testing.T) {
	w := newWorld(t)
	w.push("1.2.0")
	r := w.resolver()
	q := w.query("patch", "1.2.0")
	resolve(t, r, q)
	w.since()

	w.push("1.2.1")
	wantTag(t, resolve(t, r, q), "1.2.0", policy.StayNewest) // the list is young
	q.Want = []string{"1.2.1"}
	wantTag(t, resolve(t, r, q), "1.2.1", policy.NewerPatch)
	w.wantRequests(t, 1, 0)

	q.Want = []string{"9.9.9"}
	resolve(t, r, q)
	resolve(t, r, q)
	w.wantRequests(t, 1, 0) // it is not there, and is not asked for again
	w.clock.Advance(30 * time.Second)
	q.Want = []string{"8.8.8"}
	resolve(t, r, q)
	w.wantRequests(t, 1, 0)
}

func TestReplicasAgreeOnWhatOneHasSeen(t *testing.T) {
	w := newWorld(t)
	w.push("1.2.0")
	webhook, updater := w.resolver(), w.resolver()
	q := w.query("patch", "1.2.0")
	resolve(t, webhook, q)

	w.push("1.2.1")
	target := resolve(t, updater, q).Tag
	q.Want = []string{target}
	wantTag(t, resolve(t, webhook, q), target, policy.NewerPatch)
}

// All queries of a poll share one read, be it of a young list or in vain.
func TestSinceReadsOnceAPoll(t *testing.T) {
	w := newWorld(t)
	w.push("1.2.0")
	r := w.resolver()
	q := w.query("patch", "1.2.0")
	resolve(t, r, q)
	w.push("1.2.1")
	w.since()

	w.clock.Advance(time.Second)
	q.Since = w.clock.Now()
	for range 3 {
		wantTag(t, resolve(t, r, q), "1.2.1", policy.NewerPatch)
	}
	w.wantRequests(t, 1, 0)

	w.breaks(down)
	w.clock.Advance(time.Second)
	q.Since = w.clock.Now()
	for range 3 {
		if got := resolve(t, r, q); !got.Stale {
			t.Errorf("during an outage: %+v", got)
		}
	}
	w.wantRequests(t, 1, 0)
}

type secrets map[string]Credential

func (s secrets) For(_ context.Context, repository Repository) ([]Credential, error) {
	credential, ok := s[repository.String()]
	if !ok {
		return nil, errors.New("no such secret")
	}
	return []Credential{credential}, nil
}

func TestListsAreNotSharedAcrossCredentials(t *testing.T) {
	source := &script{tags: []string{"1.0.0", "1.0.1"}}
	r := New(source, Options{})
	q := Query{Repository: repo("example.com/app"), Tag: "1.0.0", Policy: parse(t, "patch")}
	for _, finder := range []Credentials{nil, secrets{q.Repository.String(): auth.Basic("a", "b")}, secrets{q.Repository.String(): auth.Basic("a", "c")}, nil} {
		q.Credentials = finder
		resolve(t, r, q)
	}
	if source.reads != 3 || source.seen[1] == source.seen[2] {
		t.Errorf("%d reads with %q, want one a credential", source.reads, source.seen)
	}

	q.Credentials, source.refuses = secrets{q.Repository.String(): auth.Basic("a", "d")}, map[string]bool{auth.Basic("a", "d").ID(): true}
	_, err := r.Resolve(t.Context(), q)
	if _, ok := errors.AsType[*Unavailable](err); !ok {
		t.Errorf("got error %v, want an *Unavailable: no answer of another credential", err)
	}
}

func TestQueriesThatMakeNoSense(t *testing.T) {
	r := New(&script{}, Options{})
	for name, q := range map[string]Query{
		"no policy":     {Repository: repo("example.com/app"), Tag: "1"},
		"no repository": {Policy: parse(t, "all"), Tag: "1"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := r.Resolve(t.Context(), q)
			if _, ok := errors.AsType[*Unavailable](err); !ok {
				t.Errorf("got error %v, want an *Unavailable", err)
			}
			if got.Tag != q.Tag {
				t.Errorf("got tag %q, want the base", got.Tag)
			}
			if _, err := r.Explain(t.Context(), q, Resolution{}); err == nil {
				t.Error("Explain: no error")
			}
		})
	}
}

func TestAllowNarrowsTheCandidates(t *testing.T) {
	r := New(&script{tags: []string{"1.0.0", "1.0.1", "1.0.2"}}, Options{})
	q := Query{Repository: repo("example.com/app"), Tag: "1.0.0", Policy: parse(t, "patch")}
	q.Allow = func(tag string) bool { return tag != "1.0.2" }
	wantTag(t, resolve(t, r, q), "1.0.1", policy.NewerPatch)
}

func TestMemoryIsBounded(t *testing.T) {
	now := newClock()
	r := New(&script{tags: []string{"1.0.0"}}, Options{Now: now.Now, MaxEntries: 2})
	for _, name := range []string{"a", "b", "c", "d"} {
		resolve(t, r, Query{Repository: repo("example.com/" + name), Tag: "1.0.0", Policy: parse(t, "patch")})
	}
	if got := r.lists.Len(); got != 2 {
		t.Errorf("%d lists are kept, want 2", got)
	}
	now.Advance(32 * 24 * time.Hour)
	resolve(t, r, Query{Repository: repo("example.com/e"), Tag: "1.0.0", Policy: parse(t, "patch")})
	if got := r.lists.Len(); got != 1 {
		t.Errorf("%d lists are kept after 32 days, want the used one", got)
	}
}

// Three lists of half the limit each: the two that were used last are kept, and
// the third is read again when it is asked for.
func TestTagsAreBoundedInAll(t *testing.T) {
	source := &script{tags: []string{"1.0.0", "1.0.1", "1.0.2"}}
	r := New(source, Options{MaxBytes: 2 * 3 * (5 + perTag)})
	for _, step := range []struct {
		name  string
		reads int
	}{{"a", 1}, {"b", 2}, {"a", 2}, {"c", 3}, {"a", 3}, {"b", 4}} {
		resolve(t, r, Query{Repository: repo("example.com/" + step.name), Tag: "1.0.0", Policy: parse(t, "patch")})
		if source.reads != step.reads {
			t.Errorf("%s: %d reads, want %d", step.name, source.reads, step.reads)
		}
	}
}

// Without the answer, Explain goes by what the policy alone would choose: it
// lists the chosen tag as rejected, and leaves out the one that was passed over.
func TestExplain(t *testing.T) {
	const absent, gone = "not chosen: " + WarningLacksTag, "listed, but has no manifest"
	timeout := &registry.Error{Kind: registry.Timeout}
	for name, tt := range map[string]struct {
		tags    []string
		digests map[string]string
		err     error // of digests
		pin     Pin
		want    []Rejection
	}{
		"a move": {
			tags: []string{"1.0.0", "1.0.1", "1.0.2", "1.1.0", "v1.0.2"},
			want: []Rejection{
				{"1.0.0", "current tag"}, {"1.0.1", "lower than the chosen tag"}, {"1.1.0", "other minor version"},
				{"v1.0.2", "same version as the chosen tag"},
			},
		},
		"nothing newer": {
			tags: []string{"1.0.0", "1.1.0"},
			want: []Rejection{{"1.1.0", "other minor version"}},
		},
		"a list without the base": {
			tags: []string{"1.0.1", "1.0.2", "1.1.0"},
			want: []Rejection{{"1.0.2", absent}, {"1.0.1", absent}, {"1.1.0", "other minor version"}},
		},
		"a listed tag that is gone": {
			tags: []string{"1.0.0", "1.0.1", "1.0.2", "v1.0.1"}, digests: map[string]string{"1.0.1": "sha256:one"}, pin: PinDigest,
			want: []Rejection{{"1.0.2", gone}, {"1.0.0", "current tag"}, {"v1.0.1", "same version as the chosen tag"}},
		},
		"more of them than are tried": {
			tags: []string{"1.0.0", "1.0.1", "1.0.2", "1.0.3", "1.0.4", "1.0.5", "1.0.6", "1.0.7", "1.0.8", "1.0.9"}, pin: PinDigest,
			want: []Rejection{
				{"1.0.9", gone}, {"1.0.8", gone}, {"1.0.7", gone}, {"1.0.6", gone}, {"1.0.5", gone}, {"1.0.4", gone},
				{"1.0.3", gone}, {"1.0.2", gone}, {"1.0.1", "not chosen: " + Text(StayNoDigest)},
			},
		},
		"digests that cannot be read": {
			tags: []string{"1.0.0", "1.0.1", "1.0.2"}, err: timeout, pin: PinDigest,
			want: []Rejection{{"1.0.2", Text(StayNoDigest)}, {"1.0.1", "not chosen: " + Text(StayNoDigest)}},
		},
		"no tags": {},
	} {
		t.Run(name, func(t *testing.T) {
			r := New(&pinned{script{tags: tt.tags, digests: tt.digests}, tt.err}, Options{})
			q := Query{Repository: repo("example.com/app"), Tag: "1.0.0", Digest: "sha256:old", Policy: parse(t, "patch"), Pin: tt.pin}
			got, err := r.Explain(t.Context(), q, resolve(t, r, q))
			if diff := cmp.Diff(tt.want, got); diff != "" || err != nil {
				t.Errorf("error %v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestTextOfReasons(t *testing.T) {
	for _, reason := range []policy.Reason{PinnedDigest, PinnedBuild, StayRegistryUnavailable, StayNotInList, StayEmptyList, StayNoDigest, StayNoDate, StayNoPlatform, policy.NewerPatch} {
		if text := Text(reason); text == "" || text == string(reason) {
			t.Errorf("text of %s is %q", reason, text)
		}
	}
}

func BenchmarkResolve(b *testing.B) {
	for _, name := range []string{"patch", "semver:>=1.2 <2", "glob:1.*"} {
		b.Run("warm/"+name, func(b *testing.B) {
			tags := make([]string, 0, 1000)
			for i := range cap(tags) {
				tags = append(tags, fmt.Sprintf("1.%d.%d", i/20, i%20))
			}
			r := New(&script{tags: tags}, Options{})
			q := Query{Repository: repo("registry.example.com/team/app"), Tag: "1.2.0", Policy: parse(b, name)}
			if _, err := r.Resolve(b.Context(), q); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.Resolve(b.Context(), q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
