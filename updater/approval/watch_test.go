package approval

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/garboard-dev/garboard/api/v1alpha1"
)

// While a watch is broken a vote may be withdrawn, and another of its name be cast.
func TestWithdrawnVoteIsGoneAfterABrokenWatch(t *testing.T) {
	c := newCluster(t, map[string]string{"garboard.dev/approvals": "1"})
	c.finds(t, "1.3.0")
	on := func(update, uid string) *v1alpha1.ImageUpdateVote {
		v := &v1alpha1.ImageUpdateVote{Spec: v1alpha1.ImageUpdateVoteSpec{Update: update, Voter: "ann", Verdict: approve}}
		v.Namespace, v.Name, v.CreationTimestamp = "shop", "mine", metav1.NewTime(c.clock.Now())
		v.UID = types.UID(uid)
		return v
	}
	first, second := on(c.update(t, "1.3.0").Name, "1"), on("another", "2")
	c.ballots().OnAdd(first, false)
	c.ballots().OnUpdate(first, second)
	c.work(t)
	if got := c.phase(t, "1.3.0"); got != v1alpha1.PhasePending {
		t.Errorf("by a vote that was withdrawn it is %s", got)
	}
}
