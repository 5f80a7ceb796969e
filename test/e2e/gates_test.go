package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// closed is a window that is over for at least an hour from now.
func closed() string {
	opens := time.Now().UTC().Add(2 * time.Hour)
	return fmt.Sprintf("garboard.dev/window: %d %d * * * for 1h", opens.Minute(), opens.Hour())
}

func TestWindowKeepsWhatIsNewUntilItOpens(t *testing.T) {
	s := newSpace(t)
	s.push("1.2.0")
	s.must(s.manifest("web", "1.2.0", "garboard.dev/policy: minor", everySecond, closed()), "apply", "-f", "-")
	revision := s.settled("web")
	s.push("1.3.0")
	s.waits("web", "WindowClosed", "its window opens at ")
	if got := s.settled("web"); got != revision {
		t.Errorf("revision %s -> %s", revision, got)
	}
	s.must("", "annotate", "--overwrite", "deployment/web", "garboard.dev/window=@daily for 1d")
	s.awaitTag("web", "1.3.0")
}

// An image is used when it is old enough: after its time, and not at the next poll.
func TestYoungImagesWait(t *testing.T) {
	s := newSpace(t)
	s.push("1.2.0")
	s.must(s.manifest("web", "1.2.0", "garboard.dev/policy: minor", `garboard.dev/pollSchedule: "@every 3s"`, "garboard.dev/minAge: 8s"), "apply", "-f", "-")
	s.settled("web")
	s.push("1.3.0")
	s.waits("web", "TooYoung", "newer tags are younger than minAge")
	s.wantTag("web", "1.2.0")
	s.awaitTag("web", "1.3.0")
}

// A canary's set follows the one that goes first, and only once that is healthy.
func TestCanaryGoesFirst(t *testing.T) {
	s := newSpace(t)
	s.push("1.2.0")
	s.must(s.manifest("first", "1.2.0", "garboard.dev/policy: minor", everySecond, "garboard.dev/canary: shop first for 1s"), "apply", "-f", "-")
	s.must(s.manifest("rest", "1.2.0", "garboard.dev/policy: minor", everySecond, "garboard.dev/canary: shop"), "apply", "-f", "-")
	s.must(s.manifest("alone", "1.2.0", "garboard.dev/policy: minor", everySecond, "garboard.dev/canary: other"), "apply", "-f", "-")
	s.settled("first")
	s.settled("rest")
	s.push("1.3.0")
	s.waits("rest", "CanaryNotReady", "first ")
	s.awaitTag("first", "1.3.0")
	s.awaitTag("rest", "1.3.0")
	s.waits("alone", "CanaryNotReady", `no workload goes first in the set "other"`)
	s.wantTag("alone", "1.2.0")
	done, followed := s.movedAt("first"), s.movedAt("rest")
	if followed.Before(done) {
		t.Errorf("the first moved at %s, the rest at %s", done, followed)
	}
}

func TestPaceLetsTheNextStartWhenOneIsHealthy(t *testing.T) {
	alone(t)
	s := newSpace(t)
	s.updater("--max-rollouts=1")
	s.push("1.2.0")
	for _, name := range []string{"one", "two"} {
		s.must(s.manifest(name, "1.2.0", "garboard.dev/policy: glob:1.*", everySecond), "apply", "-f", "-")
		s.settled(name)
	}
	s.push("1.3.0-unpullable")
	s.await("one of them to move", func(context.Context) error {
		if s.tag("one") == "1.2.0" && s.tag("two") == "1.2.0" {
			return fmt.Errorf("none has")
		}
		return nil
	})
	waiting := "one"
	if s.tag("one") != "1.2.0" {
		waiting = "two"
	}
	s.waits(waiting, "TooManyRollouts", "rollout limit reached (1 in progress)")
	s.wantTag(waiting, "1.2.0")
	s.push("1.4.0") // which can be pulled
	s.awaitTag("one", "1.4.0")
	s.awaitTag("two", "1.4.0")
	for _, name := range []string{"one", "two"} {
		s.settled(name)
	}
}

// failing is a Deployment whose rollout fails with a tag that cannot be pulled.
func (s *space) failing(name string, annotations ...string) string {
	return s.manifest(name, "1.2.0", append(annotations, "garboard.dev/policy: glob:1.*", everySecond)...)
}

// enough is a deadline, in seconds, within which a good rollout ends on any machine.
const enough = 60

// deadline gives the rollouts of the Deployment web so many seconds.
func (s *space) deadline(seconds int) {
	s.t.Helper()
	s.must("", "patch", "deployment/web", "-p", fmt.Sprintf(`{"spec":{"progressDeadlineSeconds":%d}}`, seconds))
}

// runsUntil starts one, named web, whose rollout has so many seconds.
func (s *space) runsUntil(seconds int, annotations ...string) {
	s.t.Helper()
	s.push("1.2.0")
	s.must(s.failing("web", annotations...), "apply", "-f", "-")
	s.deadline(seconds)
	s.settled("web")
	// Managed fields know the time to the second: of two writes in one, another leader
	// cannot tell which was the last, and takes nothing back.
	s.await("the second of the last write to be over", func(context.Context) error {
		for _, entry := range s.deployment("web").ManagedFields {
			if entry.Time != nil && time.Since(entry.Time.Time) < time.Second {
				return fmt.Errorf("%s wrote at %s", entry.Manager, entry.Time)
			}
		}
		return nil
	})
}

func (s *space) wantHold(want string) {
	s.t.Helper()
	if got := s.deployment("web").Annotations["garboard.dev/hold"]; got != want {
		s.t.Errorf("hold %q, want %q", got, want)
	}
}

func TestFailedRolloutIsTold(t *testing.T) {
	s := newSpace(t)
	s.runsUntil(3)
	s.push("1.3.0-unpullable")
	s.event("web", "RolloutFailed", "its progress deadline is exceeded")
	s.wantTag("web", "1.3.0-unpullable")
	s.deadline(enough)
	s.push("1.4.0")
	s.event("web", "RolloutSucceeded", "1.3.0-unpullable -> "+s.image+":1.4.0")
}

func TestFailedRolloutIsTakenBackAndHeld(t *testing.T) {
	s := newSpace(t)
	s.runsUntil(3, "garboard.dev/rollback: auto")
	s.push("1.3.0-unpullable")
	s.event("web", "RolledBack", "web: "+s.image+":1.3.0-unpullable -> "+s.image+":1.2.0, and held")
	s.settled("web")
	s.wantTag("web", "1.2.0")
	s.wantHold("web=1.3.0-unpullable")
	revision := s.settled("web")
	s.polled()
	if got := s.settled("web"); got != revision {
		t.Errorf("it rolled again: revision %s -> %s", revision, got)
	}
	// Something higher ends the hold.
	s.deadline(enough)
	s.push("1.4.0")
	s.awaitTag("web", "1.4.0")
	s.event("web", "RolloutSucceeded", ":1.4.0")
	s.wantHold("")
}

// What somebody writes after a move is theirs: their rollout is not taken back.
func TestWhatAPersonBreaksIsNotTakenBack(t *testing.T) {
	s := newSpace(t)
	s.runsUntil(enough, "garboard.dev/rollback: auto")
	s.push("1.3.0")
	s.event("web", "RolloutSucceeded", ":1.3.0")
	s.must("", "patch", "deployment/web", "-p", `{"spec":{"progressDeadlineSeconds":3,"template":{"spec":{"nodeSelector":{"no":"such"}}}}}`)
	s.await("the rollout to fail", func(context.Context) error {
		for _, c := range s.deployment("web").Status.Conditions {
			if c.Reason == "ProgressDeadlineExceeded" {
				return nil
			}
		}
		return fmt.Errorf("it has not")
	})
	s.polled()
	s.wantTag("web", "1.3.0")
	s.wantHold("")
}

// A leader that ends while Pods roll leaves the verdict, and what follows from it,
// to the next one.
func TestAnotherLeaderTakesBackWhatFailed(t *testing.T) {
	alone(t)
	s := newSpace(t)
	s.updater(soon()...)
	s.runsUntil(6, "garboard.dev/rollback: auto")
	s.push("1.3.0-unpullable")
	s.awaitTag("web", "1.3.0-unpullable")
	s.killUpdater()
	s.startUpdater(soon()...)
	s.event("web", "RolledBack", "web: "+s.image+":1.3.0-unpullable -> "+s.image+":1.2.0, and held")
	s.settled("web")
	s.wantTag("web", "1.2.0")
}
