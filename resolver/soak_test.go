package resolver

import (
	"testing"
	"time"

	"github.com/garboard-dev/garboard/resolver/policy"
	"github.com/garboard-dev/garboard/resolver/registry"
)

// Only what has run elsewhere is a candidate, whatever the way to the answer, and the
// highest of that is taken.
func TestOnlyWhatHasSoakedIsACandidate(t *testing.T) {
	versions := map[string]registry.Image{}
	tags := []string{"1.0.0", "1.0.1", "1.0.2", "1.0.3", "1.0.4", "1.0.5", "1.0.6", "1.0.7", "1.0.8", "1.0.9", "1.0.10", "1.0.11", "1.0.12"}
	for i, tag := range tags {
		versions[tag] = on(i + 1)
	}
	soaking := func(where string, versions ...Soaking) Soak {
		return Soak{Where: where, Versions: versions, Otherwise: "runs another"}
	}
	ran := func(tag string) Soaking { return Soaking{Tag: tag} }
	digest := func(tag string) string { return "sha256:" + tag }
	for name, tt := range map[string]struct {
		policy string
		query  Query
		want   string // the tag, with the digest where it is written
		reason policy.Reason
		told   string // why the first that was passed over was
	}{
		"the highest of several, far below the newest": {policy: "patch", query: Query{Soaks: []Soak{soaking("staging", ran("1.0.1"), ran("1.0.2"))}}, want: "1.0.2", reason: policy.NewerPatch},
		"what has run in both places":                  {policy: "patch", query: Query{Soaks: []Soak{soaking("qa", ran("1.0.1"), ran("1.0.2")), soaking("staging", ran("1.0.1"))}}, want: "1.0.1", reason: policy.NewerPatch},
		"nothing has run there":                        {policy: "patch", query: Query{Soaks: []Soak{soaking("staging")}}, want: "1.0.0", reason: StayNotSoaked, told: "staging runs another"},
		"what runs there lies below":                   {policy: "patch", query: Query{Tag: "1.0.2", Soaks: []Soak{soaking("staging", ran("1.0.1"))}}, want: "1.0.2", reason: StayNotSoaked, told: "staging runs another"},
		"it has not run for long enough":               {policy: "patch", query: Query{Soaks: []Soak{soaking("staging", Soaking{Tag: "1.0.12", Why: "is new to it"})}}, want: "1.0.0", reason: StayNotSoaked, told: "staging is new to it"},
		"the image that was pinned there":              {policy: "patch", query: Query{Pin: PinDigest, Soaks: []Soak{soaking("staging", Soaking{Tag: "1.0.2", Digest: digest("1.0.2")})}}, want: "1.0.2@" + digest("1.0.2"), reason: policy.NewerPatch},
		"another image under the tag":                  {policy: "patch", query: Query{Pin: PinDigest, Soaks: []Soak{soaking("staging", ran("1.0.1"), Soaking{Tag: "1.0.2", Digest: "sha256:old"})}}, want: "1.0.0", reason: StayNotSoaked},
		"another image, where no digest is written":    {policy: "patch", query: Query{Soaks: []Soak{soaking("staging", ran("1.0.1"), Soaking{Tag: "1.0.2", Digest: "sha256:old"})}}, want: "1.0.1", reason: policy.NewerPatch},
		"an image that is not known, to be pinned":     {policy: "patch", query: Query{Pin: PinDigest, Soaks: []Soak{soaking("staging", ran("1.0.2"))}}, want: "1.0.0", reason: StayNotSoaked},
		"the one built last of those":                  {policy: "newest", query: Query{Soaks: []Soak{soaking("staging", ran("1.0.3"), ran("1.0.4"))}}, want: "1.0.4", reason: policy.BuiltLater},
		"the same tag, its image unknown there":        {policy: "force", query: Query{Tag: "1.0.2", Digest: "sha256:old", Soaks: []Soak{soaking("staging", ran("1.0.2"))}}, want: "1.0.2@sha256:old", reason: StayNotSoaked},
		"the same tag, its image has run":              {policy: "force", query: Query{Tag: "1.0.2", Digest: "sha256:old", Soaks: []Soak{soaking("staging", Soaking{Tag: "1.0.2", Digest: digest("1.0.2")})}}, want: "1.0.2@" + digest("1.0.2"), reason: policy.SameTag},
	} {
		t.Run(name, func(t *testing.T) {
			q := tt.query
			q.Repository, q.Policy = repo("example.com/app"), parse(t, tt.policy)
			if tt.policy == "force" {
				q.Policy = force(t)
			}
			if q.Tag == "" {
				q.Tag = "1.0.0"
			}
			got := resolve(t, New(listed(versions), Options{}), q)
			answer := got.Tag
			if got.Digest != "" {
				answer += "@" + got.Digest
			}
			if answer != tt.want || got.Reason != tt.reason {
				t.Errorf("got %s (%s), want %s (%s)", answer, got.Reason, tt.want, tt.reason)
			}
			if tt.told != "" && (len(got.Passed) == 0 || got.Passed[0].Text != tt.told || got.Why() != got.Passed[0].Tag+": "+tt.told) {
				t.Errorf("passed over: %v, why: %q", got.Passed, got.Why())
			}
		})
	}
}

// What several places say is told of each.
func TestAllPlacesAreTold(t *testing.T) {
	q := &Query{Soaks: []Soak{
		{Where: "qa", Otherwise: "is not there"},
		{Where: "staging", Versions: []Soaking{{Tag: "1.0.1", Why: "is new to it"}}},
	}}
	if got, want := q.soaked("1.0.1", "", false).text, "qa is not there; staging is new to it"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A tag that ran under two images is judged by the one that is asked about.
func TestTagThatRanUnderTwoImages(t *testing.T) {
	soon := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	soak := Soak{Where: "staging", Versions: []Soaking{{Tag: "1", Digest: "sha256:new", Why: "is new to it", SoakedAt: soon}, {Tag: "1", Digest: "sha256:old"}}}
	for digest, want := range map[string]string{"sha256:old": "", "sha256:new": "staging is new to it", "": ""} {
		if why, at := soak.Judge("1", digest, digest != ""); why != want || at.Equal(soon) != (want != "") {
			t.Errorf("%q: %q, %s; want %q", digest, why, at, want)
		}
	}
}
