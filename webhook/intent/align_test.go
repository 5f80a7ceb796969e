package intent_test

import (
	"strings"
	"testing"

	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/webhook/intent"
)

// kept reads "source>result>stored" entries, oldest first, where another webhook has
// stored something else than the result.
func kept(entries ...string) record.ContainerState {
	var state record.ContainerState
	for _, e := range entries {
		parts := strings.Split(e, ">")
		past := record.Past{Result: parts[1], From: image(parts[0]).Text, Repository: "example.com/app"}
		if len(parts) == 3 {
			stored := image(parts[2])
			past.Stored = record.Written(stored.Repository.String(), stored.Result())
		}
		state = state.With(past.From, past, "")
	}
	return state
}

const mirror = "mirror.example.com/example.com/app:"

// Another webhook puts a prefix before what we answer, or a digest in the place of its
// tag. The rows are then the same as without it.
func TestRowsOfRewrittenImages(t *testing.T) {
	mirrored := []string{"1.2.0>1.2.6>" + mirror + "1.2.6", "1.2.0>1.2.7>" + mirror + "1.2.7"}
	pinned := []string{"1.2.0>1.2.6>example.com/app:@sha256:a", "1.2.0>1.2.7>example.com/app:@sha256:b"}
	check(t, map[string]story{
		"row 0: a mirror has rewritten this request's own answer": {
			s: mirror + "1.2.8", o: mirror + "1.2.7", f: "1.2.0", kept: mirrored, was: "1.2.7", record: "1.2.8",
			submitted: kept(append(mirrored, "1.2.0>1.2.8")...), manager: "kubectl-client-side-apply",
			want: want{Row: intent.Reinvoked, Image: "1.2.8", Source: "1.2.0"},
		},
		"row 0: a digest has taken the place of this request's own answer": {
			s: "example.com/app:@sha256:c", o: "example.com/app:@sha256:b", f: "1.2.0", kept: pinned, was: "1.2.7", record: "1.2.8",
			submitted: kept(append(pinned, "1.2.0>1.2.8")...),
			want:      want{Row: intent.Reinvoked, Image: "1.2.8@sha256:c", Source: "1.2.0"},
		},
		"row 1: a digest that a person writes is theirs": {
			s: "example.com/app:@sha256:f", o: "example.com/app:@sha256:b", f: "1.2.0", kept: pinned, was: "1.2.7", record: "1.2.7",
			sameSubmitted: true, manager: "kubectl-set", noPolicy: true,
			want: want{Row: intent.NotGoverned, Image: "@sha256:f", Source: "@sha256:f"},
		},
		"row 2: a repository that nothing knows is another one": {
			s: "example.com/other:1.2.0", o: mirror + "1.2.7", f: "1.2.0", kept: mirrored, sameSubmitted: true, manager: "helm",
			want: want{Row: intent.NewSource, Image: "1.2.0", Resolve: true, Source: "example.com/other:1.2.0"},
		},
		"row 3: an undo brings back what a mirror had stored": {
			s: mirror + "1.2.6", o: mirror + "1.2.7", f: "1.2.0", kept: mirrored, was: "1.2.7", record: "1.2.6",
			want: want{Row: intent.Undo, Image: "1.2.6", Source: "1.2.0", Below: true, Hold: "1.2.7"},
		},
		"row 3: an undo brings back a digest with its record": {
			s: "example.com/app:@sha256:a", o: "example.com/app:@sha256:b", f: "1.2.0", kept: pinned, was: "1.2.7", record: "1.2.6",
			want: want{Row: intent.Undo, Image: "1.2.6@sha256:a", Source: "1.2.0", Below: true, Hold: "1.2.7"},
		},
		"row 4: a write past us is repaired under the mirror": {
			s: mirror + "1.2.0", o: mirror + "1.2.0", f: "1.2.0", kept: mirrored, was: "1.2.7", record: "1.2.7", sameSubmitted: true,
			want: want{Row: intent.Bypassed, Image: "1.2.7", Resolve: true, Source: "1.2.0", Repair: true},
		},
		"row 5: a label reads no registry": {
			s: mirror + "1.2.7", o: mirror + "1.2.7", f: "1.2.0", kept: mirrored, was: "1.2.7", record: "1.2.7", sameSubmitted: true,
			want: want{Row: intent.Unchanged, Image: "1.2.7", Source: "1.2.0"},
		},
		"row 5: a bump is resolved from the tag of a digest": {
			s: "example.com/app:@sha256:b", o: "example.com/app:@sha256:b", f: "1.2.0", kept: pinned, was: "1.2.7", record: "1.2.7",
			sameSubmitted: true, bumped: true,
			want: want{Row: intent.Unchanged, Image: "1.2.7@sha256:b", Resolve: true, Source: "1.2.0"},
		},
		"row 5: a manifest that has caught up with a mirror is the source": {
			s: "1.2.7", o: mirror + "1.2.7", f: "1.2.0", kept: mirrored, named: "1.2.7", was: "1.2.7", record: "1.2.7", sameSubmitted: true,
			manager: "kubectl-client-side-apply",
			want:    want{Row: intent.Unchanged, Image: "1.2.7", Source: "1.2.7"},
		},
		"row 5: our own answer, seen again where the mirror is gone, is no source": {
			s: "1.2.7", o: mirror + "1.2.7", f: "1.2.0", kept: mirrored, was: "1.2.7", record: "1.2.7", sameSubmitted: true, manager: "flux",
			want: want{Row: intent.Unchanged, Image: "1.2.7", Source: "1.2.0"},
		},
		"row 6: a person goes down by the name of either": {
			s: "1.2.6", o: mirror + "1.2.7", f: "1.2.0", kept: mirrored, was: "1.2.7", record: "1.2.7", sameSubmitted: true, manager: "kubectl-set",
			want: want{Row: intent.ByHand, Image: "1.2.6", Source: "1.2.0", Below: true, Hold: "1.2.7"},
		},
		"row 7: the same manifest again": {
			s: "1.2.0", o: mirror + "1.2.7", f: "1.2.0", kept: mirrored, was: "1.2.7", record: "1.2.7", sameSubmitted: true, gated: true,
			want: want{Row: intent.SameAgain, Image: "1.2.7", Source: "1.2.0", Gated: true},
		},
		"row 7: the same manifest again, of a digest": {
			s: "1.2.0", o: "example.com/app:@sha256:b", f: "1.2.0", kept: pinned, was: "1.2.7", record: "1.2.7", sameSubmitted: true, onChange: true,
			want: want{Row: intent.SameAgain, Image: "1.2.7@sha256:b", Source: "1.2.0"},
		},
		"row 7: the same manifest again, where admission is not called again": {
			s: "1.2.0", o: mirror + "1.2.7", f: "1.2.0", kept: []string{"1.2.0>1.2.7"}, was: "1.2.7", record: "1.2.7", sameSubmitted: true, onChange: true,
			want: want{Row: intent.SameAgain, Image: "1.2.7", Source: "1.2.0"},
		},
		"row 7: the manifest of a state that knows the mirror alone": {
			s: "1.2.0", o: mirror + "1.2.7", f: mirror + "1.2.7", history: []string{mirror + "1.2.7>" + mirror + "1.2.7"}, applied: "1.2.0", named: "1.2.0",
			sameSubmitted: true, gated: true, was: "1.2.7", record: "1.2.7", manager: "kubectl-client-side-apply",
			want: want{Row: intent.SameAgain, Image: "1.2.7", Source: "1.2.0", Gated: true},
		},
		"row 9: a source that goes down is obeyed": {
			s: "1.1.0", o: mirror + "1.2.7", f: "1.2.0", kept: mirrored, was: "1.2.7", record: "1.2.7", sameSubmitted: true, manager: "helm",
			want: want{Row: intent.SourceDown, Image: "1.1.0", Source: "1.1.0", Below: true, Hold: "1.2.7"},
		},
		"row 0: a digest that a new webhook puts beside the tag": {
			s: "1.2.7@sha256:b", o: "1.2.7", f: "1.2.0", kept: []string{"1.2.0>1.2.7"}, was: "1.2.7", record: "1.2.7", sameSubmitted: true, hold: "1.2.8",
			want: want{Row: intent.Reinvoked, Image: "1.2.7@sha256:b", Source: "1.2.0", Hold: "1.2.8"},
		},
		"row 10: a digest that a new webhook puts beside the tag of a stranger": {
			s: "1.2.7@sha256:b", o: "1.2.7", applied: "1.2.7", untouched: true, manager: "kubectl-label",
			want: want{Row: intent.Rewritten, Image: "1.2.7@sha256:b", Source: "1.2.7"},
		},
		"row 10: a digest that a new webhook puts beside a tag without a record": {
			s: "1.2.7@sha256:b", o: "1.2.7", f: "1.2.0", kept: []string{"1.2.0>1.2.7"}, sameSubmitted: true, untouched: true, hold: "1.2.8",
			want: want{Row: intent.Rewritten, Image: "1.2.7@sha256:b", Source: "1.2.0", Hold: "1.2.8"},
		},
		"row 5: a prefix that a new webhook puts there": {
			s: mirror + "1.2.7", o: "1.2.7", f: "1.2.0", kept: []string{"1.2.0>1.2.7"}, was: "1.2.7", record: "1.2.7", sameSubmitted: true, untouched: true, hold: "1.2.8",
			want: want{Row: intent.Unchanged, Image: "1.2.7", Source: "1.2.0", Hold: "1.2.8"},
		},
		"row 5: a prefix that may be a new manifest's is resolved, and the hold stands": {
			s: mirror + "1.2.7", o: "1.2.7", f: "1.2.0", kept: []string{"1.2.0>1.2.7"}, was: "1.2.7", record: "1.2.7", sameSubmitted: true, manager: "flux", hold: "1.2.8",
			want: want{Row: intent.Unchanged, Image: "1.2.7", Resolve: true, Source: "1.2.0", Hold: "1.2.8"},
		},
		"row 5: a prefix that may be a person's is as written, and the hold stands": {
			s: mirror + "1.2.7", o: "1.2.7", f: "1.2.0", kept: []string{"1.2.0>1.2.7"}, was: "1.2.7", record: "1.2.7", sameSubmitted: true, manager: "kubectl-set", hold: "1.2.8",
			want: want{Row: intent.Unchanged, Image: "1.2.7", Source: "1.2.0", Hold: "1.2.8"},
		},
		"row 2: a manifest that names another repository": {
			s: mirror + "1.2.7", o: "1.2.7", f: "1.2.0", kept: []string{"1.2.0>1.2.7"}, named: mirror + "1.2.7", was: "1.2.7", record: "1.2.7", sameSubmitted: true,
			manager: "kubectl-client-side-apply",
			want:    want{Row: intent.NewSource, Image: "1.2.7", Resolve: true, Source: mirror + "1.2.7"},
		},
	})
}

// Who writes a history may make one repository stand for another, and gets no more by
// that than another tag of the one that the manifest names.
func TestMadeUpHistoryGivesTheManifestsRepository(t *testing.T) {
	const evil = "evil.example.com/app:"
	answer := story{
		policy: "minor", s: "1.2.0", o: evil + "1.2.9", f: "1.2.0", kept: []string{"1.2.0>1.2.9>" + evil + "1.2.9"}, sameSubmitted: true, onChange: true,
		was: "1.2.9", record: "1.2.9", manager: "flux",
	}.decide(t)
	if got := answer.Image.Repository.String() + ":" + answer.Image.Tag; got != "example.com/app:1.2.9" {
		t.Errorf("the answer is %s", got)
	}
}
