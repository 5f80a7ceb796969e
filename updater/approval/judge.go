package approval

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/internal/printable"
	"github.com/garboard-dev/garboard/internal/voting"
	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/updater/move"
	"github.com/garboard-dev/garboard/updater/report"
)

// maxComment bounds what is told of a voter's comment.
const maxComment = 200

// Judge implements move.Gate. It proposes a move that is not known yet, and may change
// the target to a version that was approved before a newer one came.
func (s *Stage) Judge(ctx context.Context, m *move.Move) move.Verdict {
	if why := s.why(); why != "" {
		return s.waits(why, lookAgain)
	}
	verdict := s.judge(ctx, m)
	if verdict.Open() {
		return verdict
	}
	if earlier, ok := s.approvedBefore(ctx, m); ok {
		m.To = earlier
		return move.Verdict{}
	}
	return verdict
}

// waits is a closed verdict; again is when to judge anew, 0 for when something happens.
func (s *Stage) waits(message string, again time.Duration) move.Verdict {
	v := move.Verdict{Reason: report.WaitApproval, Message: message}
	if again > 0 {
		v.Again = s.Clock.Now().Add(again)
	}
	return v
}

func (s *Stage) judge(ctx context.Context, m *move.Move) move.Verdict {
	proposed := s.updateFor(m)
	name := nameOf(proposed)
	u := s.store.get(name)
	if u != nil && !sound(u, m) {
		return s.waits(fmt.Sprintf("the ImageUpdate %s is not what the updater proposes: delete it", name.Name), lookAgain)
	}
	if u != nil && isOver(u.Status.Phase) {
		if err := s.remove(ctx, u); err != nil {
			return s.waits("the version cannot be proposed anew: "+reasonOf(err), lookAgain)
		}
		u = nil
	}
	if u == nil {
		proposed.Spec.CarriesFrom = s.carriedFrom(m)
		if err := s.propose(ctx, m, proposed); err != nil {
			return s.waits("the update cannot be proposed: "+reasonOf(err), lookAgain)
		}
		u = proposed
	}
	s.supersede(ctx, m, u)
	return s.verdictOn(ctx, u, m)
}

// sound reports whether an update is what the updater proposes for a move. Another one of
// its name counts for nothing.
func sound(u *v1alpha1.ImageUpdate, m *move.Move) bool {
	return hasOwnName(u) && u.Spec.Repository == m.Repository && u.Spec.Container == m.Container && string(u.Spec.WorkloadRef.UID) == m.Workload.UID()
}

// hasOwnName reports whether an update has the name of what it proposes.
func hasOwnName(u *v1alpha1.ImageUpdate) bool { return voting.UpdateName(&u.Spec) == u.Name }

// verdictOn says what people have decided.
func (s *Stage) verdictOn(ctx context.Context, u *v1alpha1.ImageUpdate, m *move.Move) move.Verdict {
	since, err := s.enforced(ctx)
	if err != nil {
		return s.waits("no vote counts: "+err.Error(), lookAgain)
	}
	required := m.Rule.Approvals.Votes
	tally := s.tally(u, since)
	switch phase := voting.PhaseOf(u); {
	case phase == v1alpha1.PhaseApproved && tally.Phase(required) == v1alpha1.PhaseApproved:
		return move.Verdict{}
	case phase == v1alpha1.PhaseRejected:
		return s.waits("rejected"+rejecterNames(u.Status.Voters)+"; "+command("approve --reopen", u), 0)
	case phase == v1alpha1.PhaseExpired:
		return s.waits("not approved in time; "+command("approve --reopen", u), 0)
	case phase == v1alpha1.PhaseRollingOut:
		return s.waits("it was moved there already, and is written since", 0)
	default:
		return s.waits(fmt.Sprintf("has %d of %d approvals, until %s; %s", tally.Approvals, required,
			voting.Deadline(u).UTC().Format("Mon 2006-01-02 15:04 MST"), command("approve", u)), 0)
	}
}

// command is what people type about an update.
func command(verb string, u *v1alpha1.ImageUpdate) string {
	return fmt.Sprintf("garboard %s %s -n %s", verb, u.Name, u.Namespace)
}

// rejecterNames names the first who rejected, which decides, with what that voter said.
func rejecterNames(voters []v1alpha1.Voter) string {
	for _, v := range voters {
		if v.Verdict != v1alpha1.VerdictReject {
			continue
		}
		text := " by " + printable.Escape(v.Name, maxComment)
		if comment := strings.TrimSpace(v.Comment); comment != "" {
			// In quotes: it is followed by what people type, and may read like it.
			text += ": " + strconv.Quote(printable.Cut(comment, maxComment))
		}
		return text
	}
	return ""
}

// approverNames names those who approved.
func approverNames(voters []v1alpha1.Voter) string {
	var names []string
	for _, v := range voters {
		if v.Verdict == v1alpha1.VerdictApprove {
			names = append(names, printable.Escape(v.Name, maxComment))
		}
	}
	return strings.Join(names, ", ")
}

// tally counts the votes on an update, and on those whose votes it carries on.
func (s *Stage) tally(u *v1alpha1.ImageUpdate, since time.Time) voting.Tally {
	return s.tallyBack(u, since, MaxHistory)
}

// tallyBack goes so many updates back at most.
func (s *Stage) tallyBack(u *v1alpha1.ImageUpdate, since time.Time, most int) voting.Tally {
	tally := voting.Count(u, s.store.votesOn(nameOf(u)), since)
	earlier := s.store.get(types.NamespacedName{Namespace: u.Namespace, Name: u.Spec.CarriesFrom})
	// Who wrote an update that is older than its protection is not known.
	if most == 0 || earlier == nil || !u.CreationTimestamp.After(since) || !s.carries(earlier, u.Spec.WorkloadRef.UID, u.Spec.Container, u.Spec.Repository, u.Spec.To.Tag) {
		return tally
	}
	return tally.With(s.tallyBack(earlier, since, most-1))
}

// carries reports whether the votes on an update may count for a higher patch release.
func (s *Stage) carries(u *v1alpha1.ImageUpdate, workload types.UID, container, repository, tag string) bool {
	return hasOwnName(u) && u.Spec.WorkloadRef.UID == workload && u.Spec.Container == container && u.Spec.Repository == repository &&
		u.Spec.To.Tag != tag && s.patch.Moves(u.Spec.To.Tag, tag)
}

// PastAfter implements move.Approvals: as many as have to approve said that the version
// need not soak.
func (s *Stage) PastAfter(ctx context.Context, m *move.Move) bool {
	u := s.store.get(nameOf(s.updateFor(m)))
	since, err := s.enforced(ctx)
	if u == nil || err != nil || !sound(u, m) || u.Status.Phase != v1alpha1.PhaseApproved {
		return false
	}
	return s.tally(u, since).Now(m.Rule.Approvals.Votes)
}

// goesNow reports whether an update, as its status shows it, is approved to be moved to
// without the time in the stage before.
func goesNow(status *v1alpha1.ImageUpdateStatus, required int32) bool {
	now := int32(0)
	for _, v := range status.Voters {
		if v.Verdict == v1alpha1.VerdictApprove && v.Now {
			now++
		}
	}
	return status.Phase == v1alpha1.PhaseApproved && now >= max(required, 1)
}

// approvedBefore is the version that people approved last, if it waits for another gate:
// a newer candidate takes nothing from it.
func (s *Stage) approvedBefore(ctx context.Context, m *move.Move) (to record.Result, ok bool) {
	since, err := s.enforced(ctx)
	if err != nil {
		return to, false
	}
	var last *v1alpha1.ImageUpdate
	for _, u := range s.store.ofWorkload(types.UID(m.Workload.UID())) {
		target := resultOf(u)
		if !sound(u, m) || u.Status.Phase != v1alpha1.PhaseApproved || target.Tag == m.To.Tag || !m.Permits(target) ||
			s.tally(u, since).Phase(m.Rule.Approvals.Votes) != v1alpha1.PhaseApproved {
			continue
		}
		if last == nil || last.CreationTimestamp.Before(&u.CreationTimestamp) {
			last, to = u, target
		}
	}
	return to, last != nil
}

// resultOf is what an update moves to.
func resultOf(u *v1alpha1.ImageUpdate) record.Result {
	return record.Result{Tag: u.Spec.To.Tag, Digest: u.Spec.To.Digest}
}
