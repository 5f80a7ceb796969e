package approval

import (
	"fmt"
	"time"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/internal/voting"
)

// Reasons of the conditions.
const (
	reasonWaiting     = "WaitingForVotes"
	reasonUnprotected = "VotesNotProtected"
	reasonApproved    = "EnoughApprovals"
	reasonRejected    = "Rejected"
	reasonExpired     = "DeadlinePassed"
	reasonNewer       = "NewerCandidate"
	reasonNotAsked    = "NoApprovalsAskedFor"
	reasonElsewhere   = "WorkloadMovedOn"
	reasonGates       = "WaitingForGates"
	reasonRolling     = "RollingOut"
	reasonHealthy     = "Healthy"
	reasonFailed      = "RolloutFailed"
	reasonRolledBack  = "RolledBack"
)

// count takes in the votes on an update that is not moved yet: its next status. err is
// why no vote counts.
func (s *Stage) count(u *v1alpha1.ImageUpdate, required int32, since time.Time, err error) v1alpha1.ImageUpdateStatus {
	now := s.Clock.Now()
	next := u.DeepCopy()
	status := &next.Status
	if status.Deadline == nil {
		status.Deadline, status.ProposedAt = u.Spec.Deadline.DeepCopy(), u.CreationTimestamp.DeepCopy()
	}
	if err != nil {
		if voting.PhaseOf(u) == v1alpha1.PhaseApproved { // it was, by votes that do not count
			status.DecidedAt = nil
		}
		if !voting.MayReopen(voting.PhaseOf(u)) {
			// It does not expire: its votes may decide it yet, once they count again.
			status.Phase, status.Approvals, status.Rejections, status.Voters = v1alpha1.PhasePending, 0, 0, nil
		}
		return s.explain(next, required, reasonUnprotected, "no vote counts: "+err.Error())
	}
	all := s.store.votesOn(nameOf(u))
	if vote, ok := voting.Reopening(next, all, since); ok {
		reopen(next, vote.CreationTimestamp)
	}
	if voting.MayReopen(voting.PhaseOf(next)) {
		return *status
	}
	tally := s.tally(next, since)
	if voting.PhaseOf(next) == v1alpha1.PhaseApproved && tally.Phase(required) != v1alpha1.PhaseApproved {
		status.DecidedAt = nil // more votes are asked for by now
		tally = s.tally(next, since)
	}
	status.Approvals, status.Rejections, status.Voters = tally.Approvals, tally.Rejections, tally.Voters
	status.Phase = tally.Phase(required)
	if status.Phase != v1alpha1.PhasePending && status.DecidedAt == nil {
		status.DecidedAt = decidedAt(next, tally)
	}
	s.expire(next, now)
	return s.explain(next, required, reasonWaiting, "")
}

// reopen has an update voted on again, for as long as at first.
func reopen(u *v1alpha1.ImageUpdate, at metav1.Time) {
	lifetime := max(u.Spec.Deadline.Sub(u.CreationTimestamp.Time), time.Second)
	deadline := metav1.NewTime(at.Add(lifetime))
	u.Status.Phase, u.Status.ProposedAt, u.Status.Deadline = v1alpha1.PhasePending, &at, &deadline
	u.Status.DecidedAt, u.Status.EndedAt = nil, nil
}

// decidedAt is when the last of the votes that decide was cast, but not before the update
// was proposed, as those were that it carries on. Both dates are the API server's, as those
// of the votes are that come after it: the updater's clock may be ahead, or behind.
func decidedAt(u *v1alpha1.ImageUpdate, tally voting.Tally) *metav1.Time {
	at := u.CreationTimestamp
	if again := u.Status.ProposedAt; again != nil && at.Before(again) {
		at = *again
	}
	for _, v := range tally.Voters {
		if at.Before(&v.Time) {
			at = v.Time
		}
	}
	return &at
}

// expire ends an update that waits after its deadline.
func (s *Stage) expire(u *v1alpha1.ImageUpdate, now time.Time) {
	deadline := voting.Deadline(u)
	if voting.PhaseOf(u) == v1alpha1.PhasePending && now.After(deadline) {
		at := metav1.NewTime(deadline)
		u.Status.Phase, u.Status.DecidedAt = v1alpha1.PhaseExpired, &at
	}
}

// explain adds conditions, and the end, to the status of an update that votes decide.
func (s *Stage) explain(u *v1alpha1.ImageUpdate, required int32, reason, message string) v1alpha1.ImageUpdateStatus {
	approved := metav1.ConditionUnknown
	readyReason, readyMessage := reason, "it waits for votes"
	switch u.Status.Phase {
	case v1alpha1.PhaseApproved:
		approved, reason, message = metav1.ConditionTrue, reasonApproved, fmt.Sprintf("%d of %d approvals", u.Status.Approvals, required)
		readyReason, readyMessage = reasonGates, "it moves once its other gates are open"
		if goesNow(&u.Status, required) {
			readyMessage = "it moves once its other gates are open, without its time in the stage before"
		}
	case v1alpha1.PhaseRejected:
		approved, reason, message = metav1.ConditionFalse, reasonRejected, "rejected"+rejecterNames(u.Status.Voters)
		readyReason, readyMessage = reason, message
	case v1alpha1.PhaseExpired:
		approved, reason, message = metav1.ConditionFalse, reasonExpired, fmt.Sprintf("%d of %d approvals when its time was over", u.Status.Approvals, required)
		readyReason, readyMessage = reason, message
	default:
		if message == "" {
			message = fmt.Sprintf("%d of %d approvals", u.Status.Approvals, required)
		}
	}
	s.setCondition(u, v1alpha1.ConditionApproved, approved, reason, message)
	s.setCondition(u, v1alpha1.ConditionReady, metav1.ConditionFalse, readyReason, readyMessage)
	u.Status.EndedAt = nil
	if voting.MayReopen(u.Status.Phase) {
		u.Status.EndedAt = u.Status.DecidedAt
	}
	return u.Status
}

// ending is the status of an update that ends otherwise than by votes.
func (s *Stage) ending(u *v1alpha1.ImageUpdate, phase v1alpha1.Phase, reason, message string) v1alpha1.ImageUpdateStatus {
	next := u.DeepCopy()
	now := metav1.NewTime(s.Clock.Now())
	next.Status.Phase = phase
	if phase != v1alpha1.PhaseRollingOut && next.Status.EndedAt == nil {
		next.Status.EndedAt = &now
	}
	if next.Status.DecidedAt == nil {
		next.Status.DecidedAt = &now
	}
	ready := metav1.ConditionFalse
	if phase == v1alpha1.PhaseSucceeded {
		ready = metav1.ConditionTrue
	}
	if phase == v1alpha1.PhaseSuperseded {
		s.setCondition(next, v1alpha1.ConditionApproved, metav1.ConditionFalse, reason, message)
	}
	s.setCondition(next, v1alpha1.ConditionReady, ready, reason, message)
	return next.Status
}

func (s *Stage) setCondition(u *v1alpha1.ImageUpdate, kind string, status metav1.ConditionStatus, reason, message string) {
	meta.SetStatusCondition(&u.Status.Conditions, metav1.Condition{
		Type: kind, Status: status, Reason: reason, Message: message, ObservedGeneration: u.Generation,
		LastTransitionTime: metav1.NewTime(s.Clock.Now()),
	})
}

// sameStatus compares as the API server keeps it: times to the second.
func sameStatus(a, b v1alpha1.ImageUpdateStatus) bool {
	return apiequality.Semantic.DeepEqual(inSeconds(a), inSeconds(b))
}

func inSeconds(status v1alpha1.ImageUpdateStatus) v1alpha1.ImageUpdateStatus {
	cut := *status.DeepCopy()
	for _, at := range []**metav1.Time{&cut.Deadline, &cut.ProposedAt, &cut.DecidedAt, &cut.EndedAt} {
		if *at != nil {
			*at = &metav1.Time{Time: (*at).UTC().Truncate(time.Second)}
		}
	}
	for i := range cut.Conditions {
		cut.Conditions[i].LastTransitionTime = metav1.NewTime(cut.Conditions[i].LastTransitionTime.UTC().Truncate(time.Second))
	}
	for i := range cut.Voters {
		cut.Voters[i].Time = metav1.NewTime(cut.Voters[i].Time.UTC().Truncate(time.Second))
	}
	return cut
}
