package approval

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/garboard-dev/garboard/api/v1alpha1"
)

// What carries over is the approval of people who have not said otherwise since.
func TestWhatDoesNotCarryOver(t *testing.T) {
	carry := map[string]string{"garboard.dev/approvals": "1", "garboard.dev/approvalCarry": "patch"}
	for name, play := range map[string]func(*testing.T, *cluster){
		"an approval whose time was over": func(t *testing.T, c *cluster) {
			c.annotate(t, "garboard.dev/approvals", "2")
			c.vote(t, "1.3.0", "ann", approve)
			c.clock.Step(25 * time.Hour) // which the updater did not see
			c.annotate(t, "garboard.dev/approvals", "1")
		},
		"an approval of what another rejected": func(t *testing.T, c *cluster) {
			c.annotate(t, "garboard.dev/approvals", "2")
			c.vote(t, "1.3.0", "ann", approve)
			c.hear(t, "1.3.0", "bob", reject)
			c.annotate(t, "garboard.dev/approvals", "1")
		},
		"an approval of who rejected a later one": func(t *testing.T, c *cluster) {
			c.annotate(t, "garboard.dev/approvals", "2")
			c.vote(t, "1.3.0", "ann", approve)
			c.finds(t, "1.3.1")
			c.hear(t, "1.3.1", "ann", reject)
			c.annotate(t, "garboard.dev/approvals", "1")
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, carry)
			c.finds(t, "1.3.0")
			play(t, c)
			m := c.move(t, "1.3.2", "")
			c.Judge(t.Context(), m)
			c.work(t)
			if got := c.phase(t, "1.3.2"); got != v1alpha1.PhasePending {
				t.Errorf("the next one is %s", got)
			}
		})
	}
}

// hear tells the stage of a vote that its workers have not looked at yet.
func (c *cluster) hear(t *testing.T, tag, voter string, verdict v1alpha1.Verdict) {
	t.Helper()
	c.clock.Step(time.Second)
	v := &v1alpha1.ImageUpdateVote{Spec: v1alpha1.ImageUpdateVoteSpec{Update: c.update(t, tag).Name, Voter: voter, Verdict: verdict}}
	v.Namespace, v.Name, v.CreationTimestamp = "shop", voter+"-late", metav1.NewTime(c.clock.Now())
	c.store.putVote(v)
}
