package approval

import (
	"errors"
	"testing"
	"time"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/internal/voting/enforcement"
)

// An API server that does not answer for a moment, or an updater that ends meanwhile,
// would otherwise end what people approved, which may wait for its window past its
// deadline.
func TestApprovalOutlivesWhatCannotBeRead(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		want v1alpha1.Phase // meanwhile
	}{
		"the policies cannot be read": {errors.New("the API server is away"), v1alpha1.PhaseApproved},
		"a policy is missing":         {&enforcement.Fault{Object: "validatingadmissionpolicy/garboard-votes", Message: "is missing"}, v1alpha1.PhasePending},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, twoVotes)
			c.finds(t, "1.3.0")
			c.vote(t, "1.3.0", "ann", approve)
			c.vote(t, "1.3.0", "bob", approve)
			c.pass(t, 6*time.Hour) // the deadline is after five
			c.unprotected = test.err
			for range 2 {
				c.pass(t, lookAgain)
				if got := c.phase(t, "1.3.0"); got != test.want {
					t.Errorf("meanwhile it is %s, want %s", got, test.want)
				}
				if got := c.finds(t, "1.3.0"); got != "" {
					t.Errorf("meanwhile it moves to %s", got)
				}
			}
			c.unprotected = nil
			c.pass(t, lookAgain)
			if got := c.finds(t, "1.3.0"); got != "1.3.0" || c.phase(t, "1.3.0") != v1alpha1.PhaseApproved {
				t.Errorf("afterwards it is %s, and moves to %q", c.phase(t, "1.3.0"), got)
			}
		})
	}
}
