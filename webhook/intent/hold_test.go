package intent_test

import (
	"testing"

	"github.com/garboard-dev/garboard/resolver/policy"
	"github.com/garboard-dev/garboard/webhook/intent"
)

// What was left stays held through all that leads to it again, until somebody
// goes there.
func TestHolds(t *testing.T) {
	check(t, map[string]story{
		"a second step back holds the highest version that was left": {
			s: "1.2.5", o: "1.2.7", f: "1.2.0", hold: "1.2.8", history: []string{"1.2.0>1.2.5", "1.2.0>1.2.7", "1.2.0>1.2.8", "1.2.0>1.2.7"},
			was: "1.2.7", record: "1.2.5",
			want: want{Row: intent.Undo, Image: "1.2.5", Source: "1.2.0", Below: true, Hold: "1.2.8"},
		},
		"the undo of the undo lifts it": {
			s: "1.2.8", o: "1.2.7", f: "1.2.0", hold: "1.2.8", history: []string{"1.2.0>1.2.7", "1.2.0>1.2.8", "1.2.0>1.2.7"},
			was: "1.2.7", record: "1.2.8",
			want: want{Row: intent.Undo, Image: "1.2.8", Source: "1.2.0"},
		},
		"so it does where the template was never moved by us": {
			s: "1.2.7", o: "1.2.0", f: "1.2.0", hold: "1.2.7", history: []string{"1.2.0>1.2.0"},
			want: want{Row: intent.Undo, Image: "1.2.7", Source: "1.2.0"},
		},
		"an undo to where the policy leads from nowhere else is not held": {
			policy: "patch", s: "1.1.0", o: "1.2.7", f: "1.2.7", history: []string{"1.1.0>1.1.0", "1.2.7>1.2.7"}, was: "1.2.7", record: "1.1.0",
			want: want{Row: intent.Undo, Image: "1.1.0", Source: "1.2.7", Below: true},
		},
		"of digests the one that was left first stays": {
			policy: "force", s: "latest", o: "latest", f: "latest", hold: "latest@sha256:c",
			history: []string{"latest>latest@sha256:a", "latest>latest@sha256:b", "latest>latest@sha256:c", "latest>latest@sha256:b"},
			was:     "latest@sha256:b", record: "latest@sha256:a",
			want: want{Row: intent.Undo, Image: "latest", Source: "latest", Hold: "latest@sha256:c"},
		},
		"the same manifest again keeps what was gone back to, and the hold": {
			s: "1.2.0", o: "1.2.7", f: "1.2.0", hold: "1.2.8", was: "1.2.7", record: "1.2.7",
			want: want{Row: intent.SameAgain, Image: "1.2.7", Resolve: true, Source: "1.2.0", Hold: "1.2.8"},
		},
		"a manifest that names what was left does not bring it back": {
			s: "1.2.8", o: "1.2.7", f: "1.2.8", hold: "1.2.8", was: "1.2.7", record: "1.2.7",
			want: want{Row: intent.SameAgain, Image: "1.2.7", Resolve: true, Source: "1.2.8", Hold: "1.2.8"},
		},
		"without a hold it does": {
			s: "1.2.8", o: "1.2.7", f: "1.2.8", was: "1.2.7", record: "1.2.7",
			want: want{Row: intent.SameAgain, Image: "1.2.8", Resolve: true, Source: "1.2.8"},
		},
		"a new source below what was left is taken, and the hold stands": {
			s: "1.3.0", o: "1.2.0", f: "1.2.0", hold: "1.3.4", was: "1.2.0", record: "1.2.0",
			want: want{Row: intent.SourceUp, Image: "1.3.0", Resolve: true, Source: "1.3.0", Hold: "1.3.4"},
		},
		"a new source at what was left lifts it": {
			s: "1.3.4", o: "1.2.0", f: "1.2.0", hold: "1.3.4", was: "1.2.0", record: "1.2.0",
			want: want{Row: intent.SourceUp, Image: "1.3.4", Resolve: true, Source: "1.3.4"},
		},
		"a person who goes past it lifts it": {
			s: "1.2.9", o: "1.2.7", f: "1.2.0", hold: "1.2.8", manager: "kubectl-set",
			want: want{Row: intent.ByHand, Image: "1.2.9", Resolve: true, Source: "1.2.0"},
		},
		"a person who goes up below it does not": {
			s: "1.2.7", o: "1.2.5", f: "1.2.0", hold: "1.2.8", manager: "kubectl-set",
			want: want{Row: intent.ByHand, Image: "1.2.7", Resolve: true, Source: "1.2.0", Hold: "1.2.8"},
		},
		"another repository has no hold": {
			s: "example.com/other:1.0.0", o: "1.2.7", f: "1.2.0", hold: "1.2.8",
			want: want{Row: intent.NewSource, Image: "1.0.0", Resolve: true, Source: "example.com/other:1.0.0"},
		},
		"a container that comes with a hold keeps it": {
			create: true, s: "1.2.0", hold: "1.2.8",
			want: want{Row: intent.Created, Image: "1.2.0", Resolve: true, Source: "1.2.0", Hold: "1.2.8"},
		},
		"a bump is resolved under the hold": {
			s: "1.2.7", o: "1.2.7", f: "1.2.0", hold: "1.2.8", history: []string{"1.2.0>1.2.7"}, was: "1.2.7", record: "1.2.7", bumped: true,
			want: want{Row: intent.Unchanged, Image: "1.2.7", Resolve: true, Source: "1.2.0", Hold: "1.2.8"},
		},
		"what is not governed keeps the hold that it has": {
			s: "1.2.7", o: "1.2.7", hold: "1.2.8", noPolicy: true,
			want: want{Row: intent.NotGoverned, Image: "1.2.7", Source: "1.2.7", Hold: "1.2.8"},
		},
	})
}

func TestWhatStandsOfAHold(t *testing.T) {
	for name, tt := range map[string]struct {
		policy, hold, at, want string
	}{
		"below it, all":                         {"minor", "1.2.8", "1.2.7", "1.2.8"},
		"at it, nothing":                        {"minor", "1.2.8", "1.2.8", ""},
		"past it, nothing":                      {"minor", "1.2.8", "1.3.0", ""},
		"of another line, all":                  {"minor", "1.2.8", "1.3.0-alpine", "1.2.8"},
		"at another digest of the tag, all":     {"force", "latest@sha256:b", "latest@sha256:a", "latest@sha256:b"},
		"at the digest, nothing":                {"force", "latest@sha256:b", "latest@sha256:b", ""},
		"at another digest of a version, all":   {"minor", "1.2.8@sha256:b", "1.2.8@sha256:a", "1.2.8@sha256:b"},
		"at its digest, nothing":                {"minor", "1.2.8@sha256:b", "1.2.8@sha256:b", ""},
		"past a digest of a version, nothing":   {"minor", "1.2.8@sha256:b", "1.2.9@sha256:c", ""},
		"at a later build of the tag, all":      {"newest", "main@sha256:b", "main@sha256:c", "main@sha256:b"},
		"at a match in a lower place, all":      {"glob:build-*", "build-10", "build-9", "build-10"},
		"at a match in the next place, nothing": {"glob:build-*", "build-10", "build-11", ""},
	} {
		t.Run(name, func(t *testing.T) {
			rules, err := policy.Parse(policy.Spec{Name: tt.policy})
			if err != nil {
				t.Fatal(err)
			}
			if got := intent.Stands(rules, held(tt.hold), image(tt.at)).String(); got != tt.want {
				t.Errorf("%q stands, want %q", got, tt.want)
			}
		})
	}
}
