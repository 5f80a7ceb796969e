package resolver

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/garboard-dev/garboard/resolver/policy"
	"github.com/garboard-dev/garboard/resolver/registry"
)

const threeDays = 72 * time.Hour

// aged is an image that was built so long before the clock's first moment.
func aged(age time.Duration) registry.Image {
	return registry.Image{Platforms: []Platform{amd64}, Created: newClock().Now().Add(-age)}
}

func TestImagesMustBeOldEnough(t *testing.T) {
	const old, day = 100 * 24 * time.Hour, 24 * time.Hour
	start := newClock().Now()
	tooYoung := func(tag, built string) Rejection {
		return Rejection{tag, "younger than 72h0m0s (built " + built + ")"}
	}
	yesterday := "2026-02-28T12:00:00Z"
	wrongPlatform := aged(day)
	wrongPlatform.Platforms = []Platform{arm64}
	for name, tt := range map[string]struct {
		images map[string]registry.Image
		query  Query
		want   Resolution
	}{
		"the highest is old enough to the second": {
			images: map[string]registry.Image{"1.0.0": aged(old), "1.0.1": aged(threeDays)},
			want:   Resolution{Tag: "1.0.1", Reason: policy.NewerPatch},
		},
		"the next lower is taken, and the first will do in two days": {
			images: map[string]registry.Image{"1.0.0": aged(old), "1.0.1": aged(4 * day), "1.0.2": aged(day)},
			want: Resolution{Tag: "1.0.1", Reason: policy.NewerPatch, OldEnoughAt: start.Add(2 * day),
				Passed: []Rejection{tooYoung("1.0.2", yesterday)}},
		},
		"all are too young, and what is told is when the first of them will do": {
			images: map[string]registry.Image{"1.0.0": aged(old), "1.0.1": aged(2 * day), "1.0.2": aged(day)},
			want: Resolution{Tag: "1.0.0", Reason: StayTooYoung, OldEnoughAt: start.Add(day),
				Passed: []Rejection{tooYoung("1.0.2", yesterday), tooYoung("1.0.1", "2026-02-27T12:00:00Z")}},
		},
		"what runs may be as young as it likes": {
			images: map[string]registry.Image{"1.0.0": aged(0)},
			want:   Resolution{Tag: "1.0.0", Reason: policy.StayNewest},
		},
		"nobody asks for an age": {
			images: map[string]registry.Image{"1.0.0": aged(old), "1.0.1": aged(0)}, query: Query{MinAge: -1},
			want: Resolution{Tag: "1.0.1", Reason: policy.NewerPatch},
		},
		"one that never serves is told as that, and not waited for": {
			images: map[string]registry.Image{"1.0.0": aged(old), "1.0.1": wrongPlatform}, query: Query{Platforms: []Platform{amd64}},
			want: Resolution{Tag: "1.0.0", Reason: StayNoPlatform, Passed: []Rejection{{"1.0.1", "not built for linux/amd64"}}},
		},
		"a young one beside one that never serves is waited for": {
			images: map[string]registry.Image{"1.0.0": aged(old), "1.0.1": aged(day), "1.0.2": wrongPlatform}, query: Query{Platforms: []Platform{amd64}},
			want: Resolution{Tag: "1.0.0", Reason: StayTooYoung, OldEnoughAt: start.Add(2 * day),
				Passed: []Rejection{{"1.0.2", "not built for linux/amd64"}, tooYoung("1.0.1", yesterday)}},
		},
		"a date in the future counts from the first look": {
			images: map[string]registry.Image{"1.0.0": aged(old), "1.0.1": aged(-1000 * day)},
			want: Resolution{Tag: "1.0.0", Reason: StayTooYoung, OldEnoughAt: start.Add(threeDays),
				Passed: []Rejection{{"1.0.1", "younger than 72h0m0s (first seen 2026-03-01T12:00:00Z)"}}},
		},
		"no date counts from the first look": {
			images: map[string]registry.Image{"1.0.0": aged(old), "1.0.1": built(amd64)},
			want: Resolution{Tag: "1.0.0", Reason: StayTooYoung, OldEnoughAt: start.Add(threeDays),
				Passed: []Rejection{{"1.0.1", "younger than 72h0m0s (first seen 2026-03-01T12:00:00Z)"}}},
		},
		"a held one is not waited for": {
			images: map[string]registry.Image{"1.0.0": aged(old), "1.0.1": aged(day)}, query: Query{Hold: Hold{Tag: "1.0.1"}},
			want: Resolution{Tag: "1.0.0", Reason: StayHeld, Passed: []Rejection{{"1.0.1", textHeld}}},
		},
		"a new digest of the same tag": {
			images: map[string]registry.Image{"latest": aged(day)},
			query:  Query{Tag: "latest", Digest: "sha256:old", Policy: parse(t, "force"), Pin: PinDigest},
			want: Resolution{Tag: "latest", Digest: "sha256:old", Reason: StayTooYoung, OldEnoughAt: start.Add(2 * day),
				Passed: []Rejection{tooYoung("latest", yesterday)}},
		},
		"an old digest of the same tag": {
			images: map[string]registry.Image{"latest": aged(4 * day)},
			query:  Query{Tag: "latest", Digest: "sha256:old", Policy: parse(t, "force"), Pin: PinDigest},
			want:   Resolution{Tag: "latest", Digest: "sha256:latest", Reason: policy.SameTag},
		},
		"the digest that what runs lacks": {
			images: map[string]registry.Image{"1.0.0": aged(day)}, query: Query{Pin: PinDigest},
			want: Resolution{Tag: "1.0.0", Reason: StayTooYoung, OldEnoughAt: start.Add(2 * day),
				Passed: []Rejection{tooYoung("1.0.0", yesterday)}},
		},
		"the digest that what runs lacks, while a higher tag is too young": {
			images: map[string]registry.Image{"1.0.0": aged(old), "1.0.1": aged(day)}, query: Query{Pin: PinDigest},
			want: Resolution{Tag: "1.0.0", Digest: "sha256:1.0.0", Reason: PinnedDigest, OldEnoughAt: start.Add(2 * day),
				Passed: []Rejection{tooYoung("1.0.1", yesterday)}},
		},
		"by build date, the last that is old enough": {
			images: map[string]registry.Image{"main": aged(old), "a": aged(day), "b": aged(4 * day)},
			query:  Query{Tag: "main", Policy: parse(t, "newest")},
			want: Resolution{Tag: "b", Reason: policy.BuiltLater, OldEnoughAt: start.Add(2 * day),
				Passed: []Rejection{tooYoung("a", yesterday), {"main", "built 2025-11-21T12:00:00Z"}}},
		},
		"by build date, none is old enough": {
			images: map[string]registry.Image{"main": aged(old), "a": aged(day)},
			query:  Query{Tag: "main", Policy: parse(t, "newest")},
			want: Resolution{Tag: "main", Reason: StayTooYoung, OldEnoughAt: start.Add(2 * day),
				Passed: []Rejection{tooYoung("a", yesterday)}},
		},
		"by build date, a date in the future counts from the first look": {
			images: map[string]registry.Image{"main": aged(old), "a": aged(-1000 * day)},
			query:  Query{Tag: "main", Policy: parse(t, "newest")},
			want: Resolution{Tag: "main", Reason: StayTooYoung, OldEnoughAt: start.Add(threeDays),
				Passed: []Rejection{{"a", "younger than 72h0m0s (first seen 2026-03-01T12:00:00Z)"}}},
		},
		"by build date, the digest that what runs lacks": {
			images: map[string]registry.Image{"main": aged(day)},
			query:  Query{Tag: "main", Policy: parse(t, "newest"), Pin: PinDigest},
			want: Resolution{Tag: "main", Reason: StayTooYoung, OldEnoughAt: start.Add(2 * day),
				Passed: []Rejection{tooYoung("main", yesterday)}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			q := tt.query
			q.Repository = repo("example.com/app")
			if q.Policy == nil {
				q.Tag, q.Policy = "1.0.0", parse(t, "patch")
			}
			if q.MinAge == 0 {
				q.MinAge = threeDays
			}
			got := resolve(t, New(listed(tt.images), Options{Now: newClock().Now}), q)
			got.List = 0 // see TestNumberOfAListChangesWithItsTags
			if diff := gocmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A reproducible build has no date of its own. If it counted as old, whoever sets
// SOURCE_DATE_EPOCH to nothing would be past the gate at once; if it counted as
// young for ever, it would never be moved to.
func TestAgeWithoutADateCountsFromTheFirstLook(t *testing.T) {
	now := newClock()
	source := listed(map[string]registry.Image{"1.0.0": built(amd64), "1.0.1": built(amd64)})
	r := New(source, Options{Now: now.Now})
	q := Query{Repository: repo("example.com/app"), Tag: "1.0.0", Policy: parse(t, "patch"), MinAge: threeDays}
	got := resolve(t, r, q)
	wantTag(t, got, "1.0.0", StayTooYoung)
	now.Advance(threeDays - time.Nanosecond)
	wantTag(t, resolve(t, r, q), "1.0.0", StayTooYoung)
	now.Advance(time.Nanosecond)
	if !now.Now().Equal(got.OldEnoughAt) {
		t.Errorf("it is %s, and it was told that the tag would do at %s", now.Now(), got.OldEnoughAt)
	}
	wantTag(t, resolve(t, r, q), "1.0.1", policy.NewerPatch)

	// A tag that is pushed anew is another image.
	source.digests["1.0.1"], source.images["sha256:new"] = "sha256:new", built(amd64)
	now.Advance(time.Minute)
	wantTag(t, resolve(t, r, q), "1.0.0", StayTooYoung)
}

// The snapshot is a file: what it said of ages would be believed of whoever wrote it.
func TestAgeCountsAnewAfterARestart(t *testing.T) {
	now := newClock()
	source := listed(map[string]registry.Image{"1.0.0": built(amd64), "1.0.1": built(amd64)})
	for digest := range source.images { // those of a snapshot are checked
		tag := strings.TrimPrefix(digest, "sha256:")
		long := "sha256:" + strings.Repeat("0", 59) + strings.ReplaceAll(tag, ".", "0")
		source.digests[tag], source.images[long] = long, built(amd64)
	}
	before := New(source, Options{Now: now.Now})
	q := Query{Repository: repo("example.com/app"), Tag: "1.0.0", Policy: parse(t, "patch"), MinAge: threeDays}
	resolve(t, before, q)
	now.Advance(threeDays)
	wantTag(t, resolve(t, before, q), "1.0.1", policy.NewerPatch)
	after := New(source, Options{Now: now.Now})
	if err := after.Restore(before.Known()); err != nil {
		t.Fatal(err)
	}
	looked := len(source.looked)
	wantTag(t, resolve(t, after, q), "1.0.0", StayTooYoung)
	if len(source.looked) != looked {
		t.Error("the image that the snapshot knows was read again")
	}
}

// A pipeline that pushes more often than minAge would never be moved on if only a
// few were looked at, and cost a request a tag for ever if all were.
func TestYoungTagsArePassedOverWithinBounds(t *testing.T) {
	for name, tt := range map[string]struct {
		young   int
		want    string
		reason  policy.Reason
		warning string
		looks   int
	}{
		"more than may be broken": {maxTried + 10, "1.0.1", policy.NewerPatch, "", maxTried + 11},
		"more than are looked at": {maxYoung + 10, "1.0.0", StayTooYoung, "the 50 highest tags are younger than minAge; narrow them with filter", maxYoung},
	} {
		t.Run(name, func(t *testing.T) {
			images := map[string]registry.Image{"1.0.0": aged(1000 * time.Hour), "1.0.1": aged(100 * time.Hour)}
			for i := range tt.young {
				images["1.0."+strconv.Itoa(i+2)] = aged(time.Hour)
			}
			source := listed(images)
			r := New(source, Options{Now: newClock().Now})
			q := Query{Repository: repo("example.com/app"), Tag: "1.0.0", Policy: parse(t, "patch"), MinAge: threeDays}
			got := resolve(t, r, q)
			wantTag(t, got, tt.want, tt.reason)
			if got.Warning != tt.warning {
				t.Errorf("it warns %q, want %q", got.Warning, tt.warning)
			}
			resolve(t, r, q)
			if len(source.looked) != tt.looks {
				t.Errorf("%d images were read for two answers, want %d", len(source.looked), tt.looks)
			}
		})
	}
}

func TestAgeThatCannotBeReadIsNoAge(t *testing.T) {
	source := listed(map[string]registry.Image{"1.0.0": aged(1000 * time.Hour), "1.0.1": aged(1000 * time.Hour)})
	r := New(&unread{script: source, digest: "sha256:1.0.1"}, Options{Now: newClock().Now})
	got := resolve(t, r, Query{Repository: repo("example.com/app"), Tag: "1.0.0", Policy: parse(t, "patch"), MinAge: threeDays})
	wantTag(t, got, "1.0.0", StayTooYoung)
	if want := "1.0.1: its manifest could not be read: registry did not answer in time"; got.Why() != want {
		t.Errorf("why: %q, want %q", got.Why(), want)
	}
}

func TestWhyTellsWhenTheFirstIsOldEnough(t *testing.T) {
	source := listed(map[string]registry.Image{"1.0.0": aged(1000 * time.Hour), "1.0.1": aged(time.Hour)})
	got := resolve(t, New(source, Options{Now: newClock().Now}),
		Query{Repository: repo("example.com/app"), Tag: "1.0.0", Policy: parse(t, "patch"), MinAge: threeDays})
	if want := "newer tags are younger than minAge, the first of them until 2026-03-04T11:00:00Z"; got.Why() != want {
		t.Errorf("why: %q, want %q", got.Why(), want)
	}
}

// Whatever the policy, the dates and the moment: nothing is moved to that is
// younger than minAge, and nothing that is old enough is waited for.
func TestNothingYoungerThanMinAgeIsAnswered(t *testing.T) {
	policies := []string{"all", "major", "minor", "patch", "semver:>=1.0.0", "glob:*", "newest", "force"}
	moved := 0
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 6))
		now := newClock()
		images := map[string]registry.Image{"1.0.0": aged(2000 * time.Hour)}
		for i := range 12 {
			image := aged(time.Duration(random.IntN(240)-24) * time.Hour)
			if random.IntN(4) == 0 {
				image = built(amd64)
			}
			images[fmt.Sprintf("1.%d.%d", i/4, i%4+1)] = image
		}
		r := New(listed(images), Options{Now: now.Now})
		start := now.Now()
		for range 4 {
			q := Query{
				Repository: repo("example.com/app"), Tag: "1.0.0", Digest: "sha256:1.0.0", Policy: parse(t, policies[random.IntN(len(policies))]),
				MinAge: time.Duration(random.IntN(120)) * time.Hour, Pin: []Pin{PinTag, PinDigest}[random.IntN(2)],
			}
			got := resolve(t, r, q)
			image := images[got.Tag]
			born := image.Created
			if born.IsZero() || born.After(now.Now()) {
				born = start // which the first look is not before
			}
			if got.Moved(q) && now.Now().Sub(born) < q.MinAge {
				t.Fatalf("seed %d: %s, %s old, was answered by %s with minAge %s", seed, got.Tag, now.Now().Sub(born), q.Policy.Name(), q.MinAge)
			}
			if !got.OldEnoughAt.IsZero() && !got.OldEnoughAt.After(now.Now()) {
				t.Fatalf("seed %d: at %s it is told to wait until %s", seed, now.Now(), got.OldEnoughAt)
			}
			if got.Moved(q) {
				moved++
			}
			now.Advance(time.Duration(random.IntN(100)) * time.Hour)
		}
	}
	if moved < 300 {
		t.Errorf("only %d of 1200 answers moved: the dates leave nothing to choose", moved)
	}
}

// The date is read from a real registry, and read once.
func TestAgeIsReadFromTheRegistry(t *testing.T) {
	w := newWorld(t)
	for tag, age := range map[string]time.Duration{"1.2.0": 1000 * time.Hour, "1.2.7": 100 * time.Hour, "1.2.8": time.Hour} {
		w.pushBuilt(tag, w.clock.Now().Add(-age))
	}
	r := w.resolver()
	q := w.query("patch", "1.2.0")
	q.MinAge = threeDays
	got := resolve(t, r, q)
	wantTag(t, got, "1.2.7", policy.NewerPatch)
	if want := w.clock.Now().Add(threeDays - time.Hour); !got.OldEnoughAt.Equal(want) {
		t.Errorf("the next is old enough at %s, want %s", got.OldEnoughAt, want)
	}
	w.since()
	resolve(t, r, q)
	if w.all != 0 {
		t.Errorf("%d requests of a warm answer", w.all)
	}
	w.clock.Advance(threeDays - time.Hour)
	wantTag(t, resolve(t, r, q), "1.2.8", policy.NewerPatch)
}

// pushBuilt pushes an image that was built at a moment.
func (w *world) pushBuilt(tag string, at time.Time) {
	w.t.Helper()
	image, err := random.Image(16, 1)
	if err != nil {
		w.t.Fatal(err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		w.t.Fatal(err)
	}
	config.OS, config.Architecture, config.Created = "linux", "amd64", v1.Time{Time: at}
	if image, err = mutate.ConfigFile(image, config); err != nil {
		w.t.Fatal(err)
	}
	reference, err := name.ParseReference(w.repository()+":"+tag, name.Insecure)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := remote.Write(reference, image, remote.WithContext(w.t.Context())); err != nil {
		w.t.Fatal(err)
	}
}
