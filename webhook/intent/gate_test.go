package intent_test

import (
	"testing"

	"github.com/garboard-dev/garboard/webhook/intent"
)

// A gate that binds the updater alone would be no gate: the next apply would go
// through it.
func TestGatesBindEveryRow(t *testing.T) {
	moved := func(st story) story {
		st.gated, st.was, st.record = true, "1.2.7", "1.2.7"
		if st.f == "" {
			st.f = "1.2.0"
		}
		if st.history == nil {
			st.history = []string{"1.2.0>1.2.7"}
		}
		return st
	}
	check(t, map[string]story{
		"a create is as written": {
			create: true, gated: true, s: "1.2.0",
			want: want{Row: intent.Created, Image: "1.2.0", Source: "1.2.0", Gated: true},
		},
		"a create is as written, whatever bump it brings": {
			create: true, gated: true, bumped: false, s: "1.2.0", record: "1.2.7",
			want: want{Row: intent.Created, Image: "1.2.0", Source: "1.2.0", Gated: true},
		},
		"row 2: a new container is as written": {
			gated: true, s: "1.2.0", want: want{Row: intent.NewSource, Image: "1.2.0", Source: "1.2.0", Gated: true},
		},
		"row 2: another repository is as written": moved(story{
			s: "example.com/other:1.0.0", o: "1.2.7",
			want: want{Row: intent.NewSource, Image: "1.0.0", Source: "example.com/other:1.0.0", Gated: true},
		}),
		"row 3: an undo is obeyed as ever": {
			gated: true, s: "1.2.5", o: "1.2.7", f: "1.2.0", history: []string{"1.2.0>1.2.5", "1.2.0>1.2.7"}, was: "1.2.7", record: "1.2.5",
			want: want{Row: intent.Undo, Image: "1.2.5", Source: "1.2.0", Below: true, Hold: "1.2.7"},
		},
		"row 4: what went past us is put right, and no further": moved(story{
			s: "1.2.0", o: "1.2.0",
			want: want{Row: intent.Bypassed, Image: "1.2.7", Source: "1.2.0", Repair: true, Gated: true},
		}),
		"row 5: a label changes nothing": moved(story{
			s: "1.2.7", o: "1.2.7", want: want{Row: intent.Unchanged, Image: "1.2.7", Source: "1.2.0"},
		}),
		"row 5: a changed setting is no way through": moved(story{
			s: "1.2.7", o: "1.2.7", changed: true, want: want{Row: intent.Unchanged, Image: "1.2.7", Source: "1.2.0"},
		}),
		"row 5: the updater's bump is resolved": moved(story{
			s: "1.2.7", o: "1.2.7", bumped: true, want: want{Row: intent.Unchanged, Image: "1.2.7", Resolve: true, Source: "1.2.0"},
		}),
		"row 6: a person who goes up gets what was typed": moved(story{
			s: "1.3.0", o: "1.2.7", manager: "kubectl-set",
			want: want{Row: intent.ByHand, Image: "1.3.0", Source: "1.2.0", Gated: true},
		}),
		"row 6: a person who goes down is obeyed as ever": moved(story{
			s: "1.2.6", o: "1.2.7", manager: "kubectl-set",
			want: want{Row: intent.ByHand, Image: "1.2.6", Source: "1.2.0", Below: true, Hold: "1.2.7"},
		}),
		"row 7: the same manifest again is what runs": moved(story{
			s: "1.2.0", o: "1.2.7", want: want{Row: intent.SameAgain, Image: "1.2.7", Source: "1.2.0", Gated: true},
		}),
		"row 8: a new source below what runs keeps what runs": moved(story{
			s: "1.2.5", o: "1.2.7", want: want{Row: intent.SourceUp, Image: "1.2.7", Source: "1.2.5", Gated: true},
		}),
		"row 8: a new source above what runs is as written": moved(story{
			s: "1.3.0", o: "1.2.7", want: want{Row: intent.SourceUp, Image: "1.3.0", Source: "1.3.0", Gated: true},
		}),
		"row 9: a source that goes down out of reach is as written": moved(story{
			policy: "patch", s: "1.1.0", o: "1.2.7",
			want: want{Row: intent.SourceDown, Image: "1.1.0", Source: "1.1.0", Gated: true},
		}),
		"first contact keeps what runs": {
			gated: true, s: "1.2.0", o: "1.2.7", applied: "1.2.0", manager: "kubectl-client-side-apply",
			want: want{Row: intent.SameAgain, Image: "1.2.7", Source: "1.2.0", Gated: true},
		},
		"without a policy there is nothing to gate": {
			gated: true, noPolicy: true, s: "1.2.0", o: "1.2.7", f: "1.2.0",
			want: want{Row: intent.NotGoverned, Image: "1.2.0", Source: "1.2.0", Below: true},
		},
	})
}
