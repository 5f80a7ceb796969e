package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

// steady is a patch that makes a rollout of six Pods take 18 seconds at least, one after
// the other.
const steady = `{"spec":{"replicas":6,"minReadySeconds":3,"strategy":{"rollingUpdate":{"maxSurge":1,"maxUnavailable":0}}}}`

// A rollout that goes on is good, however long it takes: to take it back, and hold what
// is good, would keep it from people for ever.
func TestSteadyRolloutIsNotTakenBack(t *testing.T) {
	s := newSpace(t)
	s.push("1.2.0")
	s.must(s.failing("web", "garboard.dev/rollback: auto", "garboard.dev/healthTimeout: 10s"), "apply", "-f", "-")
	s.must("", "patch", "deployment/web", "-p", steady)
	s.settled("web")
	s.push("1.3.0")
	s.event("web", "RolloutSucceeded", ":1.3.0")
	s.wantTag("web", "1.3.0")
	s.wantHold("")
}

// wantNoUpdater fails if the updater owns anything but its bump.
func (s *space) wantNoUpdater() {
	s.t.Helper()
	for _, entry := range s.deployment("web").ManagedFields {
		fields := entry.FieldsV1.GetRawString()
		if entry.Manager != "garboard-updater" || entry.Subresource != "" {
			continue
		}
		for _, key := range []string{`"f:image"`, `"f:garboard.dev/resolved"`, `"f:garboard.dev/hold"`, `"f:garboard.dev/state"`} {
			if strings.Contains(fields, key) {
				s.t.Errorf("the updater owns %s: %s", key, fields)
			}
		}
	}
}

// Who applies on the server's side conflicts with whoever else owns an image.
func TestServerSideApplyAfterAMoveAndAWayBack(t *testing.T) {
	s := newSpace(t)
	s.push("1.2.0")
	manifest := s.failing("web", "garboard.dev/rollback: auto")
	manifest = strings.Replace(manifest, "spec:\n", "spec:\n  progressDeadlineSeconds: 5\n", 1)
	s.must(manifest, "apply", "--server-side", "-f", "-")
	s.settled("web")
	s.push("1.3.0")
	s.event("web", "RolloutSucceeded", ":1.3.0")
	s.wantNoUpdater()
	s.must(manifest, "apply", "--server-side", "-f", "-")
	s.wantTag("web", "1.3.0")

	s.push("1.4.0-unpullable")
	s.event("web", "RolledBack", "web: "+s.image+":1.4.0-unpullable -> "+s.image+":1.3.0, and held")
	s.settled("web")
	s.wantNoUpdater()
	s.wantOurs()
	s.must(manifest, "apply", "--server-side", "-f", "-")
	s.wantTag("web", "1.3.0")
	s.wantHold("web=1.4.0-unpullable")
}

// A hasty fix that is broken as well hides what was healthy.
func TestWayBackReturnsToWhatWasHealthy(t *testing.T) {
	s := newSpace(t)
	s.runsUntil(10, "garboard.dev/rollback: auto")
	s.push("1.3.0-unpullable")
	s.awaitTag("web", "1.3.0-unpullable")
	s.push("1.4.0-unpullable")
	s.awaitTag("web", "1.4.0-unpullable")
	s.event("web", "RolledBack", "web: "+s.image+":1.4.0-unpullable -> "+s.image+":1.2.0, and held")
	s.settled("web")
	s.wantTag("web", "1.2.0")
	s.wantHold("web=1.4.0-unpullable")
}

// Who opts a namespace out while a rollout fails wants to look at the broken Pods.
func TestVerdictIsNotOfANamespaceThatOptedOut(t *testing.T) {
	s := newSpace(t)
	s.runsUntil(10, "garboard.dev/rollback: auto")
	s.push("1.3.0-unpullable")
	s.awaitTag("web", "1.3.0-unpullable")
	s.must("", "label", "namespace", s.name, "garboard.dev/enabled-")
	s.await("the rollout to fail", func(context.Context) error {
		for _, c := range s.deployment("web").Status.Conditions {
			if c.Reason == "ProgressDeadlineExceeded" {
				return nil
			}
		}
		return fmt.Errorf("it has not")
	})
	other := newSpace(t) // whose verdict comes after
	other.runsUntil(3, "garboard.dev/rollback: auto")
	other.push("1.3.0-unpullable")
	other.event("web", "RolledBack", ", and held")
	s.wantTag("web", "1.3.0-unpullable")
	s.wantHold("")
}
