package voting

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/resourceversion"

	"github.com/garboard-dev/garboard/api/v1alpha1"
)

// Tally is a count of votes.
type Tally struct {
	// Approvals and Rejections count voters, and NowApprovals those of the first whose
	// approval goes past the setting "after".
	Approvals, Rejections, NowApprovals int32
	// Voters are those whose votes count, in the order of their votes; no more than
	// v1alpha1.MaxVoters, while all are counted.
	Voters []v1alpha1.Voter
	// all are the voters without that bound.
	all []v1alpha1.Voter
}

// Phase is what becomes of a pending update with these votes. One rejection outweighs
// all approvals.
func (t Tally) Phase(required int32) v1alpha1.Phase {
	switch {
	case t.Rejections > 0:
		return v1alpha1.PhaseRejected
	case t.Approvals >= max(required, 1):
		return v1alpha1.PhaseApproved
	default:
		return v1alpha1.PhasePending
	}
}

// Now reports whether the update goes past the setting "after": as many as have to
// approve say so.
func (t Tally) Now(required int32) bool { return t.NowApprovals >= max(required, 1) }

// PhaseOf is the phase of an update; Pending if it is not written yet.
func PhaseOf(update *v1alpha1.ImageUpdate) v1alpha1.Phase {
	return cmp.Or(update.Status.Phase, v1alpha1.PhasePending)
}

// Count counts the votes on an update. A voter counts once, by the last vote, whatever
// the names of the objects. Votes from before the update was proposed or reopened, from
// after its deadline or its decision, and from before enforced, count for nothing; what
// may still come after an approval is approvals with now. enforced is since when the API
// server refuses votes in another user's name.
func Count(update *v1alpha1.ImageUpdate, votes []v1alpha1.ImageUpdateVote, enforced time.Time) Tally {
	last := map[string]*v1alpha1.ImageUpdateVote{}
	for i := range votes {
		vote := &votes[i]
		if !isOn(vote, update) || !isCounted(vote, update, enforced) {
			continue
		}
		if before, ok := last[vote.Spec.Voter]; !ok || compareCast(before, vote) < 0 {
			last[vote.Spec.Voter] = vote
		}
	}
	counted := make([]*v1alpha1.ImageUpdateVote, 0, len(last))
	for _, vote := range last {
		counted = append(counted, vote)
	}
	slices.SortFunc(counted, compareCast)
	voters := make([]v1alpha1.Voter, 0, len(counted))
	for _, vote := range counted {
		voters = append(voters, voterOf(vote))
	}
	return tallyOf(voters)
}

func voterOf(vote *v1alpha1.ImageUpdateVote) v1alpha1.Voter {
	return v1alpha1.Voter{
		Name: vote.Spec.Voter, Verdict: vote.Spec.Verdict, Time: vote.CreationTimestamp, Now: vote.Spec.Now, Comment: vote.Spec.Comment,
	}
}

// Stands reports whether a vote is about this very update, and was cast in time to count.
func Stands(vote *v1alpha1.ImageUpdateVote, update *v1alpha1.ImageUpdate) bool {
	return isOn(vote, update) && isCounted(vote, update, time.Time{})
}

// maxSkew is how far the updater's clock, by which an update expires, may be ahead of the
// API server's, which dates votes: one that reopens comes before the deadline then.
const maxSkew = 5 * time.Minute

// Reopening returns the vote that reopens an update which has expired or was rejected:
// the first that was cast since. It counts from then on, as an approval.
func Reopening(update *v1alpha1.ImageUpdate, votes []v1alpha1.ImageUpdateVote, enforced time.Time) (*v1alpha1.ImageUpdateVote, bool) {
	if !MayReopen(update.Status.Phase) || update.Status.DecidedAt == nil {
		return nil, false
	}
	over := update.Status.DecidedAt.Time
	if update.Status.Phase == v1alpha1.PhaseExpired {
		over = over.Add(-maxSkew)
	}
	var first *v1alpha1.ImageUpdateVote
	for i := range votes {
		vote := &votes[i]
		cast := vote.CreationTimestamp.Time
		// Times are of whole seconds: one that has reopened it already is not later than that.
		if !vote.Spec.Reopen || vote.Spec.Verdict != v1alpha1.VerdictApprove || !isOn(vote, update) || !cast.After(enforced) ||
			cast.Before(over) || !cast.After(proposedAt(update)) {
			continue
		}
		if first == nil || compareCast(vote, first) < 0 {
			first = vote
		}
	}
	return first, first != nil
}

// MayReopen reports whether a vote may reopen an update of this phase.
func MayReopen(phase v1alpha1.Phase) bool {
	return phase == v1alpha1.PhaseRejected || phase == v1alpha1.PhaseExpired
}

// VotesOf returns a voter's votes on an update, the first first.
func VotesOf(voter string, update *v1alpha1.ImageUpdate, votes []v1alpha1.ImageUpdateVote) []*v1alpha1.ImageUpdateVote {
	var found []*v1alpha1.ImageUpdateVote
	for i := range votes {
		if votes[i].Spec.Voter == voter && isOn(&votes[i], update) {
			found = append(found, &votes[i])
		}
	}
	slices.SortFunc(found, compareCast)
	return found
}

// Deadline is until when votes on an update count.
func Deadline(update *v1alpha1.ImageUpdate) time.Time {
	if update.Status.Deadline != nil {
		return update.Status.Deadline.Time
	}
	return update.Spec.Deadline.Time
}

// isOn reports whether a vote that is not on its way out is about this very update. One
// of the same name that is gone had another UID.
func isOn(vote *v1alpha1.ImageUpdateVote, update *v1alpha1.ImageUpdate) bool {
	if vote.Namespace != update.Namespace || vote.Spec.Update != update.Name || vote.DeletionTimestamp != nil || vote.Spec.Voter == "" {
		return false
	}
	for _, owner := range vote.OwnerReferences {
		if owner.Kind == v1alpha1.ImageUpdateKind && owner.UID != update.UID {
			return false
		}
	}
	return true
}

// isCounted reports whether a vote was cast in time.
func isCounted(vote *v1alpha1.ImageUpdateVote, update *v1alpha1.ImageUpdate, enforced time.Time) bool {
	cast := vote.CreationTimestamp.Time
	if cast.Before(proposedAt(update)) || !cast.After(enforced) {
		return false
	}
	approves := vote.Spec.Verdict == v1alpha1.VerdictApprove
	if !approves && vote.Spec.Verdict != v1alpha1.VerdictReject {
		return false
	}
	end := Deadline(update)
	if decided := update.Status.DecidedAt; decided != nil && decided.Time.Before(end) {
		end = decided.Time
	}
	return !cast.After(end) || update.Status.Phase == v1alpha1.PhaseApproved && approves && vote.Spec.Now
}

// proposedAt is since when votes on an update count, in whole seconds as the API server
// dates votes.
func proposedAt(update *v1alpha1.ImageUpdate) time.Time {
	at := update.CreationTimestamp.Time
	if again := update.Status.ProposedAt; again != nil && again.After(at) {
		at = again.Time
	}
	return at.Truncate(time.Second)
}

// compareCast orders votes by when they were cast. Within a second the API server's own
// count tells.
func compareCast(a, b *v1alpha1.ImageUpdateVote) int {
	if order := a.CreationTimestamp.Compare(b.CreationTimestamp.Time); order != 0 {
		return order
	}
	order, err := resourceversion.CompareResourceVersion(a.ResourceVersion, b.ResourceVersion)
	if err != nil { // of objects that no API server wrote
		order = 0
	}
	return cmp.Or(order, strings.Compare(a.Name, b.Name))
}
