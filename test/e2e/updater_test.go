package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

const everySecond = `garboard.dev/pollSchedule: "@every 1s"`

func TestPushRollsThePods(t *testing.T) {
	s := newSpace(t)
	s.push("1.2.0")
	s.must(s.manifest("web", "1.2.0", "garboard.dev/policy: minor", everySecond), "apply", "-f", "-")
	revision := s.settled("web")
	s.push("1.3.0")
	s.awaitTag("web", "1.3.0")
	if got := s.settled("web"); got == revision {
		t.Error("no rollout")
	}
	out, _ := s.must("", "get", "pods", "-l", "app=web", "-o=jsonpath={.items[*].spec.containers[0].image}")
	if !strings.Contains(out, ":1.3.0") {
		t.Errorf("the Pods run %s", out)
	}
	s.event("web", "ImageUpdated", "web: "+s.image+":1.2.0 -> "+s.image+":1.3.0")
	if got := s.deployment("web").Spec.Template.Annotations; got["garboard.dev/bump"] != "" || got["garboard.dev/resolved"] != "web=1.3.0" {
		t.Errorf("template annotations %v", got)
	}
}

// A tag that never changes its name is followed by its digest.
func TestPushOfTheSameTagRollsUnderForce(t *testing.T) {
	s := newSpace(t)
	first := s.push("latest")
	manifest := s.manifest("web", "latest", "keel.sh/policy: force", `keel.sh/pollSchedule: "@every 1s"`)
	s.must(manifest, "apply", "-f", "-")
	s.wantTag("web", "latest@"+first)
	revision := s.settled("web")
	s.must(manifest, "apply", "-f", "-")
	s.wantTag("web", "latest@"+first)
	if got := s.settled("web"); got != revision {
		t.Errorf("applying again rolled: revision %s -> %s", revision, got)
	}
	second := s.push("latest")
	s.awaitTag("web", "latest@"+second)
}

func TestStayIsAnEventOnce(t *testing.T) {
	s := newSpace(t)
	s.push("latest")
	s.must(s.manifest("web", "latest", "garboard.dev/policy: minor", everySecond), "apply", "-f", "-")
	s.event("web", "ImageStayed", "stays: not a version tag")
	s.polled()
	out, _ := s.must("", "get", "events", "--field-selector=reason=ImageStayed", "-o=jsonpath={range .items[*]}{.message}{\"\\n\"}{end}")
	if n := strings.Count(out, "\n"); n != 1 {
		t.Errorf("%d Events:\n%s", n, out)
	}
}

// A build server that puts the commit into each tag gives none a line to move in.
func TestOtherLinesAreToldOnce(t *testing.T) {
	s := newSpace(t)
	s.push("1.2.0-7f3c2e1", "1.3.0-0a1b2c3")
	const told = "nothing newer in its line; filter and extract would let in 1.3.0-0a1b2c3"
	manifest := s.manifest("web", "1.2.0-7f3c2e1", "garboard.dev/policy: minor", everySecond)
	if _, warned := s.must(manifest, "apply", "-f", "-"); !strings.Contains(warned, told) {
		t.Errorf("kubectl said %q, want %q", warned, told)
	}
	s.event("web", "ImageStayed", told)
	s.push("1.4.0-deadbee")
	s.polled()
	out, _ := s.must("", "get", "events", "--field-selector=reason=ImageStayed", "-o=jsonpath={range .items[*]}{.message}{\"\\n\"}{end}")
	if n := strings.Count(out, "\n"); n != 1 {
		t.Errorf("%d Events:\n%s", n, out)
	}
	if _, warned := s.must(manifest, "apply", "-f", "-"); strings.Contains(warned, "line") {
		t.Errorf("kubectl said %q about the same manifest again", warned)
	}
}

func TestUpdaterRestartRollsNothing(t *testing.T) {
	alone(t)
	s := newSpace(t)
	s.push("1.2.0", "1.2.7")
	names := []string{"one", "two", "three"}
	before := map[string]string{}
	for _, name := range names {
		s.must(s.manifest(name, "1.2.0", "garboard.dev/policy: patch", everySecond), "apply", "-f", "-")
		before[name] = s.settled(name) + " " + s.deployment(name).ResourceVersion
	}
	s.restart()
	s.await("five polls", func(ctx context.Context) error {
		n, err := metricOf(ctx, s.garboard.Updater().Metrics, "garboard_updater_polls_total")
		if err == nil && n < 5 {
			err = fmt.Errorf("%d", n)
		}
		return err
	})
	for _, name := range names {
		if got := s.settled(name) + " " + s.deployment(name).ResourceVersion; got != before[name] {
			t.Errorf("%s: revision and resourceVersion %s, want %s", name, got, before[name])
		}
	}
	// What the first updater would have done, the second does.
	s.push("1.2.8")
	for _, name := range names {
		s.awaitTag(name, "1.2.8")
	}
}

// A bump that admission does not see would roll Pods for nothing.
func TestWebhookAwayCausesNoEmptyRollout(t *testing.T) {
	alone(t)
	s := newSpace(t)
	s.push("1.2.0")
	s.must(s.manifest("web", "1.2.0", "garboard.dev/policy: minor", everySecond), "apply", "-f", "-")
	revision := s.settled("web")
	s.only()
	s.push("1.3.0")
	s.event("web", "UpdateFailed", "")
	if got := s.settled("web"); got != revision {
		t.Errorf("revision %s -> %s", revision, got)
	}
	s.wantTag("web", "1.2.0")
}
