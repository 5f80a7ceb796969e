package move

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/updater/report"
	"github.com/garboard-dev/garboard/updater/watched"
)

// Move is what a gate judges: one container of a workload, and the image that its
// policy moves it to.
type Move struct {
	// Workload is as the cache has it: without all that updates do not read.
	Workload *workload.Object
	// Container is the slot's key, Repository canonical.
	Container, Repository string
	// Rule is what holds for the container; never nil where a gate judges.
	Rule *settings.Rule
	// Image is the reference that runs; From and To are its result and the next.
	Image    string
	From, To record.Result

	// Key names the workload.
	Key watched.Key
	// Found is when a poll found it.
	Found time.Time
}

// follows reports whether another workload of its canary's set goes first. Admission may
// have seen a newer version than the one that has soaked.
func (m Move) follows() bool { return m.Rule.Canary.Follows() }

// candidate is what people hear of a move.
func (m *Move) candidate() report.Candidate {
	return report.Candidate{Container: m.Container, Image: m.Image, To: m.To, ReleaseNotes: m.Rule.ReleaseNotes}
}

// about is what the facts of a move are about.
func (m *Move) about(o *unstructured.Unstructured) report.About {
	return report.About{Key: m.Key, Object: o, Channels: m.Rule.Notify}
}

func candidatesOf(moves []Move) []report.Candidate {
	all := make([]report.Candidate, 0, len(moves))
	for _, m := range moves {
		all = append(all, m.candidate())
	}
	return all
}

// Verdict is a gate's answer. The zero value is that it is open.
type Verdict struct {
	// Reason is one of the Wait words; Message says it to people, as a clause.
	Reason, Message string
	// Again is when the gate may open by itself; zero where something else has to
	// happen first.
	Again time.Time
}

// Open reports whether the move may go on.
func (v Verdict) Open() bool { return v.Reason == "" }

// Gate stands between a candidate and its use.
type Gate interface {
	Judge(ctx context.Context, m *Move) Verdict
}

// gates has what judges each gate of the settings. Holds, ages and platforms choose
// between candidates, and are the resolver's.
func (s *Mover) gates() map[settings.Gate]Gate {
	return map[settings.Gate]Gate{
		settings.GateMinAge:    resolverGate{},
		settings.GateAfter:     promotionGate{s},
		settings.GateWindow:    windowGate{s.Clock.Now},
		settings.GateCanary:    canaryGate{s},
		settings.GateApprovals: s.Approvals,
	}
}

// Approvals is the gate that people open.
type Approvals interface {
	Gate
	// PastAfter reports whether people let a move go before it has soaked.
	PastAfter(ctx context.Context, m *Move) bool
}

// noApprovals is the gate of an updater that reads no votes.
type noApprovals struct{}

// Judge implements Gate.
func (noApprovals) Judge(context.Context, *Move) Verdict {
	return Verdict{Reason: report.WaitApproval, Message: "this updater keeps no approvals"}
}

// PastAfter implements Approvals.
func (noApprovals) PastAfter(context.Context, *Move) bool { return false }

// opensByItself reports whether others are asked before a gate opens: people vote in
// daytime on what moves at night.
func opensByItself(gate settings.Gate) bool {
	return gate == settings.GateWindow || gate == settings.GateAfter
}

// maxTargets bounds how often gates may change the target of a move.
const maxTargets = 3

// Judge asks the gates that are set, in the order of settings.AllGates, up to the first
// that is closed and does not open with time alone. The pace is asked later, since it
// takes a place. A target that one of them has changed is one that all of them let through.
func (s *Mover) Judge(ctx context.Context, m *Move) Verdict {
	var verdict Verdict
	for range maxTargets {
		asked := m.To
		if verdict = s.judgeOnce(ctx, m); !verdict.Open() || m.To == asked {
			return verdict
		}
	}
	return Verdict{Reason: report.WaitCanary, Message: "its gates do not agree on a version"}
}

// judgeOnce asks the gates about one target. A gate without a judge stays closed.
func (s *Mover) judgeOnce(ctx context.Context, m *Move) Verdict {
	judges, closed := s.gates(), Verdict{}
	for _, name := range m.Rule.Gates() {
		gate, ok := judges[name]
		if !ok {
			return Verdict{Reason: string(name), Message: fmt.Sprintf("this updater does not know the gate %q", name)}
		}
		verdict := gate.Judge(ctx, m)
		if name == settings.GateAfter && !verdict.Open() && m.Rule.Approvals.Votes > 0 && s.Approvals.PastAfter(ctx, m) {
			continue
		}
		if closed = closed.and(verdict); !verdict.Open() && !opensByItself(name) {
			return closed
		}
	}
	return closed
}

// and adds the verdict of a later gate. What waits for more than time is the reason.
func (v Verdict) and(later Verdict) Verdict {
	switch {
	case later.Open():
		return v
	case v.Open():
		return later
	}
	later.Message += "; " + v.Message
	if later.Again.IsZero() || !v.Again.IsZero() && v.Again.Before(later.Again) {
		later.Again = v.Again
	}
	return later
}

// resolverGate is one that the resolver has judged: what it does not let through is no
// candidate.
type resolverGate struct{}

// Judge implements Gate.
func (resolverGate) Judge(context.Context, *Move) Verdict { return Verdict{} }

// windowGate opens at the times that the workload names.
type windowGate struct{ now func() time.Time }

// Judge implements Gate.
func (g windowGate) Judge(_ context.Context, m *Move) Verdict {
	open, until := m.Rule.Window.Open(g.now())
	switch {
	case open:
		return Verdict{}
	case until.IsZero():
		return Verdict{Reason: report.WaitWindow, Message: "its window never opens"}
	default:
		return Verdict{report.WaitWindow, fmt.Sprintf("its window opens at %s", until.Format("Mon 2006-01-02 15:04 MST")), until}
	}
}
