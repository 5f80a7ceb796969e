package resolver

import (
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/resolver/policy"
	"github.com/garboard-dev/garboard/resolver/registry"
)

// builtOn is an image of a year; the tag of 2024's is what runs.
func builtOn(year int) registry.Image {
	return registry.Image{Platforms: []Platform{amd64}, Created: time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)}
}

func TestHoldKeepsFromGoingBack(t *testing.T) {
	images := map[string]registry.Image{}
	for _, tag := range []string{"1.2.6", "1.2.7", "1.2.8", "1.3.0"} {
		images[tag] = built(amd64)
	}
	dated := map[string]registry.Image{"a": builtOn(2024), "b": builtOn(2025), "c": builtOn(2026)}
	held := func(tag string) []Rejection { return []Rejection{{tag, textHeld}} }
	for name, tt := range map[string]struct {
		images map[string]registry.Image
		policy string
		base   Query
		hold   Hold
		want   Resolution
	}{
		"the version that was left is no candidate": {
			images, "patch", Query{Tag: "1.2.7"}, Hold{Tag: "1.2.8"},
			Resolution{Tag: "1.2.7", Reason: StayHeld, Passed: held("1.2.8")},
		},
		"neither is one between it and what runs": {
			images, "patch", Query{Tag: "1.2.6"}, Hold{Tag: "1.2.8"},
			Resolution{Tag: "1.2.6", Reason: StayHeld, Passed: held("1.2.8")},
		},
		"a higher one is": {
			images, "minor", Query{Tag: "1.2.7"}, Hold{Tag: "1.2.8"}, Resolution{Tag: "1.3.0", Reason: policy.NewerMinor},
		},
		"one that the policy does not reach holds nothing": {
			images, "patch", Query{Tag: "1.2.7"}, Hold{Tag: "1.2.5"}, Resolution{Tag: "1.2.8", Reason: policy.NewerPatch},
		},
		"one of another line holds nothing": {
			images, "patch", Query{Tag: "1.2.7"}, Hold{Tag: "1.2.8-alpine"}, Resolution{Tag: "1.2.8", Reason: policy.NewerPatch},
		},
		"a range that demands to go down does": {
			images, "semver:<1.2.7", Query{Tag: "1.2.8"}, Hold{Tag: "1.3.0"}, Resolution{Tag: "1.2.6", Reason: policy.IntoRange},
		},
		"matches are held in their order": {
			images, "glob:1.*", Query{Tag: "1.2.6"}, Hold{Tag: "1.3.0"},
			Resolution{Tag: "1.2.6", Reason: StayHeld, Passed: held("1.3.0")},
		},
		"a digest that was left is not followed": {
			images, "force", Query{Tag: "1.2.8", Digest: "sha256:older", Policy: force(t)}, Hold{"1.2.8", "sha256:1.2.8"},
			Resolution{Tag: "1.2.8", Digest: "sha256:older", Reason: StayHeld, Passed: held("1.2.8")},
		},
		"another digest of the tag is": {
			images, "force", Query{Tag: "1.2.8", Digest: "sha256:older", Policy: force(t)}, Hold{"1.2.8", "sha256:left"},
			Resolution{Tag: "1.2.8", Digest: "sha256:1.2.8", Reason: policy.SameTag},
		},
		"a level policy holds the version, whatever its digest": {
			images, "patch", Query{Tag: "1.2.7", Digest: "sha256:1.2.7", Pin: PinDigest}, Hold{"1.2.8", "sha256:other"},
			Resolution{Tag: "1.2.7", Digest: "sha256:1.2.7", Reason: StayHeld, Passed: held("1.2.8")},
		},
		"the build that was left and those before it are no candidates": {
			dated, "newest", Query{Tag: "a", Digest: "sha256:a", Pin: PinDigest}, Hold{"c", "sha256:c"},
			Resolution{Tag: "a", Digest: "sha256:a", Reason: StayHeld, Passed: []Rejection{{"c", textHeld}, {"b", textHeld}}},
		},
		"a later build is one": {
			dated, "newest", Query{Tag: "a", Digest: "sha256:a", Pin: PinDigest}, Hold{"b", "sha256:b"},
			Resolution{Tag: "c", Digest: "sha256:c", Reason: policy.BuiltLater, Passed: []Rejection{{"b", textHeld}}},
		},
		"by its tag alone where the hold has no digest": {
			dated, "newest", Query{Tag: "a", Digest: "sha256:a", Pin: PinDigest}, Hold{Tag: "c"},
			Resolution{Tag: "a", Digest: "sha256:a", Reason: StayHeld, Passed: []Rejection{{"c", textHeld}, {"b", textHeld}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			q := tt.base
			q.Repository, q.Hold = repo("example.com/app"), tt.hold
			if q.Policy == nil {
				q.Policy = parse(t, tt.policy)
			}
			got := resolve(t, New(listed(tt.images), Options{}), q)
			if q.Policy.ByDate(q.Tag) { // which run and date are told is latest_test's matter
				got.Passed = rejectedAs(got.Passed, textHeld)
			}
			got.List = 0 // see TestNumberOfAListChangesWithItsTags
			if diff := gocmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// force follows the tag's digest, version or not.
func force(t *testing.T) *policy.Policy {
	t.Helper()
	yes := true
	p, err := policy.Parse(policy.Spec{Name: "force", MatchTag: &yes})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func rejectedAs(passed []Rejection, text string) []Rejection {
	var found []Rejection
	for _, r := range passed {
		if r.Text == text {
			found = append(found, r)
		}
	}
	return found
}
