package updater

import (
	"context"
	"testing"

	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/resolver/policy"
)

func TestStandings(t *testing.T) {
	web := Standing{Namespace: "on", Name: "web", Container: "web", Repository: "example.com/app", Running: "1.2.0", Policy: "minor", State: StateUnknown}
	pending := func(s *Standing) { s.State, s.Newest, s.Reason = StatePending, "1.3.0", WaitWindow }
	for name, test := range map[string]struct {
		changes []func(*Standing)
		running string
		want    State
		reason  string
	}{
		"nothing is known before the first poll":               {nil, "1.2.0", StateUnknown, ""},
		"what waits goes on waiting when the workload changes": {[]func(*Standing){pending}, "1.2.0", StatePending, WaitWindow},
		"somebody goes where it waited to go":                  {[]func(*Standing){pending}, "1.3.0", StateCurrent, ""},
		"somebody goes somewhere else":                         {[]func(*Standing){pending}, "1.1.0", StateUnknown, ""},
		"the newest runs": {[]func(*Standing){func(s *Standing) {
			s.stays(resolver.Resolution{Tag: "1.2.0", Reason: policy.StayNewest})
		}}, "1.2.0", StateCurrent, ""},
		"what is newer is held": {[]func(*Standing){func(s *Standing) {
			s.stays(resolver.Resolution{Tag: "1.2.0", Reason: resolver.StayHeld, Passed: []resolver.Rejection{{Tag: "1.3.0", Text: "held"}}})
		}}, "1.2.0", StatePending, WaitHeld},
		"a poll does not end a rollout": {[]func(*Standing){
			func(s *Standing) { s.State = StateRolling },
			func(s *Standing) { s.stays(resolver.Resolution{Tag: "1.2.0", Reason: policy.StayNewest}) },
		}, "1.2.0", StateRolling, ""},
		"a tag that is no version stays for a reason": {[]func(*Standing){func(s *Standing) {
			s.stays(resolver.Resolution{Tag: "1.2.0", Reason: policy.StayNotAVersion})
		}}, "1.2.0", StateCurrent, string(policy.StayNotAVersion)},
	} {
		t.Run(name, func(t *testing.T) {
			u, _ := planner(t)
			u.book.keep(key("web"), []Standing{web})
			for _, change := range test.changes {
				u.book.note(key("web"), "web", change)
			}
			after := web
			after.Running = test.running
			u.book.keep(key("web"), []Standing{after})
			all := u.Standings("on")
			if len(all) != 1 || all[0].State != test.want || all[0].Reason != test.reason || all[0].Running != test.running {
				t.Errorf("%+v, want %s %s", all, test.want, test.reason)
			}
			if others := u.Standings("off"); len(others) > 0 {
				t.Errorf("another namespace has %+v", others)
			}
			u.book.keep(key("web"), nil)
			if gone := u.Standings(""); len(gone) > 0 {
				t.Errorf("left: %+v", gone)
			}
		})
	}
}

// owned is an Ownership of one repository.
type owned string

func (o owned) Owns(repository string) bool { return repository == string(o) }

func (owned) Begin(ctx context.Context, _ string) (context.Context, func(), bool) {
	return ctx, func() {}, true
}

func (owned) Changed() <-chan struct{} { return nil }

// Each of several updaters tells of what it owns: the others know more of the rest.
func TestStandingsAreOfWhatIsOurs(t *testing.T) {
	u, _ := planner(t)
	u.Ownership = owned("example.com/ours")
	for _, name := range []string{"ours", "theirs"} {
		u.book.keep(key(name), []Standing{{Namespace: "on", Name: name, Container: "web", Repository: "example.com/" + name}})
	}
	if all := u.Standings(""); len(all) != 1 || all[0].Name != "ours" {
		t.Errorf("told of %+v", all)
	}
}
