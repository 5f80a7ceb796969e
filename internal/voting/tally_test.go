package voting_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/internal/voting"
)

var start = time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)

func at(minutes int) metav1.Time {
	return metav1.NewTime(start.Add(time.Duration(minutes) * time.Minute))
}

// pending is proposed at minute 10, and expires at minute 100.
func pending(change func(*v1alpha1.ImageUpdate)) *v1alpha1.ImageUpdate {
	update := &v1alpha1.ImageUpdate{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "shop-1", UID: "u1", CreationTimestamp: at(10)},
		Spec:       v1alpha1.ImageUpdateSpec{VotesRequired: 2, Deadline: at(100)},
		Status:     v1alpha1.ImageUpdateStatus{Phase: v1alpha1.PhasePending},
	}
	if change != nil {
		change(update)
	}
	return update
}

type change func(*v1alpha1.ImageUpdateVote)

func vote(voter string, verdict v1alpha1.Verdict, minute int, changes ...change) v1alpha1.ImageUpdateVote {
	v := v1alpha1.ImageUpdateVote{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: fmt.Sprintf("%s-%d", voter, minute), ResourceVersion: "7", CreationTimestamp: at(minute)},
		Spec:       v1alpha1.ImageUpdateVoteSpec{Update: "shop-1", Voter: voter, Verdict: verdict},
	}
	for _, c := range changes {
		c(&v)
	}
	return v
}

const (
	approve = v1alpha1.VerdictApprove
	reject  = v1alpha1.VerdictReject
)

func version(resourceVersion string) change {
	return func(v *v1alpha1.ImageUpdateVote) { v.ResourceVersion = resourceVersion }
}

func now(v *v1alpha1.ImageUpdateVote)    { v.Spec.Now = true }
func reopen(v *v1alpha1.ImageUpdateVote) { v.Spec.Reopen = true }

func ownedBy(uid types.UID) change {
	return func(v *v1alpha1.ImageUpdateVote) {
		v.OwnerReferences = []metav1.OwnerReference{{Kind: v1alpha1.ImageUpdateKind, UID: uid}}
	}
}

func TestCount(t *testing.T) {
	type tally struct {
		Approvals, Rejections, Now int32
		Phase                      v1alpha1.Phase
	}
	const waits, approved, rejected = v1alpha1.PhasePending, v1alpha1.PhaseApproved, v1alpha1.PhaseRejected
	decided := func(phase v1alpha1.Phase) *v1alpha1.ImageUpdate {
		return pending(func(u *v1alpha1.ImageUpdate) {
			u.Status.Phase, u.Status.DecidedAt = phase, new(at(50))
		})
	}
	tests := map[string]struct {
		update   *v1alpha1.ImageUpdate
		enforced time.Time
		votes    []v1alpha1.ImageUpdateVote
		want     tally
	}{
		"no votes":                        {want: tally{0, 0, 0, waits}},
		"one of two":                      {votes: []v1alpha1.ImageUpdateVote{vote("ann", approve, 20)}, want: tally{1, 0, 0, waits}},
		"two of two":                      {votes: []v1alpha1.ImageUpdateVote{vote("ann", approve, 20), vote("bob", approve, 20)}, want: tally{2, 0, 0, approved}},
		"a voter twice, by other names":   {votes: []v1alpha1.ImageUpdateVote{vote("ann", approve, 20), vote("ann", approve, 21)}, want: tally{1, 0, 0, waits}},
		"a rejection outweighs approvals": {votes: []v1alpha1.ImageUpdateVote{vote("ann", approve, 20), vote("bob", approve, 20), vote("cid", reject, 21)}, want: tally{2, 1, 0, rejected}},
		"the last verdict counts":         {votes: []v1alpha1.ImageUpdateVote{vote("ann", approve, 21), vote("ann", reject, 20), vote("bob", reject, 20), vote("bob", approve, 22)}, want: tally{2, 0, 0, approved}},
		"the last verdict of one second is that of the higher resource version": {
			votes: []v1alpha1.ImageUpdateVote{vote("ann", approve, 20, version("10")), vote("ann", reject, 20, version("9"))}, want: tally{1, 0, 0, waits},
		},
		"votes on another update": {
			votes: []v1alpha1.ImageUpdateVote{
				vote("ann", approve, 20, func(v *v1alpha1.ImageUpdateVote) { v.Spec.Update = "shop-2" }),
				vote("bob", approve, 20, func(v *v1alpha1.ImageUpdateVote) { v.Namespace = "other" }),
				vote("cid", approve, 20, ownedBy("u0")),
			},
			want: tally{0, 0, 0, waits},
		},
		"a vote that the update owns":                   {votes: []v1alpha1.ImageUpdateVote{vote("ann", approve, 20, ownedBy("u1"))}, want: tally{1, 0, 0, waits}},
		"a vote that is being withdrawn":                {votes: []v1alpha1.ImageUpdateVote{vote("ann", approve, 20, func(v *v1alpha1.ImageUpdateVote) { v.DeletionTimestamp = new(at(21)) })}, want: tally{0, 0, 0, waits}},
		"votes before the proposal":                     {votes: []v1alpha1.ImageUpdateVote{vote("ann", approve, 9), vote("bob", approve, 10)}, want: tally{1, 0, 0, waits}},
		"votes after the deadline":                      {votes: []v1alpha1.ImageUpdateVote{vote("ann", approve, 100), vote("bob", approve, 101)}, want: tally{1, 0, 0, waits}},
		"votes before the API server held who votes":    {enforced: at(20).Time, votes: []v1alpha1.ImageUpdateVote{vote("ann", approve, 19), vote("bob", approve, 20), vote("cid", approve, 21)}, want: tally{1, 0, 0, waits}},
		"votes without a voter, and without a verdict":  {votes: []v1alpha1.ImageUpdateVote{vote("", approve, 20), vote("bob", "", 20)}, want: tally{0, 0, 0, waits}},
		"votes after a rejection":                       {update: decided(rejected), votes: []v1alpha1.ImageUpdateVote{vote("ann", reject, 49), vote("ann", approve, 51)}, want: tally{0, 1, 0, rejected}},
		"a rejection after the approval":                {update: decided(approved), votes: []v1alpha1.ImageUpdateVote{vote("ann", approve, 49), vote("bob", approve, 50), vote("bob", reject, 51)}, want: tally{2, 0, 0, approved}},
		"approvals with now":                            {votes: []v1alpha1.ImageUpdateVote{vote("ann", approve, 20), vote("bob", approve, 20, now)}, want: tally{2, 0, 1, approved}},
		"now after the approval, and past the deadline": {update: decided(approved), votes: []v1alpha1.ImageUpdateVote{vote("ann", approve, 49), vote("bob", approve, 50), vote("bob", approve, 200, now)}, want: tally{2, 0, 1, approved}},
		"now after it was rejected":                     {update: decided(rejected), votes: []v1alpha1.ImageUpdateVote{vote("ann", approve, 51, now)}, want: tally{0, 0, 0, waits}},
		"votes before and after it was reopened": {
			update: pending(func(u *v1alpha1.ImageUpdate) { u.Status.ProposedAt, u.Status.Deadline = new(at(150)), new(at(240)) }),
			votes:  []v1alpha1.ImageUpdateVote{vote("ann", reject, 20), vote("bob", approve, 150, reopen), vote("cid", approve, 240), vote("dot", approve, 241)},
			want:   tally{2, 0, 0, approved},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			update := test.update
			if update == nil {
				update = pending(nil)
			}
			got := voting.Count(update, test.votes, test.enforced)
			if diff := cmp.Diff(test.want, tally{got.Approvals, got.Rejections, got.NowApprovals, got.Phase(2)}); diff != "" {
				t.Errorf("tally (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCountNamesTheVoters(t *testing.T) {
	votes := []v1alpha1.ImageUpdateVote{
		vote("bob", reject, 22, func(v *v1alpha1.ImageUpdateVote) { v.Spec.Comment = "too soon" }), vote("ann", approve, 21, now), vote("bob", approve, 20),
	}
	want := []v1alpha1.Voter{
		{Name: "ann", Verdict: approve, Time: at(21), Now: true}, {Name: "bob", Verdict: reject, Time: at(22), Comment: "too soon"},
	}
	if diff := cmp.Diff(want, voting.Count(pending(nil), votes, time.Time{}).Voters); diff != "" {
		t.Errorf("voters (-want +got):\n%s", diff)
	}
}

// A status with more voters than its schema takes could not be written at all.
func TestCountNamesNoMoreVotersThanAStatusHolds(t *testing.T) {
	votes := make([]v1alpha1.ImageUpdateVote, 3*v1alpha1.MaxVoters)
	for i := range votes {
		votes[i] = vote(fmt.Sprintf("voter %d", i), approve, 20)
	}
	tally := voting.Count(pending(nil), votes, time.Time{})
	if got, want := len(tally.Voters), v1alpha1.MaxVoters; got != want {
		t.Errorf("voters: got %d, want %d", got, want)
	}
	if got, want := int(tally.Approvals), len(votes); got != want {
		t.Errorf("approvals: got %d, want %d", got, want)
	}
}

// A status names so many voters, and more may have to approve.
func TestVotersBeyondTheBoundCarryOverOnce(t *testing.T) {
	earlier := pending(func(u *v1alpha1.ImageUpdate) { u.Name = "shop-0" })
	on := func(update *v1alpha1.ImageUpdate, from, to int) voting.Tally {
		var votes []v1alpha1.ImageUpdateVote
		for n := from; n < to; n++ {
			votes = append(votes, vote(fmt.Sprintf("voter-%03d", n), approve, 20, func(v *v1alpha1.ImageUpdateVote) { v.Spec.Update = update.Name }))
		}
		return voting.Count(update, votes, time.Time{})
	}
	tally := on(pending(nil), 0, 80).With(on(earlier, 10, 95))
	if got, want := tally.Approvals, int32(95); got != want {
		t.Errorf("approvals: got %d, want %d", got, want)
	}
	if got, want := len(tally.Voters), v1alpha1.MaxVoters; got != want {
		t.Errorf("voters: got %d, want %d", got, want)
	}
}

func TestNowTakesAsManyAsHaveToApprove(t *testing.T) {
	for name, test := range map[string]struct {
		now, required int32
		want          bool
	}{
		"one of two": {1, 2, false}, "two of two": {2, 2, true}, "none where none has to": {0, 0, false}, "one where none has to": {1, 0, true},
	} {
		if got := (voting.Tally{NowApprovals: test.now}).Now(test.required); got != test.want {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
}

func TestReopening(t *testing.T) {
	over := func(phase v1alpha1.Phase) *v1alpha1.ImageUpdate {
		return pending(func(u *v1alpha1.ImageUpdate) { u.Status.Phase, u.Status.DecidedAt = phase, new(at(50)) })
	}
	expired := over(v1alpha1.PhaseExpired)
	tests := map[string]struct {
		update   *v1alpha1.ImageUpdate
		enforced time.Time
		votes    []v1alpha1.ImageUpdateVote
		want     string
	}{
		"expired":                            {update: expired, votes: []v1alpha1.ImageUpdateVote{vote("bob", approve, 61, reopen), vote("ann", approve, 60, reopen)}, want: "ann"},
		"rejected":                           {update: over(v1alpha1.PhaseRejected), votes: []v1alpha1.ImageUpdateVote{vote("ann", approve, 60, reopen)}, want: "ann"},
		"superseded":                         {update: over(v1alpha1.PhaseSuperseded), votes: []v1alpha1.ImageUpdateVote{vote("ann", approve, 60, reopen)}},
		"still pending":                      {update: pending(nil), votes: []v1alpha1.ImageUpdateVote{vote("ann", approve, 60, reopen)}},
		"a vote that does not reopen":        {update: expired, votes: []v1alpha1.ImageUpdateVote{vote("ann", approve, 60)}},
		"a vote from before it was rejected": {update: over(v1alpha1.PhaseRejected), votes: []v1alpha1.ImageUpdateVote{vote("ann", approve, 49, reopen)}},
		"a vote from long before it expired": {
			update: pending(func(u *v1alpha1.ImageUpdate) {
				u.Status.Phase, u.Status.DecidedAt = v1alpha1.PhaseExpired, new(at(500))
			}),
			votes: []v1alpha1.ImageUpdateVote{vote("ann", approve, 49, reopen)},
		},
		"expired by a clock that is ahead": {
			update: pending(func(u *v1alpha1.ImageUpdate) { u.Status.Phase, u.Status.DecidedAt = v1alpha1.PhaseExpired, new(at(53)) }),
			votes:  []v1alpha1.ImageUpdateVote{vote("ann", approve, 49, reopen)}, want: "ann",
		},
		"a rejection that reopens": {update: expired, votes: []v1alpha1.ImageUpdateVote{vote("ann", reject, 60, reopen)}},
		"on another update":        {update: expired, votes: []v1alpha1.ImageUpdateVote{vote("ann", approve, 60, reopen, ownedBy("u0"))}},
		"a forged one":             {update: expired, enforced: at(60).Time, votes: []v1alpha1.ImageUpdateVote{vote("ann", approve, 60, reopen)}},
		"one that has reopened it already": {
			update: pending(func(u *v1alpha1.ImageUpdate) {
				u.Status = v1alpha1.ImageUpdateStatus{Phase: v1alpha1.PhaseRejected, ProposedAt: new(at(60)), DecidedAt: new(at(60))}
			}),
			votes: []v1alpha1.ImageUpdateVote{vote("ann", approve, 60, reopen)},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := ""
			if found, ok := voting.Reopening(test.update, test.votes, test.enforced); ok {
				got = found.Spec.Voter
			}
			if got != test.want {
				t.Errorf("reopened by %q, want %q", got, test.want)
			}
		})
	}
}

func TestVotesOfAreInTheOrderOfCasting(t *testing.T) {
	votes := []v1alpha1.ImageUpdateVote{vote("ann", reject, 22), vote("bob", approve, 19), vote("ann", approve, 20)}
	var got []string
	for _, v := range voting.VotesOf("ann", pending(nil), votes) {
		got = append(got, v.Name)
	}
	if diff := cmp.Diff([]string{"ann-20", "ann-22"}, got); diff != "" {
		t.Errorf("votes (-want +got):\n%s", diff)
	}
}
