package intent_test

import (
	"testing"

	"github.com/garboard-dev/garboard/webhook/intent"
)

const (
	digestA = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	digestB = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
)

// A way back that leads anywhere but to the container's own history would be a way to
// run what no policy allows.
func TestWayBack(t *testing.T) {
	moved := []string{"1.2.0>1.2.0", "1.2.0>1.3.0", "1.2.0>1.4.0"}
	stays := want{Row: intent.Unchanged, Image: "1.4.0", Source: "1.2.0"}
	check(t, map[string]story{
		"to the result before the last": {
			s: "1.4.0", o: "1.4.0", f: "1.2.0", history: moved, back: "1.3.0",
			want: want{Row: intent.TakenBack, Image: "1.3.0", Source: "1.2.0", Below: true, Hold: "1.4.0"},
		},
		"past two that failed: the hold covers both": {
			s: "1.4.0", o: "1.4.0", f: "1.2.0", history: moved, back: "1.2.0",
			want: want{Row: intent.TakenBack, Image: "1.2.0", Source: "1.2.0", Below: true, Hold: "1.4.0"},
		},
		"from one that failed after a higher one": {
			s: "1.3.5", o: "1.3.5", f: "1.2.0", history: []string{"1.2.0>1.2.0", "1.2.0>1.4.0", "1.2.0>1.3.5"}, back: "1.2.0",
			want: want{Row: intent.TakenBack, Image: "1.2.0", Source: "1.2.0", Below: true, Hold: "1.4.0"},
		},
		"to what was healthy, and has fallen out of the history": {
			s: "1.4.0", o: "1.4.0", f: "1.2.0", history: moved[1:], healthy: "1.2.0", back: "1.2.0",
			want: want{Row: intent.TakenBack, Image: "1.2.0", Source: "1.2.0", Below: true, Hold: "1.4.0"},
		},
		"behind a gate": {
			s: "1.4.0", o: "1.4.0", f: "1.2.0", history: moved, back: "1.2.0", gated: true,
			want: want{Row: intent.TakenBack, Image: "1.2.0", Source: "1.2.0", Below: true, Hold: "1.4.0"},
		},
		"to a digest, where answers carry one": {
			s: "1.3.0@" + digestB, o: "1.3.0@" + digestB, f: "1.2.0", history: []string{"1.2.0>1.2.0@" + digestA, "1.2.0>1.3.0@" + digestB}, pins: true, back: "1.2.0@" + digestA,
			want: want{Row: intent.TakenBack, Image: "1.2.0@" + digestA, Source: "1.2.0", Below: true, Hold: "1.3.0"},
		},
		"to what has never run here":                 {s: "1.4.0", o: "1.4.0", f: "1.2.0", history: moved, back: "1.1.0", want: stays},
		"to another digest of an earlier result":     {s: "1.4.0@" + digestB, o: "1.4.0@" + digestB, f: "1.2.0", history: []string{"1.2.0>1.2.0@" + digestA, "1.2.0>1.4.0@" + digestB}, pins: true, back: "1.2.0@" + digestB, want: want{Row: intent.Unchanged, Image: "1.4.0@" + digestB, Source: "1.2.0"}},
		"to what runs":                               {s: "1.4.0", o: "1.4.0", f: "1.2.0", history: moved, back: "1.4.0", want: stays},
		"to another digest behind the tag that runs": {s: "1.4.0", o: "1.4.0", f: "1.2.0", history: []string{"1.2.0>1.4.0@" + digestA, "1.2.0>1.4.0@" + digestB}, back: "1.4.0@" + digestA, want: stays},
		"with another image in the same write": {
			s: "1.5.0", o: "1.4.0", f: "1.2.0", history: moved, back: "1.2.0", manager: "kubectl",
			want: want{Row: intent.SourceUp, Image: "1.5.0", Resolve: true, Source: "1.5.0"},
		},
		"of a container that is not governed any more": {
			s: "1.4.0", o: "1.4.0", f: "1.2.0", history: moved, back: "1.2.0", noPolicy: true,
			want: want{Row: intent.NotGoverned, Image: "1.4.0", Source: "1.4.0"},
		},
		"from an image that was written past admission": {
			s: "1.3.9", o: "1.3.9", f: "1.2.0", history: moved, back: "1.2.0",
			want: want{Row: intent.Bypassed, Image: "1.3.9", Resolve: true, Source: "1.2.0", Repair: true},
		},
	})
}
