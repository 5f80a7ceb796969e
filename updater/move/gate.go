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

// gates are asked in this order. Those before them, holds, ages and platforms,
// choose between candidates and are the resolver's; pace comes last, since it
// takes a place.
func (s *Mover) gates() []Gate {
	gates := []Gate{windowGate{s.Clock.Now}}
	if s.Approvals != nil {
		gates = append(gates, s.Approvals)
	}
	return append(gates, canaryGate{s})
}

// Judge asks all gates but the pace.
func (s *Mover) Judge(ctx context.Context, m *Move) Verdict {
	for _, gate := range s.gates() {
		if verdict := gate.Judge(ctx, m); !verdict.Open() {
			return verdict
		}
	}
	return Verdict{}
}

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
