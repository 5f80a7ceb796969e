package resolver

import (
	"cmp"
	"context"
	"fmt"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/resolver/policy"
	"github.com/garboard-dev/garboard/resolver/registry"
)

var (
	amd64 = Platform{OS: "linux", Architecture: "amd64"}
	arm64 = Platform{OS: "linux", Architecture: "arm64"}
)

func built(platforms ...Platform) registry.Image { return registry.Image{Platforms: platforms} }

// listed is a registry with an image behind each tag; the digest of 1.0.0 is
// sha256:1.0.0.
func listed(images map[string]registry.Image) *script {
	s := &script{digests: map[string]string{}, images: map[string]registry.Image{}}
	for tag, image := range images {
		s.tags = append(s.tags, tag)
		s.digests[tag], s.images["sha256:"+tag] = "sha256:"+tag, image
	}
	return s
}

func TestCandidatesMustServeThePlatforms(t *testing.T) {
	both := built(amd64, arm64)
	for name, tt := range map[string]struct {
		images    map[string]registry.Image
		platforms []Platform
		want      Resolution
	}{
		"the highest serves": {
			map[string]registry.Image{"1.0.0": both, "1.0.1": both}, []Platform{amd64, arm64},
			Resolution{Tag: "1.0.1", Reason: policy.NewerPatch},
		},
		"the next lower is taken": {
			map[string]registry.Image{"1.0.0": both, "1.0.1": both, "1.0.2": built(amd64)}, []Platform{amd64, arm64},
			Resolution{Tag: "1.0.1", Reason: policy.NewerPatch, Passed: []Rejection{{"1.0.2", "not built for linux/arm64"}}},
		},
		"none serves, and the base stays": {
			map[string]registry.Image{"1.0.0": both, "1.0.1": built(amd64), "1.0.2": built(amd64)}, []Platform{arm64},
			Resolution{Tag: "1.0.0", Reason: StayNoPlatform, Passed: []Rejection{{"1.0.2", "not built for linux/arm64"}, {"1.0.1", "not built for linux/arm64"}}},
		},
		"what is no image is passed over": {
			map[string]registry.Image{"1.0.0": both, "1.0.1": both, "1.0.2": {}}, []Platform{amd64},
			Resolution{Tag: "1.0.1", Reason: policy.NewerPatch, Passed: []Rejection{{"1.0.2", "no container image"}}},
		},
		"nobody asks about platforms": {
			map[string]registry.Image{"1.0.0": both, "1.0.1": built(arm64)}, nil,
			Resolution{Tag: "1.0.1", Reason: policy.NewerPatch},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := New(listed(tt.images), Options{})
			got := resolve(t, r, Query{Repository: repo("example.com/app"), Tag: "1.0.0", Policy: parse(t, "patch"), Platforms: tt.platforms})
			got.List = 0 // see TestNumberOfAListChangesWithItsTags
			if diff := gocmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Data that was built on one machine is mounted on nodes of other platforms, too, where its
// manifest is in no index.
func TestWhatIsMountedLacksNoPlatformThatTheBaseHas(t *testing.T) {
	both := built(amd64, arm64)
	for name, tt := range map[string]struct {
		base, next registry.Image
		mounted    bool
		want       policy.Reason
	}{
		"both were built for one platform":              {built(amd64), built(amd64), true, policy.NewerPatch},
		"for one, and then for two":                     {built(amd64), both, true, policy.NewerPatch},
		"for two, and then for one":                     {both, built(amd64), true, StayNoPlatform},
		"for one, and then for another":                 {built(amd64), built(arm64), true, StayNoPlatform},
		"both for one, of an image that has to run":     {built(amd64), built(amd64), false, StayNoPlatform},
		"the base is an artefact, which is for any one": {registry.Image{}, built(amd64), true, StayNoPlatform},
	} {
		t.Run(name, func(t *testing.T) {
			r := New(listed(map[string]registry.Image{"1.0.0": tt.base, "1.0.1": tt.next}), Options{})
			got := resolve(t, r, Query{Repository: repo("example.com/app"), Tag: "1.0.0", Policy: parse(t, "patch"), Platforms: []Platform{amd64, arm64}, Mounted: tt.mounted})
			if got.Reason != tt.want {
				t.Errorf("got %+v, want %s", got, tt.want)
			}
		})
	}
}

// Kubernetes mounts what is no image, too.
func TestWhatIsMountedMayBeAnArtefact(t *testing.T) {
	image, artefact := built(amd64), registry.Image{}
	passed := []Rejection{{"1.0.1", "no container image"}}
	for name, tt := range map[string]struct {
		base, next registry.Image
		query      Query
		want       Resolution
	}{
		"an artefact after an artefact": {
			artefact, artefact, Query{Mounted: true}, Resolution{Tag: "1.0.1", Reason: policy.NewerPatch},
		},
		"which is pinned": {
			artefact, artefact, Query{Mounted: true, Digest: "sha256:1.0.0", Pin: PinDigest}, Resolution{Tag: "1.0.1", Digest: "sha256:1.0.1", Reason: policy.NewerPatch},
		},
		"an image after an artefact": {
			artefact, image, Query{Mounted: true}, Resolution{Tag: "1.0.1", Reason: policy.NewerPatch},
		},
		"an artefact after an image": {
			image, artefact, Query{Mounted: true}, Resolution{Tag: "1.0.0", Reason: StayNoPlatform, Passed: passed},
		},
		"an artefact that would have to run": {
			artefact, artefact, Query{}, Resolution{Tag: "1.0.0", Reason: StayNoPlatform, Passed: passed},
		},
		"one that is as old as it has to be by its date alone": {
			artefact, artefact, Query{Mounted: true, MinAge: time.Hour},
			Resolution{Tag: "1.0.0", Reason: StayTooYoung, OldEnoughAt: newClock().Now().Add(time.Hour),
				Passed: []Rejection{{"1.0.1", "younger than 1h0m0s (first seen 2026-03-01T12:00:00Z)"}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := New(listed(map[string]registry.Image{"1.0.0": tt.base, "1.0.1": tt.next}), Options{Now: newClock().Now})
			q := tt.query
			q.Repository, q.Tag, q.Policy, q.Platforms = repo("example.com/app"), "1.0.0", parse(t, "patch"), []Platform{amd64}
			got := resolve(t, r, q)
			got.List = 0 // see TestNumberOfAListChangesWithItsTags
			if diff := gocmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestImagesAreReadOnce(t *testing.T) {
	now := newClock()
	source := listed(map[string]registry.Image{"1.0.0": built(amd64), "1.0.1": built(amd64), "1.0.2": {}})
	r := New(source, Options{Now: now.Now})
	q := Query{Repository: repo("example.com/app"), Tag: "1.0.0", Policy: parse(t, "patch"), Platforms: []Platform{amd64}}
	for range 3 {
		wantTag(t, resolve(t, r, q), "1.0.1", policy.NewerPatch)
		now.Advance(time.Hour)
		q.Since = now.Now()
	}
	if diff := gocmp.Diff([]string{"sha256:1.0.2", "sha256:1.0.1"}, source.looked); diff != "" {
		t.Errorf("looked at (-want +got):\n%s", diff)
	}
}

// A tag may be pushed anew for fewer platforms.
func TestForceKeepsTheDigestThatServes(t *testing.T) {
	source := listed(map[string]registry.Image{"latest": built(amd64)})
	r := New(source, Options{})
	q := Query{Repository: repo("example.com/app"), Tag: "latest", Digest: "sha256:old", Policy: parse(t, "force"), Platforms: []Platform{arm64}}
	got := resolve(t, r, q)
	wantTag(t, got, "latest", StayNoPlatform)
	if got.Digest != "sha256:old" {
		t.Errorf("got digest %s", got.Digest)
	}
	q.Platforms = []Platform{amd64}
	if got = resolve(t, r, q); got.Digest != "sha256:latest" {
		t.Errorf("got digest %s", got.Digest)
	}
}

// A digest that is known from before, and is not taken, is as old as one that is.
func TestForceTellsOfAnOldDigestThatItDoesNotTake(t *testing.T) {
	for name, q := range map[string]Query{
		"for its platforms": {Platforms: []Platform{arm64}},
		"since it is held":  {Hold: Hold{"latest", "sha256:latest"}},
	} {
		t.Run(name, func(t *testing.T) {
			now, source := newClock(), listed(map[string]registry.Image{"latest": built(amd64)})
			r := New(source, Options{Now: now.Now})
			q.Repository, q.Tag, q.Digest, q.Policy = repo("example.com/app"), "latest", "sha256:old", parse(t, "force")
			if got := resolve(t, r, q); got.Digest != q.Digest || got.Stale || got.Err != nil {
				t.Errorf("got %+v", got)
			}
			source.err = &registry.Error{Kind: registry.Unreachable}
			now.Advance(time.Minute)
			got := resolve(t, r, q)
			if got.Digest != q.Digest || !got.Stale {
				t.Errorf("during an outage: %+v", got)
			}
			wantKind(t, got.Err, registry.Unreachable)
		})
	}
}

func on(day int) registry.Image {
	return registry.Image{Platforms: []Platform{amd64}, Created: time.Date(2026, 1, day, 0, 0, 0, 0, time.UTC)}
}

func TestNewestGoesByBuildDate(t *testing.T) {
	undated, arm := built(amd64), on(20)
	arm.Platforms = []Platform{arm64}
	future := on(1)
	future.Created = future.Created.AddDate(5, 0, 0)
	for name, tt := range map[string]struct {
		policy string
		base   string // "" is main
		images map[string]registry.Image
		query  Query
		want   Resolution
	}{
		"the one that was built last": {
			images: map[string]registry.Image{"main": on(1), "a": on(3), "b": on(2)},
			want:   Resolution{Tag: "a", Reason: policy.BuiltLater, Passed: []Rejection{{"b", "built 2026-01-02T00:00:00Z"}, {"main", "built 2026-01-01T00:00:00Z"}}},
		},
		"what runs stays among equals": {
			images: map[string]registry.Image{"main": on(2), "a": on(2)},
			want:   Resolution{Tag: "main", Reason: policy.StayNewest, Passed: []Rejection{{"a", "built 2026-01-02T00:00:00Z"}}},
		},
		"no date never wins over one": {
			images: map[string]registry.Image{"main": undated, "a": undated, "b": on(2)},
			want:   Resolution{Tag: "b", Reason: policy.BuiltLater, Passed: []Rejection{{"main", "no usable build date"}, {"a", "no usable build date"}}},
		},
		"no date at all": {
			images: map[string]registry.Image{"main": undated, "a": undated},
			want:   Resolution{Tag: "main", Reason: StayNoDate, Passed: []Rejection{{"a", "no usable build date"}}},
		},
		"a date in the future counts as now, and now is later than what runs": {
			images: map[string]registry.Image{"main": on(1), "a": future},
			want:   Resolution{Tag: "a", Reason: policy.BuiltLater, Passed: []Rejection{{"main", "built 2026-01-01T00:00:00Z"}}},
		},
		"one for other platforms is passed over": {
			images: map[string]registry.Image{"main": on(1), "a": arm, "b": on(2)}, query: Query{Platforms: []Platform{amd64}},
			want: Resolution{Tag: "b", Reason: policy.BuiltLater, Passed: []Rejection{{"a", "not built for linux/amd64"}, {"main", "built 2026-01-01T00:00:00Z"}}},
		},
		"a digest is written where one is asked for": {
			images: map[string]registry.Image{"main": on(1), "a": on(3)}, query: Query{Pin: PinDigest},
			want: Resolution{Tag: "a", Digest: "sha256:a", Reason: policy.BuiltLater, Passed: []Rejection{{"main", "built 2026-01-01T00:00:00Z"}}},
		},
		"the newest gets the digest that it lacks": {
			images: map[string]registry.Image{"main": on(4), "a": on(3)}, query: Query{Pin: PinDigest},
			want: Resolution{Tag: "main", Digest: "sha256:main", Reason: PinnedBuild, Passed: []Rejection{{"a", "built 2026-01-03T00:00:00Z"}}},
		},
		"a tag that was pushed anew is followed": {
			images: map[string]registry.Image{"main": on(4), "old": on(3)}, query: Query{Pin: PinDigest, Digest: "sha256:old"},
			want: Resolution{Tag: "main", Digest: "sha256:main", Reason: policy.BuiltLater, Passed: []Rejection{{"old", "built 2026-01-03T00:00:00Z"}}},
		},
		"force moves a version up alone": {
			policy: "force", base: "1.1.0",
			images: map[string]registry.Image{"1.0.9": on(9), "1.1.0": on(1), "1.2.0": on(2), "1.3.0": on(3)},
			want:   Resolution{Tag: "1.3.0", Reason: policy.BuiltLater, Passed: []Rejection{{"1.2.0", "built 2026-01-02T00:00:00Z"}, {"1.1.0", "built 2026-01-01T00:00:00Z"}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for i := range 3 { // answers do not depend on the order of a map
				source := listed(tt.images)
				now := newClock()
				r := New(source, Options{Now: now.Now})
				q := tt.query
				q.Repository, q.Tag, q.Policy = repo("example.com/app"), "main", parse(t, "newest")
				if tt.policy != "" {
					q.Tag, q.Policy = tt.base, parse(t, tt.policy)
				}
				got := resolve(t, r, q)
				if diff := gocmp.Diff(tt.want, got); diff != "" {
					t.Fatalf("try %d (-want +got):\n%s", i, diff)
				}
				if preferred := got.Preferred(); preferred != "" { // to the one that was built last
					t.Fatalf("it says that it preferred %q", preferred)
				}
			}
		})
	}
}

// The look-ups are bounded, a digest is looked at once, and a tag is asked
// about again only after a while, also by polls.
func TestNewestIsBounded(t *testing.T) {
	images := map[string]registry.Image{"main": on(1)}
	for i := range 200 {
		images[fmt.Sprintf("build-%d", i)] = on(2)
	}
	now, source := newClock(), listed(images)
	r := New(source, Options{Now: now.Now})
	q := Query{Repository: repo("example.com/app"), Tag: "main", Policy: parse(t, "newest")}
	got := resolve(t, r, q)
	wantTag(t, got, "build-199", policy.BuiltLater)
	if want := "only the 50 highest of 200 tags were looked at; narrow them with filter"; got.Warning != want {
		t.Errorf("got warning %q, want %q", got.Warning, want)
	}
	if want := 1 + 51; source.reads != want || len(source.looked) != 51 {
		t.Errorf("%d reads and %d looks, want %d and 51", source.reads, len(source.looked), want)
	}
	source.reads = 0
	resolve(t, r, q)
	if source.reads != 0 {
		t.Errorf("%d reads of a warm answer", source.reads)
	}
	now.Advance(time.Minute)
	q.Since = now.Now()
	resolve(t, r, q)
	if source.reads != 2 || len(source.looked) != 51 { // the list, and what runs
		t.Errorf("%d reads of a poll, and %d looks in all", source.reads, len(source.looked))
	}
}

// Each date that lies in the future was cut to its own moment: equals were not
// equal any more, and what was looked at last won, poll after poll.
func TestDatesInTheFutureAreEqual(t *testing.T) {
	images := map[string]registry.Image{}
	for _, tag := range []string{"main", "a", "b", "c"} {
		image := on(1)
		image.Created = image.Created.AddDate(5, 0, 0)
		images[tag] = image
	}
	now := newClock()
	ticking := func() time.Time { now.Advance(time.Nanosecond); return now.Now() }
	r := New(listed(images), Options{Now: ticking})
	for range 20 {
		wantTag(t, resolve(t, r, Query{Repository: repo("example.com/app"), Tag: "main", Policy: parse(t, "newest")}), "main", policy.StayNewest)
	}
}

// The newest of those that were read in time would be a rollout each time that
// more of them are.
func TestNewestWaitsForAllDates(t *testing.T) {
	source := listed(map[string]registry.Image{"main": on(1), "a": on(3), "b": on(2)})
	r := New(&unread{script: source, digest: "sha256:a"}, Options{})
	got := resolve(t, r, Query{Repository: repo("example.com/app"), Tag: "main", Policy: parse(t, "newest")})
	wantTag(t, got, "main", StayNoDate)
	if got.Warning != WarningNotAllDated {
		t.Errorf("got warning %q", got.Warning)
	}
}

// unread has one image that comes too late, or makes no sense.
type unread struct {
	*script
	digest string
	kind   registry.Kind
}

func (u *unread) Image(ctx context.Context, repository Repository, digest string, c Credential, dated bool) (registry.Image, error) {
	if digest == u.digest {
		return registry.Image{}, &registry.Error{Kind: cmp.Or(u.kind, registry.Timeout), Repository: repository.String()}
	}
	return u.script.Image(ctx, repository, digest, c, dated)
}

// A manifest that makes no sense says something about its tag, and nothing about
// the others: all updates would wait for it.
func TestBadManifestIsPassedOver(t *testing.T) {
	for _, kind := range []registry.Kind{registry.BadAnswer, registry.TooLarge} {
		source := listed(map[string]registry.Image{"1.0.0": built(amd64), "1.0.1": built(amd64), "1.0.2": built(amd64)})
		r := New(&unread{source, "sha256:1.0.2", kind}, Options{})
		q := Query{Repository: repo("example.com/app"), Tag: "1.0.0", Policy: parse(t, "patch"), Platforms: []Platform{amd64}}
		wantTag(t, resolve(t, r, q), "1.0.1", policy.NewerPatch)
	}
}
