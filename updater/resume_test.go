package updater

import (
	"testing"
	"time"

	"github.com/garboard-dev/garboard/updater/move"
	"github.com/garboard-dev/garboard/updater/report"
)

// A new leader that takes every workload with a missing Pod for a rollout that goes
// on takes back versions that have been good for days, and has no place for others.
// One that takes up nothing leaves a broken version where it is.
func TestNewLeaderGoesOnOnlyWithWhatIsNotOver(t *testing.T) {
	const apps = "apps/v1"
	midway := deploymentStatus("2", "ReplicaSetUpdated", noon)
	failed := func(ago time.Duration) string {
		return `{observedGeneration: 4, replicas: 3, updatedReplicas: 1, readyReplicas: 2, availableReplicas: 2, conditions: [
  {type: Progressing, status: "False", reason: ProgressDeadlineExceeded, lastUpdateTime: "` + noon.Add(-ago).Format(time.RFC3339) + `"}]}`
	}
	const daemons = `{observedGeneration: 4, desiredNumberScheduled: 3, currentNumberScheduled: 3, updatedNumberScheduled: 3, numberReady: 2, numberAvailable: 2}`
	for name, test := range map[string]struct {
		kind   string
		moved  time.Duration // before noon
		status string
		places int
		back   bool // taken back, at the latest when its time is over
		state  report.State
	}{
		"a Deployment on its way has its place, and is taken back when its time is over": {
			"Deployment", time.Minute, midway, 1, true, report.StateRolling,
		},
		"a Deployment that was complete with the move has lost a Pod since: that is not the move": {
			"Deployment", 3 * time.Minute, deploymentStatus("2", "NewReplicaSetAvailable", noon.Add(-2*time.Minute)), 0, false, report.StateUnknown,
		},
		"a Deployment that was complete days ago has lost a Pod since": {
			"Deployment", 72 * time.Hour, deploymentStatus("2", "NewReplicaSetAvailable", noon.Add(-71*time.Hour)), 0, false, report.StateUnknown,
		},
		"a Deployment that was complete before the move is on its way": {
			"Deployment", time.Minute, deploymentStatus("2", "NewReplicaSetAvailable", noon.Add(-time.Hour)), 1, true, report.StateRolling,
		},
		"a Deployment whose deadline was exceeded a moment ago is taken back": {
			"Deployment", 11 * time.Minute, failed(time.Minute), 0, true, report.StateUnknown,
		},
		"a Deployment that has been failed for hours is left to people": {
			"Deployment", 4 * time.Hour, failed(3 * time.Hour), 0, false, report.StateFailed,
		},
		"a DaemonSet on its way has its place, and is taken back when its time is over": {
			"DaemonSet", time.Minute, daemons, 1, true, report.StateRolling,
		},
		"a DaemonSet that was moved an hour ago may have been healthy since": {
			"DaemonSet", time.Hour, daemons, 0, false, report.StateUnknown,
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := movedBefore(t, apps, test.kind, test.moved, test.status)
			b := newBench(t, move.Pace{Cluster: 1}, o)
			b.takeOver(t)
			if got := b.mover.InProgress(); got != test.places {
				t.Errorf("it holds %d places, want %d", got, test.places)
			}
			if got := b.stateOf(t, "web"); got != test.state {
				t.Errorf("it stands as %s, want %s", got, test.state)
			}
			b.wait(t, o, 0)
			b.wait(t, o, 11*time.Minute)
			if image := b.image(t, o); (image == repository+":1.2.6") != test.back {
				t.Errorf("it runs %s; taken back is to be %t", image, test.back)
			}
			if left := b.mover.InProgress(); left != 0 {
				t.Errorf("%d places are left taken", left)
			}
		})
	}
}
