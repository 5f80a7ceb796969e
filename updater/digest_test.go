package updater

import (
	"strings"
	"testing"

	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/updater/move"
)

const ranDigest = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

// Another webhook has put the digest in the place of the tag: the record tells the tag.
// A digest that a person wrote has a record without one, and is left alone.
func TestDigestInPlaceOfTheTagIsPolled(t *testing.T) {
	for name, test := range map[string]struct {
		record, runs string
		reads        int
	}{
		"another webhook's": {"c=1.2.7", "1.2.7@" + ranDigest, 1},
		"a person's":        {"c=@" + ranDigest, "", 0},
		"a stranger's":      {"other=1.2.7", "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			o := movedBefore(t, "apps/v1", "Deployment", 0, complete3(noon))
			set(t, o, test.record, "spec", "template", "metadata", "annotations", "garboard.dev/resolved")
			set(t, o, []any{map[string]any{"name": "c", "image": "example.com/app@" + ranDigest}}, "spec", "template", "spec", "containers")
			b := newBench(t, move.Pace{}, o)
			b.registry = func() (resolver.Resolution, error) {
				return resolver.Resolution{Tag: "1.2.8", Digest: strings.Replace(ranDigest, "a", "b", 1)}, nil
			}
			if err := b.poller.Poll(t.Context(), "example.com/app"); err != nil {
				t.Fatal(err)
			}
			if b.reads != test.reads {
				t.Errorf("the registry was asked %d times, want %d", b.reads, test.reads)
			}
			all := b.Standings("")
			if got := len(all); got != test.reads {
				t.Fatalf("known are %+v, want %d", all, test.reads)
			}
			if test.reads > 0 && all[0].Running != test.runs {
				t.Errorf("it runs %s, want %s", all[0].Running, test.runs)
			}
			if got := len(b.tried.delays) + b.mover.Queue.Len(); got != test.reads {
				t.Errorf("%d moves are tried, want %d", got, test.reads)
			}
		})
	}
}
