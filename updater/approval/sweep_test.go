package approval

import (
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/internal/voting"
)

// One who votes without end neither fills the updater nor takes from what counts.
func TestVoterWithoutEndIsBounded(t *testing.T) {
	c := newCluster(t, twoVotes)
	c.finds(t, "1.3.0")
	c.vote(t, "1.3.0", "ann", approve)
	for range 300 {
		c.vote(t, "1.3.0", "eve", approve)
	}
	c.pass(t, time.Second)
	u := c.update(t, "1.3.0")
	if got := len(c.store.votesOn(nameOf(u))); got > voting.MaxVotes+1 {
		t.Errorf("%d votes are kept", got)
	}
	if got := c.finds(t, "1.3.0"); got != "1.3.0" || u.Status.Approvals != 2 {
		t.Errorf("it moves to %q with %d approvals", got, u.Status.Approvals)
	}
}

// A flood that was there before the updater is deleted, in bits: others are looked at
// between them.
func TestFloodOfVotesIsDeleted(t *testing.T) {
	c := newCluster(t, twoVotes)
	c.finds(t, "1.3.0")
	u := c.update(t, "1.3.0")
	c.clock.Step(time.Minute)
	for n := range 1000 {
		c.store.putVote(voteOf(u.Name, "eve", n, c.clock.Now()))
	}
	c.sweep(t.Context(), u)
	if got := len(c.deleted); got != sweptAtOnce {
		t.Errorf("%d votes were deleted at once, want %d", got, sweptAtOnce)
	}
	c.work(t)
	if got := len(c.store.votesOn(nameOf(u))); got != voting.MaxVotes {
		t.Errorf("%d votes are left, want %d", got, voting.MaxVotes)
	}
}

// A vote on an update that is not there may be early, but not for ever.
func TestStrayVotesAreDeleted(t *testing.T) {
	c := newCluster(t, twoVotes)
	c.finds(t, "1.3.0")
	c.ballots().OnAdd(voteOf("nothing", "eve", 1, c.clock.Now()), false)
	c.ballots().OnAdd(voteOf(c.update(t, "1.3.0").Name, "ann", 2, c.clock.Now().Add(time.Second)), false)
	c.work(t)
	if len(c.deleted) > 0 {
		t.Errorf("deleted at once: %v", c.deleted)
	}
	c.clock.Step(strayFor)
	c.Queue.Add(updateOf(voteOf("nothing", "", 0, noon)))
	c.work(t)
	if got := strings.Join(c.deleted, " "); got != "eve-1" {
		t.Errorf("deleted: %q, want the stray one", got)
	}
}

func voteOf(update, voter string, n int, at time.Time) *v1alpha1.ImageUpdateVote {
	return &v1alpha1.ImageUpdateVote{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: fmt.Sprintf("%s-%d", voter, n), ResourceVersion: fmt.Sprint(n + 1), CreationTimestamp: metav1.NewTime(at)},
		Spec:       v1alpha1.ImageUpdateVoteSpec{Update: update, Voter: voter, Verdict: v1alpha1.VerdictApprove},
	}
}

// What a voter writes beside a vote is not kept: it may be a quarter of a megabyte each.
func TestCacheKeepsOfAVoteWhatCounts(t *testing.T) {
	v := voteOf("u", "eve", 1, noon)
	v.Annotations, v.Labels = map[string]string{"x": strings.Repeat("x", 1<<18)}, map[string]string{"a": "b"}
	for range 1000 {
		v.OwnerReferences = append(v.OwnerReferences, metav1.OwnerReference{Kind: v1alpha1.ImageUpdateKind, Name: "u", UID: "1"})
	}
	stripped, err := stripVote(v)
	got, ok := stripped.(*v1alpha1.ImageUpdateVote)
	if err != nil || !ok || len(got.Annotations)+len(got.Labels) > 0 || len(got.OwnerReferences) > maxOwners || cap(got.OwnerReferences) > 2*maxOwners {
		t.Errorf("kept: %+v, %v", stripped, err)
	}
	if got.Spec.Voter != "eve" || len(got.OwnerReferences) == 0 {
		t.Errorf("lost: %+v", got)
	}
}
