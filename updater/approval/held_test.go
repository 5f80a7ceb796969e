package approval

import "testing"

// A hold is how people stop what was approved.
func TestHeldVersionIsNotMovedTo(t *testing.T) {
	c := newCluster(t, twoVotes)
	c.finds(t, "1.3.0")
	c.vote(t, "1.3.0", "ann", approve)
	c.vote(t, "1.3.0", "bob", approve)
	c.annotate(t, "garboard.dev/hold", "web=1.3.0")
	if got := c.finds(t, "1.4.0"); got != "" {
		t.Errorf("it moves to %s, which is held", got)
	}
	annotations := c.workload.GetAnnotations()
	delete(annotations, "garboard.dev/hold")
	c.workload.SetAnnotations(annotations)
	if got := c.finds(t, "1.4.0"); got != "1.3.0" {
		t.Errorf("it moves to %q once nothing is held", got)
	}
}
