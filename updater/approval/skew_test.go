package approval

import (
	"testing"
	"time"

	"github.com/garboard-dev/garboard/api/v1alpha1"
)

// Votes are dated by the API server, and deadlines judged by the updater's clock.
func TestDecisionsHoldWhileClocksDiffer(t *testing.T) {
	for name, ahead := range map[string]time.Duration{"they agree": 0, "the updater's is ahead": 4 * time.Minute, "the updater's is behind": -4 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			for what, test := range map[string]struct {
				play func(*testing.T, *cluster)
				want v1alpha1.Phase
			}{
				"a rejected one is reopened": {func(t *testing.T, c *cluster) {
					c.vote(t, "1.3.0", "ann", reject)
					c.vote(t, "1.3.0", "bob", approve, reopens)
				}, v1alpha1.PhasePending},
				"an expired one is reopened": {func(t *testing.T, c *cluster) {
					c.pass(t, 6*time.Hour)
					c.vote(t, "1.3.0", "bob", approve, reopens)
				}, v1alpha1.PhasePending},
				"a rejection after the approval comes too late": {func(t *testing.T, c *cluster) {
					c.vote(t, "1.3.0", "ann", approve)
					c.vote(t, "1.3.0", "bob", approve)
					c.vote(t, "1.3.0", "eve", reject)
				}, v1alpha1.PhaseApproved},
				"an approval after the rejection comes too late": {func(t *testing.T, c *cluster) {
					c.vote(t, "1.3.0", "ann", reject)
					c.vote(t, "1.3.0", "ann", approve)
					c.vote(t, "1.3.0", "bob", approve)
				}, v1alpha1.PhaseRejected},
			} {
				t.Run(what, func(t *testing.T) {
					c := newCluster(t, twoVotes)
					c.ahead = ahead
					c.finds(t, "1.3.0")
					test.play(t, c)
					if got := c.phase(t, "1.3.0"); got != test.want {
						t.Errorf("it is %s, want %s", got, test.want)
					}
				})
			}
		})
	}
}
