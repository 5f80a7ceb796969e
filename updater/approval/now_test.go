package approval

import (
	"maps"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/garboard-dev/garboard/api/v1alpha1"
)

// An approval alone waits for the stage before. As many voters as have to approve have to
// say that it need not, before or after the approval; people are told, and the workload is
// tried at once.
func TestApprovalGoesPastTheStageBeforeOnlyWithNow(t *testing.T) {
	now := func(v *v1alpha1.ImageUpdateVote) { v.Spec.Now = true }
	for name, test := range map[string]struct {
		cast  func(*testing.T, *cluster)
		past  bool
		told  string // how the last notice ends
		ready string
		tries int
	}{
		"two approvals": {func(t *testing.T, c *cluster) {
			c.vote(t, "1.3.0", "ann", approve)
			c.vote(t, "1.3.0", "bob", approve)
		}, false, "is approved by ann, bob", "it moves once its other gates are open", 1},
		"one of two says now": {func(t *testing.T, c *cluster) {
			c.vote(t, "1.3.0", "ann", approve, now)
			c.vote(t, "1.3.0", "bob", approve)
		}, false, "is approved by ann, bob", "it moves once its other gates are open", 1},
		"both say now": {func(t *testing.T, c *cluster) {
			c.vote(t, "1.3.0", "ann", approve, now)
			c.vote(t, "1.3.0", "bob", approve, now)
		}, true, "is approved by ann, bob, to be moved to without its time in staging/deployment/web for 1d", "it moves once its other gates are open, without its time in the stage before", 1},
		"both say now after the approval": {func(t *testing.T, c *cluster) {
			c.vote(t, "1.3.0", "ann", approve)
			c.vote(t, "1.3.0", "bob", approve)
			c.vote(t, "1.3.0", "bob", approve, now)
			if c.PastAfter(t.Context(), c.move(t, "1.3.0", "")) {
				t.Error("it goes past the stage before by one of two")
			}
			c.vote(t, "1.3.0", "ann", approve, now)
		}, true, "is approved by bob, ann, to be moved to without its time in staging/deployment/web for 1d", "it moves once its other gates are open, without its time in the stage before", 2},
		"a third who has not approved says now": {func(t *testing.T, c *cluster) {
			c.vote(t, "1.3.0", "ann", approve, now)
			c.vote(t, "1.3.0", "bob", approve)
			c.vote(t, "1.3.0", "eve", reject, now)
		}, false, "is approved by ann, bob", "it moves once its other gates are open", 1},
	} {
		t.Run(name, func(t *testing.T) {
			asked := map[string]string{"garboard.dev/after": "staging/deployment/web for 1d"}
			maps.Copy(asked, twoVotes)
			c := newCluster(t, asked)
			c.finds(t, "1.3.0")
			test.cast(t, c)
			if got := c.PastAfter(t.Context(), c.move(t, "1.3.0", "")); got != test.past {
				t.Errorf("it goes past the stage before: %v, want %v", got, test.past)
			}
			if c.PastAfter(t.Context(), c.move(t, "1.3.0", "sha256:another")) {
				t.Error("another image under the same tag goes past the stage before")
			}
			if got := c.notices[len(c.notices)-1].Text; !strings.HasSuffix(got, test.told) {
				t.Errorf("told %q, want it to end with %q", got, test.told)
			}
			if got := meta.FindStatusCondition(c.update(t, "1.3.0").Status.Conditions, v1alpha1.ConditionReady).Message; got != test.ready {
				t.Errorf("the condition Ready says %q, want %q", got, test.ready)
			}
			if c.retries != test.tries {
				t.Errorf("it was tried %d times, want %d", c.retries, test.tries)
			}
		})
	}
}
