package move

import (
	"context"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/clock"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/updater/report"
	"github.com/garboard-dev/garboard/updater/watched"
)

// A gate without a judge stays closed for ever.
func TestEachGateHasAJudge(t *testing.T) {
	judges := (&Mover{Options: Options{Clock: clock.RealClock{}, Approvals: noApprovals{}}}).gates()
	for _, gate := range settings.AllGates() {
		if judges[gate] == nil {
			t.Errorf("the gate %s has no judge", gate)
		}
		delete(judges, gate)
	}
	for gate := range judges {
		t.Errorf("the judge of %s is never asked: settings.AllGates does not list it", gate)
	}
}

// people is the gate of approvals, as people have left it.
type people struct{ approved, now bool }

func (p people) Judge(context.Context, *Move) Verdict {
	if p.approved {
		return Verdict{}
	}
	return Verdict{Reason: report.WaitApproval, Message: "has 0 of 1 approvals"}
}

func (p people) PastAfter(context.Context, *Move) bool { return p.now }

// People open the gate after another workload by saying so, and no other gate; where no
// approvals are asked for, no vote opens anything.
func TestVotesForNowOpenTheGateAfterAlone(t *testing.T) {
	elsewhere := []settings.After{{Upstream: settings.UpstreamOf(schema.GroupKind{Group: "example.com", Kind: "Unknown"}, "staging", "web")}}
	for name, test := range map[string]struct {
		votes  int32
		people people
		want   string
	}{
		"approved":                      {1, people{approved: true}, report.WaitUpstream},
		"approved with now":             {1, people{approved: true, now: true}, ""},
		"now, and not enough approvals": {1, people{now: true}, report.WaitApproval},
		"no approvals are asked for":    {0, people{approved: true, now: true}, report.WaitUpstream},
	} {
		t.Run(name, func(t *testing.T) {
			mover := &Mover{Options: Options{Clock: clock.RealClock{}, Approvals: test.people, Workloads: &watched.Reader{Kinds: workload.StandardKinds()}}}
			rule := &settings.Rule{After: elsewhere, Approvals: settings.Approvals{Votes: test.votes}}
			if got := mover.judgeOnce(t.Context(), &Move{Rule: rule, Image: "example.com/app:1.0.0"}).Reason; got != test.want {
				t.Errorf("it waits for %q, want %q", got, test.want)
			}
		})
	}
}
