package approval

import (
	"testing"

	"github.com/garboard-dev/garboard/api/v1alpha1"
)

// The pace may have an approved version wait for long, and people vote on a newer one
// meanwhile.
func TestApprovedVersionLeavesTheVotesOnNewerOnes(t *testing.T) {
	c := newCluster(t, twoVotes)
	c.finds(t, "1.3.0")
	c.vote(t, "1.3.0", "ann", approve)
	c.vote(t, "1.3.0", "bob", approve)
	c.finds(t, "1.4.0")
	c.vote(t, "1.4.0", "ann", approve)
	for range 2 { // all gates are asked again about a version that one of them has put in
		if got := c.finds(t, "1.3.0"); got != "1.3.0" {
			t.Errorf("it moves to %q", got)
		}
		if got := c.finds(t, "1.4.0"); got != "1.3.0" {
			t.Errorf("it moves to %q", got)
		}
	}
	c.vote(t, "1.4.0", "bob", approve)
	if got := c.phase(t, "1.4.0"); got != v1alpha1.PhaseApproved || c.created != 2 {
		t.Errorf("the newer one is %s with both votes, %d were made", got, c.created)
	}
}
