package move

import (
	"testing"

	"k8s.io/utils/clock"

	"github.com/garboard-dev/garboard/internal/workload/settings"
)

// A gate without a judge stays closed for ever.
func TestEachGateHasAJudge(t *testing.T) {
	judges := (&Mover{Options: Options{Clock: clock.RealClock{}, Approvals: noApprovals{}}}).gates()
	for _, gate := range settings.AllGates() {
		if judges[gate] == nil {
			t.Errorf("the gate %s has no judge", gate)
		}
		delete(judges, gate)
	}
	for gate := range judges {
		t.Errorf("the judge of %s is never asked: settings.AllGates does not list it", gate)
	}
}
