package report

import (
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/resolver/policy"
	"github.com/garboard-dev/garboard/updater/watched"
)

func TestStandings(t *testing.T) {
	web := Standing{Namespace: "on", Name: "web", Container: "web", Repository: "example.com/app", Running: "1.2.0", Policy: "minor", State: StateUnknown}
	pending := func(s *Standing) { s.State, s.Newest, s.Reason = StatePending, "1.3.0", WaitWindow }
	key := watched.NewKey(schema.GroupVersionKind{Kind: "Deployment"}, "on", "web")
	in := func(namespace string) func(*Standing) bool {
		return func(s *Standing) bool { return namespace == "" || s.Namespace == namespace }
	}
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
			s.stay(resolver.Resolution{Tag: "1.2.0", Reason: policy.StayNewest})
		}}, "1.2.0", StateCurrent, ""},
		"what is newer is held": {[]func(*Standing){func(s *Standing) {
			s.stay(resolver.Resolution{Tag: "1.2.0", Reason: resolver.StayHeld, Passed: []resolver.Rejection{{Tag: "1.3.0", Text: "held"}}})
		}}, "1.2.0", StatePending, WaitHeld},
		"a poll does not end a rollout": {[]func(*Standing){
			func(s *Standing) { s.State = StateRolling },
			func(s *Standing) { s.stay(resolver.Resolution{Tag: "1.2.0", Reason: policy.StayNewest}) },
		}, "1.2.0", StateRolling, ""},
		"a tag that is no version stays for a reason": {[]func(*Standing){func(s *Standing) {
			s.stay(resolver.Resolution{Tag: "1.2.0", Reason: policy.StayNotAVersion})
		}}, "1.2.0", StateCurrent, string(policy.StayNotAVersion)},
	} {
		t.Run(name, func(t *testing.T) {
			r := New(Options{})
			r.Keep(key, []Standing{web})
			for _, change := range test.changes {
				r.standings.note(key, "web", change)
			}
			after := web
			after.Running = test.running
			r.Keep(key, []Standing{after})
			all := r.Standings(in("on"))
			if len(all) != 1 || all[0].State != test.want || all[0].Reason != test.reason || all[0].Running != test.running {
				t.Errorf("%+v, want %s %s", all, test.want, test.reason)
			}
			if others := r.Standings(in("off")); len(others) > 0 {
				t.Errorf("another namespace has %+v", others)
			}
			r.Forget(key, "")
			if gone := r.Standings(in("")); len(gone) > 0 {
				t.Errorf("left: %+v", gone)
			}
		})
	}
}

func TestAReasonIsToldOnceAndAgainAfterAChange(t *testing.T) {
	told := 0
	tell := func() { told++ }
	s := newDeduper()
	for _, what := range []string{"a", "a", "b", "b", "a"} {
		s.once("u", "web", what, tell)
	}
	if told != 3 {
		t.Errorf("told %d times, want 3", told)
	}
	s.clear("u", "web")
	s.once("u", "web", "a", tell)
	s.forget("u")
	s.once("u", "web", "a", tell)
	if told != 5 {
		t.Errorf("told %d times, want 5", told)
	}
	// An error of no kind that Kubernetes knows has no reason.
	s.once("v", "", "", tell)
	s.once("v", "", "", tell)
	if told != 6 {
		t.Errorf("told %d times, want 6: a failure without a reason is one, too", told)
	}
}
