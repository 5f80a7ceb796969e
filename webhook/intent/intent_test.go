package intent_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/resolver/policy"
	"github.com/garboard-dev/garboard/webhook/intent"
)

// image reads "tag", "tag@digest" or "repository:tag", of the repository
// example.com/app where none is named.
func image(s string) intent.Image {
	name := "example.com/app"
	rest, digest, _ := strings.Cut(s, "@")
	if repository, tag, named := strings.Cut(rest, ":"); named {
		name, rest = repository, tag
	}
	repository, err := resolver.ParseRepository(name)
	if err != nil {
		panic(err)
	}
	i := intent.Image{Repository: repository, Tag: rest, Digest: digest}
	i.Text = name + ":" + i.Result().String()
	return i
}

func pointer(s string) *intent.Image {
	if s == "" {
		return nil
	}
	i := image(s)
	return &i
}

// history reads "source>result" entries, oldest first; the last one's source
// is the container's.
func history(entries ...string) record.ContainerState {
	var state record.ContainerState
	for _, e := range entries {
		source, result, _ := strings.Cut(e, ">")
		state = state.With(image(source).Text, record.Past{Result: image(result).Result().String(), From: image(source).Text, Repository: image(result).Repository.String()}, "")
	}
	return state
}

func results(s string) *record.Result {
	if s == "" {
		return nil
	}
	r, _ := record.ParseResult(s)
	return &r
}

func held(s string) record.Result {
	r, _ := record.ParseResult(s)
	return r
}

// want is an answer as the tables write it.
type want struct {
	Row     intent.Row
	Image   string
	Resolve bool
	Source  string
	Repair  bool
	Below   bool
	Hold    string
	Gated   bool
}

// story is a case as the tables write it.
type story struct {
	policy        string
	hold          string
	s, o, f       string
	applied       string
	appliedNow    string
	pins          bool
	history       []string
	healthy, back string
	submitted     record.ContainerState
	record, was   string // the submitted record, and the stored one
	dropped       bool
	carried       bool
	bumped        bool
	changed       bool
	gated         bool
	onChange      bool
	reapplied     bool
	create        bool
	createOnly    bool
	put           bool
	manager       string
	program       string
	want          want
	noPolicy      bool
	kept          []string // history with what was stored, in place of history
	named         string
	untouched     bool
	sameSubmitted bool // the submitted state is the stored one
}

func (st story) decide(t *testing.T) intent.Answer {
	t.Helper()
	p, err := policy.Parse(policy.Spec{Name: st.policy})
	if err != nil {
		t.Fatal(err)
	}
	versions, err := policy.Parse(policy.Spec{Name: "all"})
	if err != nil {
		t.Fatal(err)
	}
	c := intent.Case{
		Create: st.create, CreateOnly: st.createOnly, Rules: p, Versions: versions,
		Submitted: image(st.s), Stored: pointer(st.o), Source: pointer(st.f), LastApplied: pointer(st.applied), Applied: pointer(st.appliedNow), Pins: st.pins,
		State: history(st.history...), SubmittedState: st.submitted,
		Record: results(st.was), SubmittedRecord: results(st.record),
		RecordDropped: st.dropped, RecordCarried: st.carried,
		Hold: held(st.hold), Bumped: st.bumped, SettingsChanged: st.changed, Gated: st.gated, ResolveOnChange: st.onChange, Reapplied: st.reapplied, Manager: st.manager, Program: st.program,
	}
	if len(st.kept) > 0 {
		c.State = kept(st.kept...)
	}
	c.Named, c.Untouched = pointer(st.named), st.untouched
	c.State.Healthy, c.Back = st.healthy, results(st.back)
	if st.noPolicy {
		c.Rules = nil
	}
	if st.put {
		c.Method = intent.Put
	}
	if st.sameSubmitted {
		c.SubmittedState = c.State
	}
	return intent.Decide(c)
}

func check(t *testing.T, stories map[string]story) {
	t.Helper()
	for name, st := range stories {
		t.Run(name, func(t *testing.T) {
			if st.policy == "" {
				st.policy = "minor"
			}
			a := st.decide(t)
			got := want{Row: a.Row, Image: a.Image.Result().String(), Resolve: a.Resolve,
				Source: strings.TrimPrefix(a.Source, "example.com/app:"), Repair: a.Repair, Below: a.Below, Hold: a.Hold.String(), Gated: a.Gated}
			if diff := cmp.Diff(st.want, got); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCreate(t *testing.T) {
	check(t, map[string]story{
		"a new object is resolved from what was submitted": {
			create: true, s: "1.2.0",
			want: want{Row: intent.Created, Image: "1.2.0", Resolve: true, Source: "1.2.0"},
		},
		"our own answer, seen again, keeps the source": {
			create: true, s: "1.2.7", submitted: history("1.2.0>1.2.7"), record: "1.2.7",
			want: want{Row: intent.Created, Image: "1.2.7", Resolve: true, Source: "1.2.0"},
		},
		"a state that ends elsewhere says nothing about the source": {
			create: true, s: "1.2.6", submitted: history("1.2.0>1.2.7"),
			want: want{Row: intent.Created, Image: "1.2.6", Resolve: true, Source: "1.2.6"},
		},
		"a container without a policy is left as it is": {
			create: true, s: "1.2.0", noPolicy: true,
			want: want{Row: intent.Created, Image: "1.2.0", Source: "1.2.0"},
		},
	})
}

func TestRows(t *testing.T) {
	check(t, map[string]story{
		"row 0: our own output is seen again": {
			s: "1.2.8", o: "1.2.7", f: "1.2.0", history: []string{"1.2.0>1.2.7"}, was: "1.2.7", record: "1.2.8",
			submitted: history("1.2.0>1.2.7", "1.2.0>1.2.8"), manager: "helm",
			want: want{Row: intent.Reinvoked, Image: "1.2.8", Source: "1.2.0"},
		},
		"row 0: our own output that changed the source alone is seen again": {
			s: "1.2.7", o: "1.2.7", f: "1.2.0", history: []string{"1.2.0>1.2.7"}, was: "1.2.7", record: "1.2.7",
			submitted: history("1.2.0>1.2.7", "1.2.5>1.2.7"), manager: "kubectl",
			want: want{Row: intent.Reinvoked, Image: "1.2.7", Source: "1.2.5"},
		},
		"row 0 not: an undo brings back the state of another revision": {
			s: "1.2.7", o: "1.2.7", f: "1.2.5", history: []string{"1.2.0>1.2.7", "1.2.5>1.2.7"}, was: "1.2.7", record: "1.2.7",
			submitted: history("1.2.0>1.2.7"),
			want:      want{Row: intent.Unchanged, Image: "1.2.7", Source: "1.2.5"},
		},
		"row 1: a container that nobody governs is as written": {
			s: "1.2.9", o: "1.2.7", f: "1.2.0", noPolicy: true,
			want: want{Row: intent.NotGoverned, Image: "1.2.9", Source: "1.2.9"},
		},
		"row 1: going below what runs is said": {
			s: "1.2.0", o: "1.2.7", f: "1.2.0", noPolicy: true,
			want: want{Row: intent.NotGoverned, Image: "1.2.0", Source: "1.2.0", Below: true},
		},
		"row 2: a new container is resolved as at create": {
			s: "1.2.0", want: want{Row: intent.NewSource, Image: "1.2.0", Resolve: true, Source: "1.2.0"},
		},
		"row 2: another repository is resolved as at create": {
			s: "example.com/other:1.0.0", o: "1.2.7", f: "1.2.0",
			want: want{Row: intent.NewSource, Image: "1.0.0", Resolve: true, Source: "example.com/other:1.0.0"},
		},
		"row 2: a source without an order to the last one is resolved as at create": {
			s: "1.2.0-alpine", o: "1.2.7", f: "1.2.0",
			want: want{Row: intent.NewSource, Image: "1.2.0-alpine", Resolve: true, Source: "1.2.0-alpine"},
		},
		"row 3: an undo brings back an earlier record": {
			s: "1.2.7", o: "1.2.8", f: "1.2.0", history: []string{"1.2.0>1.2.7", "1.2.0>1.2.8"}, was: "1.2.8", record: "1.2.7",
			want: want{Row: intent.Undo, Image: "1.2.7", Source: "1.2.0", Below: true, Hold: "1.2.8"},
		},
		"row 3: an undo of the undo brings back a higher record of the past": {
			s: "1.2.8", o: "1.2.7", f: "1.2.0", history: []string{"1.2.0>1.2.7", "1.2.0>1.2.8", "1.2.0>1.2.7"}, was: "1.2.7", record: "1.2.8",
			want: want{Row: intent.Undo, Image: "1.2.8", Source: "1.2.0"},
		},
		"row 3: an undo brings back a higher record that the history has forgotten": {
			s: "1.2.9", o: "1.2.7", f: "1.2.0", history: []string{"1.2.0>1.2.7"}, was: "1.2.7", record: "1.2.9",
			want: want{Row: intent.Undo, Image: "1.2.9", Source: "1.2.0"},
		},
		"row 3: an undo to before Garboard drops the record": {
			s: "1.1.0", o: "1.2.7", f: "1.2.0", history: []string{"1.2.0>1.2.7"}, was: "1.2.7", dropped: true,
			want: want{Row: intent.Undo, Image: "1.1.0", Source: "1.2.0", Below: true, Hold: "1.2.7"},
		},
		"row 3: an undo of a digest brings back an earlier one of the same tag": {
			policy: "force", s: "latest", o: "latest", f: "latest", history: []string{"latest>latest@sha256:a", "latest>latest@sha256:b"},
			was: "latest@sha256:b", record: "latest@sha256:a",
			want: want{Row: intent.Undo, Image: "latest", Source: "latest", Hold: "latest@sha256:b"},
		},
		"row 3 not: a PUT of exported YAML brings an old record along": {
			s: "1.2.7", o: "1.2.8", f: "1.2.0", history: []string{"1.2.0>1.2.7", "1.2.0>1.2.8"}, was: "1.2.8", record: "1.2.7", put: true,
			want: want{Row: intent.SourceUp, Image: "1.2.8", Resolve: true, Source: "1.2.7"},
		},
		"row 3 not: the applied manifest itself carries the record": {
			s: "1.2.7", o: "1.2.8", f: "1.2.7", history: []string{"1.2.7>1.2.7", "1.2.7>1.2.8"}, was: "1.2.8", record: "1.2.7", carried: true,
			want: want{Row: intent.SameAgain, Image: "1.2.8", Resolve: true, Source: "1.2.7"},
		},
		"row 4: a write past us is repaired from the record": {
			s: "1.2.0", o: "1.2.0", f: "1.2.0", history: []string{"1.2.0>1.2.7"}, was: "1.2.7", record: "1.2.7",
			want: want{Row: intent.Bypassed, Image: "1.2.7", Resolve: true, Source: "1.2.0", Repair: true},
		},
		"row 4: a write past us that went up is repaired from itself": {
			s: "1.3.0", o: "1.3.0", f: "1.2.0", history: []string{"1.2.0>1.2.7"}, was: "1.2.7", record: "1.2.7",
			want: want{Row: intent.Bypassed, Image: "1.3.0", Resolve: true, Source: "1.2.0", Repair: true},
		},
		"row 4: a write past us that the policy does not link is repaired from itself": {
			s: "2.0.0", o: "2.0.0", f: "1.2.0", history: []string{"1.2.0>1.2.7"}, was: "1.2.7", record: "1.2.7",
			want: want{Row: intent.Bypassed, Image: "2.0.0", Resolve: true, Source: "1.2.0", Repair: true},
		},
		"row 0: our own repair is seen again": {
			s: "1.2.7", o: "1.2.0", f: "1.2.0", history: []string{"1.2.0>1.2.7"}, was: "1.2.7", record: "1.2.7", sameSubmitted: true,
			want: want{Row: intent.Reinvoked, Image: "1.2.7", Source: "1.2.0"},
		},
		"row 0: our own repair of a digest of another tag is seen again": {
			s: "1.2.7", o: "1.2.5@sha256:a", f: "1.2.0", history: []string{"1.2.0>1.2.7"}, was: "1.2.7", record: "1.2.7", sameSubmitted: true,
			want: want{Row: intent.Reinvoked, Image: "1.2.7", Source: "1.2.0"},
		},
		"row 0 not: a manifest that drops the digest behind its tag is applied": {
			s: "1.2.7", o: "1.2.7@sha256:a", f: "1.2.0", history: []string{"1.2.0>1.2.7@sha256:a"}, was: "1.2.7@sha256:a", record: "1.2.7@sha256:a", sameSubmitted: true,
			want: want{Row: intent.SourceUp, Image: "1.2.7@sha256:a", Resolve: true, Source: "1.2.7"},
		},
		"row 2: another digest of the same tag is a new source": {
			s: "1.2.0@sha256:b", o: "1.2.0@sha256:a", f: "1.2.0@sha256:a",
			want: want{Row: intent.NewSource, Image: "1.2.0@sha256:b", Resolve: true, Source: "1.2.0@sha256:b"},
		},
		"row 4: an undo past us gives way to a bump beyond what was left": {
			s: "1.2.7", o: "1.2.7", f: "1.2.0", history: []string{"1.2.0>1.2.7", "1.2.0>1.2.8"}, was: "1.2.7", record: "1.2.7", bumped: true,
			want: want{Row: intent.Bypassed, Image: "1.2.7", Resolve: true, Source: "1.2.0", Hold: "1.2.8"},
		},
		"row 4: a digest that was lost past us is repaired": {
			policy: "force", s: "latest", o: "latest", f: "latest", history: []string{"latest>latest@sha256:a"}, was: "latest@sha256:a", record: "latest@sha256:a", pins: true,
			want: want{Row: intent.Bypassed, Image: "latest", Resolve: true, Source: "latest", Repair: true},
		},
		"row 5: the source follows a manifest that has caught up": {
			s: "1.2.7", o: "1.2.7", f: "1.2.0", appliedNow: "1.2.7", history: []string{"1.2.0>1.2.7"}, was: "1.2.7", record: "1.2.7", sameSubmitted: true,
			want: want{Row: intent.Unchanged, Image: "1.2.7", Source: "1.2.7"},
		},
		"row 5: the source follows a manifest that names another image than the one that moved on meanwhile": {
			s: "1.2.7", o: "1.2.7", f: "1.2.6", appliedNow: "1.2.0", history: []string{"1.2.6>1.2.7"}, was: "1.2.7", record: "1.2.7", sameSubmitted: true,
			want: want{Row: intent.Unchanged, Image: "1.2.7", Source: "1.2.0"},
		},
		"row 5: the source follows no manifest of another repository": {
			s: "1.2.7", o: "1.2.7", f: "1.2.0", appliedNow: "mirror.example.com/app:1.2.7", history: []string{"1.2.0>1.2.7"}, was: "1.2.7", record: "1.2.7", sameSubmitted: true,
			want: want{Row: intent.Unchanged, Image: "1.2.7", Source: "1.2.0"},
		},
		"row 5: the source follows no manifest without a version": {
			s: "1.2.7", o: "1.2.7", f: "1.2.0", appliedNow: "latest", history: []string{"1.2.0>1.2.7"}, was: "1.2.7", record: "1.2.7", sameSubmitted: true,
			want: want{Row: intent.Unchanged, Image: "1.2.7", Source: "1.2.0"},
		},
		"row 4: the source follows a manifest that names what runs": {
			s: "1.2.7", o: "1.2.7", f: "1.2.0", appliedNow: "1.2.7", history: []string{"1.2.0>1.2.6"}, was: "1.2.6", record: "1.2.6",
			want: want{Row: intent.Bypassed, Image: "1.2.7", Resolve: true, Source: "1.2.7", Repair: true},
		},
		"row 4: an undo past us stays": {
			s: "1.2.7", o: "1.2.7", f: "1.2.0", history: []string{"1.2.0>1.2.7", "1.2.0>1.2.8"}, was: "1.2.7", record: "1.2.7",
			want: want{Row: intent.Bypassed, Image: "1.2.7", Source: "1.2.0", Hold: "1.2.8"},
		},
		"row 5: a label, a scale or a restart reads no registry": {
			s: "1.2.7", o: "1.2.7", f: "1.2.0", history: []string{"1.2.0>1.2.7"}, was: "1.2.7", record: "1.2.7", sameSubmitted: true,
			want: want{Row: intent.Unchanged, Image: "1.2.7", Source: "1.2.0"},
		},
		"row 5: the source does not follow a label": {
			s: "1.2.7", o: "1.2.7", f: "1.2.0", history: []string{"1.2.0>1.2.7"}, was: "1.2.7", record: "1.2.7", manager: "helm",
			want: want{Row: intent.Unchanged, Image: "1.2.7", Source: "1.2.0"},
		},
		"row 5: a bump is resolved from what runs": {
			s: "1.2.7", o: "1.2.7", f: "1.2.0", history: []string{"1.2.0>1.2.7"}, was: "1.2.7", record: "1.2.7", bumped: true,
			want: want{Row: intent.Unchanged, Image: "1.2.7", Resolve: true, Source: "1.2.0"},
		},
		"row 5: a changed setting is resolved from what runs": {
			s: "1.2.7", o: "1.2.7", f: "1.2.0", history: []string{"1.2.0>1.2.7"}, was: "1.2.7", record: "1.2.7", changed: true,
			want: want{Row: intent.Unchanged, Image: "1.2.7", Resolve: true, Source: "1.2.0"},
		},
		"row 6: a person goes down and is obeyed": {
			s: "1.2.6", o: "1.2.7", f: "1.2.0", was: "1.2.7", record: "1.2.7", manager: "kubectl-set",
			want: want{Row: intent.ByHand, Image: "1.2.6", Source: "1.2.0", Below: true, Hold: "1.2.7"},
		},
		"row 6: a person goes down to the source itself and is obeyed": {
			s: "1.2.0", o: "1.2.7", f: "1.2.0", was: "1.2.7", record: "1.2.7", manager: "kubectl-edit",
			want: want{Row: intent.ByHand, Image: "1.2.0", Source: "1.2.0", Below: true, Hold: "1.2.7"},
		},
		"row 6: a person pins another digest of the same tag and is obeyed": {
			policy: "force", s: "latest@sha256:a", o: "latest@sha256:b", f: "latest", manager: "kubectl-set",
			want: want{Row: intent.ByHand, Image: "latest@sha256:a", Source: "latest", Hold: "latest@sha256:b"},
		},
		"row 6: a person in k9s goes down and is obeyed": {
			s: "1.2.6", o: "1.2.7", f: "1.2.0", was: "1.2.7", record: "1.2.7", program: "k9s",
			want: want{Row: intent.ByHand, Image: "1.2.6", Source: "1.2.0", Below: true, Hold: "1.2.7"},
		},
		"row 6: a person in a console goes up, and the manifest stays the source": {
			s: "1.3.0", o: "1.2.7", f: "1.2.0", was: "1.2.7", record: "1.2.7", program: "Mozilla",
			want: want{Row: intent.ByHand, Image: "1.3.0", Resolve: true, Source: "1.2.0"},
		},
		"row 6: a person who edits in Argo CD goes down and is obeyed": {
			s: "1.2.6", o: "1.2.7", f: "1.2.0", was: "1.2.7", record: "1.2.7", program: "argocd-server",
			want: want{Row: intent.ByHand, Image: "1.2.6", Source: "1.2.0", Below: true, Hold: "1.2.7"},
		},
		"row 6: a person in Kubernetes Dashboard goes down and is obeyed": {
			s: "1.2.6", o: "1.2.7", f: "1.2.0", was: "1.2.7", record: "1.2.7", program: "dashboard-api",
			want: want{Row: intent.ByHand, Image: "1.2.6", Source: "1.2.0", Below: true, Hold: "1.2.7"},
		},
		"row 3: a rollback in k9s is an undo": {
			s: "1.2.6", o: "1.2.7", f: "1.2.0", history: []string{"1.2.0>1.2.6", "1.2.0>1.2.7"}, was: "1.2.7", record: "1.2.6", program: "k9s",
			want: want{Row: intent.Undo, Image: "1.2.6", Source: "1.2.0", Below: true, Hold: "1.2.7"},
		},
		"row 8: a program that is no person's names a new source": {
			s: "1.3.0", o: "1.2.7", f: "1.2.0", was: "1.2.7", record: "1.2.7", program: "Terraform",
			want: want{Row: intent.SourceUp, Image: "1.3.0", Resolve: true, Source: "1.3.0"},
		},
		"row 6: a person goes up and is resolved": {
			s: "1.3.0", o: "1.2.7", f: "1.2.0", was: "1.2.7", record: "1.2.7", manager: "kubectl-patch",
			want: want{Row: intent.ByHand, Image: "1.3.0", Resolve: true, Source: "1.2.0"},
		},
		"row 7: the same manifest again is resolved from what runs": {
			s: "1.2.0", o: "1.2.7", f: "1.2.0", was: "1.2.7", record: "1.2.7",
			want: want{Row: intent.SameAgain, Image: "1.2.7", Resolve: true, Source: "1.2.0"},
		},
		"row 7: in a loop that resolves on change it is what runs": {
			s: "1.2.0", o: "1.2.7", f: "1.2.0", was: "1.2.7", record: "1.2.7", onChange: true,
			want: want{Row: intent.SameAgain, Image: "1.2.7", Source: "1.2.0"},
		},
		"row 7: what runs and the policy cannot lead to is left": {
			policy: "patch", s: "1.2.0", o: "2.0.0", f: "1.2.0", was: "2.0.0", record: "2.0.0",
			want: want{Row: intent.SameAgain, Image: "1.2.0", Resolve: true, Source: "1.2.0"},
		},
		"row 7: so it is where the state is the same, too": {
			policy: "force", s: "latest", o: "latest@sha256:a", f: "latest", pins: true, history: []string{"latest>latest@sha256:a"},
			was: "latest@sha256:a", record: "latest@sha256:a", sameSubmitted: true, manager: "kubectl-client-side-apply",
			want: want{Row: intent.SameAgain, Image: "latest@sha256:a", Resolve: true, Source: "latest"},
		},
		"row 7: a tag that is spelled with its digest in the store is the same again": {
			policy: "force", s: "latest", o: "latest@sha256:a", f: "latest",
			want: want{Row: intent.SameAgain, Image: "latest@sha256:a", Resolve: true, Source: "latest"},
		},
		"row 8: a new source below what runs keeps what runs": {
			s: "1.2.5", o: "1.2.7", f: "1.2.0", was: "1.2.7", record: "1.2.7",
			want: want{Row: intent.SourceUp, Image: "1.2.7", Resolve: true, Source: "1.2.5"},
		},
		"row 8: a new source above what runs is resolved": {
			s: "1.3.0", o: "1.2.7", f: "1.2.0", was: "1.2.7", record: "1.2.7", onChange: true,
			want: want{Row: intent.SourceUp, Image: "1.3.0", Resolve: true, Source: "1.3.0"},
		},
		"row 9: a source that goes down out of the policy's reach is resolved": {
			policy: "patch", s: "1.1.0", o: "1.2.7", f: "1.2.0", was: "1.2.7", record: "1.2.7",
			want: want{Row: intent.SourceDown, Image: "1.1.0", Resolve: true, Source: "1.1.0"},
		},
		"row 9: a source that what runs once answered is the same again": {
			s: "1.2.0", o: "1.2.7", f: "1.2.5", history: []string{"1.2.0>1.2.7"}, was: "1.2.7", record: "1.2.7",
			want: want{Row: intent.SourceDown, Image: "1.2.7", Resolve: true, Source: "1.2.0"},
		},
		"row 9: a source that what runs answered without a move is the same again": {
			s: "1.2.5", o: "1.2.7", f: "1.2.6", history: []string{"1.2.0>1.2.7", "1.2.5>1.2.7", "1.2.6>1.2.7"}, was: "1.2.7", record: "1.2.7",
			want: want{Row: intent.SourceDown, Image: "1.2.7", Resolve: true, Source: "1.2.5"},
		},
		"row 9: a manifest that kubectl applied last is the same again, whoever named another source since": {
			s: "1.2.0", o: "1.2.9", f: "1.2.9", history: []string{"1.2.0>1.2.8", "1.2.9>1.2.9"}, was: "1.2.9", record: "1.2.9", reapplied: true,
			want: want{Row: intent.SourceDown, Image: "1.2.9", Resolve: true, Source: "1.2.0"},
		},
		"row 9: a source that goes down is obeyed": {
			s: "1.1.0", o: "1.2.7", f: "1.2.0", history: []string{"1.2.0>1.2.7"}, was: "1.2.7", record: "1.2.7",
			want: want{Row: intent.SourceDown, Image: "1.1.0", Source: "1.1.0", Below: true, Hold: "1.2.7"},
		},
	})
}

func TestFirstContact(t *testing.T) {
	check(t, map[string]story{
		"a label on a stranger changes nothing": {
			s: "1.2.7", o: "1.2.7", want: want{Row: intent.Unchanged, Image: "1.2.7", Source: "1.2.7"},
		},
		"the last applied image is the source": {
			s: "1.2.0", o: "1.2.7", applied: "1.2.0", manager: "kubectl-client-side-apply",
			want: want{Row: intent.SameAgain, Image: "1.2.7", Resolve: true, Source: "1.2.0"},
		},
		"an applier's image that can have led to what runs is the source": {
			s: "1.2.0", o: "1.2.7", manager: "helm",
			want: want{Row: intent.SameAgain, Image: "1.2.7", Resolve: true, Source: "1.2.0"},
		},
		"a person's image is below what runs and is obeyed": {
			s: "1.2.0", o: "1.2.7", manager: "kubectl-set",
			want: want{Row: intent.ByHand, Image: "1.2.0", Source: "1.2.7", Below: true, Hold: "1.2.7"},
		},
		"a writer without a name goes back and is obeyed: an undo gives none": {
			s: "1.2.0", o: "1.2.7",
			want: want{Row: intent.Undo, Image: "1.2.0", Source: "1.2.7", Below: true, Hold: "1.2.7"},
		},
		"an undo to the very image that was applied last is obeyed": {
			s: "1.2.0", o: "1.2.7", applied: "1.2.0",
			want: want{Row: intent.Undo, Image: "1.2.0", Source: "1.2.0", Below: true, Hold: "1.2.7"},
		},
		"an undo is obeyed where the source is known and the template was never moved": {
			s: "1.2.0", o: "1.2.7", f: "1.2.0", history: []string{"1.2.0>1.2.7"},
			want: want{Row: intent.Undo, Image: "1.2.0", Source: "1.2.0", Below: true, Hold: "1.2.7"},
		},
		"an applier's image that is above what runs is a new source": {
			s: "1.3.0", o: "1.2.7", manager: "helm",
			want: want{Row: intent.SourceUp, Image: "1.3.0", Resolve: true, Source: "1.3.0"},
		},
	})
}

func TestKindsThatAreResolvedAtCreateAlone(t *testing.T) {
	check(t, map[string]story{
		"the same manifest again puts the stored image back": {
			createOnly: true, s: "1.2.0", o: "1.2.7", f: "1.2.0",
			want: want{Row: intent.CreateOnlyKind, Image: "1.2.7", Source: "1.2.0"},
		},
		"it is put back though its policy is gone": {
			createOnly: true, noPolicy: true, s: "1.2.0", o: "1.2.7", f: "1.2.0",
			want: want{Row: intent.CreateOnlyKind, Image: "1.2.7", Source: "1.2.0"},
		},
		"any other image passes as written": {
			createOnly: true, s: "1.2.5", o: "1.2.7", f: "1.2.0",
			want: want{Row: intent.CreateOnlyKind, Image: "1.2.5", Source: "1.2.5"},
		},
		"a bump moves nothing": {
			createOnly: true, s: "1.2.7", o: "1.2.7", f: "1.2.0", bumped: true,
			want: want{Row: intent.CreateOnlyKind, Image: "1.2.7", Source: "1.2.0"},
		},
	})
}
