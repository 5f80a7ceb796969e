package move

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/garboard-dev/garboard/internal/printable"
	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/updater/report"
	"github.com/garboard-dev/garboard/updater/rollout"
)

// maxPromotionText bounds what is told of all workloads that come first.
const maxPromotionText = 600

// promotionGate lets a workload follow those that it comes after. Which version has soaked
// there a poll has asked; the gate asks again, since that may have been hours ago, and
// judges what no poll lets through: the version that is on its way.
type promotionGate struct{ *Mover }

// Judge implements Gate.
func (g promotionGate) Judge(ctx context.Context, m *Move) Verdict {
	var whys []string
	var again time.Time
	opens := true // by itself
	for _, soak := range g.Soaks(ctx, m.Key, m.Rule, m.Repository) {
		why, soakedAt := soak.Judge(m.To.Tag, m.To.Digest, exactly(m))
		if why == "" {
			continue
		}
		whys, opens = append(whys, why), opens && !soakedAt.IsZero()
		if soakedAt.After(again) {
			again = soakedAt
		}
	}
	if len(whys) == 0 {
		return Verdict{}
	}
	verdict := Verdict{Reason: report.WaitUpstream, Message: printable.Replace(strings.Join(whys, "; "), maxPromotionText)}
	if opens {
		verdict.Again = again
	}
	return verdict
}

// exactly reports whether a move is to an image by its digest: the tag alone does not do
// then.
func exactly(m *Move) bool {
	reference, err := resolver.ParseReference(m.Image)
	pinned := err == nil && reference.Digest != ""
	return m.Rule.Pins(pinned) || m.From.Tag == m.To.Tag
}

// notYet tells why what a workload runs has not soaked there, and when it will have; why
// is empty where it has.
func (s *Mover) notYet(since time.Time, h rollout.Health, a settings.After, runs record.Result) (why string, soakedAt time.Time) {
	switch {
	case h.Phase == rollout.Empty:
		return fmt.Sprintf("runs %s, and has no Pods", runs.Tag), soakedAt
	case h.Phase != rollout.Healthy || since.IsZero():
		why = fmt.Sprintf("runs %s, and is not healthy", runs.Tag)
		if h.Message != "" {
			why += ": " + printable.Replace(h.Message, maxHealthText)
		}
		return why, soakedAt
	}
	if soakedAt = since.Add(a.For); s.Clock.Now().Before(soakedAt) {
		return fmt.Sprintf("has been healthy with %s since %s, and has to be for %s, until %s", runs.Tag, moment(since), a.Length(), moment(soakedAt)), soakedAt
	}
	return "", time.Time{}
}

// maxHealthText bounds what a workload's status says of its health.
const maxHealthText = 120

func moment(at time.Time) string { return at.UTC().Format("Mon 2006-01-02 15:04:05 MST") }
