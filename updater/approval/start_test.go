package approval

import (
	"testing"
	"time"

	"github.com/garboard-dev/garboard/api/v1alpha1"
)

// Updates may be known before votes: an updater that starts counts once it knows both.
func TestStartingUpdaterTakesNoApprovalBack(t *testing.T) {
	c := newCluster(t, twoVotes)
	c.finds(t, "1.3.0")
	c.vote(t, "1.3.0", "ann", approve)
	c.vote(t, "1.3.0", "bob", approve)
	c.pass(t, 6*time.Hour) // the deadline is after five
	before := c.store
	c.store = newStore()
	c.setMissing("the updates that wait for approval are not known yet")
	for _, name := range before.all() {
		c.put(before.get(name))
	}
	c.work(t)
	if got := c.phase(t, "1.3.0"); got != v1alpha1.PhaseApproved {
		t.Errorf("before the votes are known it is %s", got)
	}
	for _, v := range before.votesOn(nameOf(c.update(t, "1.3.0"))) {
		c.store.putVote(&v)
	}
	c.setMissing("")
	c.Recheck()
	c.work(t)
	if got := c.finds(t, "1.3.0"); got != "1.3.0" {
		t.Errorf("once they are it is %s, and moves to %q", c.phase(t, "1.3.0"), got)
	}
}
