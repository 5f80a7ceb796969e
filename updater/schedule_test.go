package updater

import (
	"errors"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/garboard-dev/garboard/updater/report"
)

const repository = "example.com/app"

// planner is an Updater that polls nothing, at a time of its own.
func planner(t *testing.T, schedules ...string) (*Updater, *clocktesting.FakeClock) {
	t.Helper()
	metrics, err := report.NewMetrics(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	clock := clocktesting.NewFakeClock(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	u := New(Options{Clock: clock, Metrics: metrics})
	t.Cleanup(u.polls.ShutDown)
	for _, s := range schedules {
		u.tracker.set(key(s), []use{schedule(t, s)})
	}
	return u, clock
}

func (u *Updater) dueIn(t *testing.T) time.Duration {
	t.Helper()
	due, known := u.dueAt(repository)
	if !known {
		t.Fatal("it is not planned")
	}
	return due.Sub(u.Clock.Now())
}

func TestFailuresBackOffAndNoEventBringsThemForward(t *testing.T) {
	u, _ := planner(t, "@every 1m")
	u.observe(repository)
	for range 9 {
		u.schedule(repository, errors.New("down"))
	}
	failed := u.dueIn(t)
	if failed <= maxBackoff*3/4 || failed > maxBackoff {
		t.Errorf("after 9 failures due in %s, want up to %s", failed, maxBackoff)
	}
	// A Deployment whose image cannot be pulled changes its status all the time.
	u.observe(repository)
	if got := u.dueIn(t); got != failed {
		t.Errorf("after an event due in %s, want %s", got, failed)
	}
	u.schedule(repository, nil)
	if got := u.dueIn(t); got < time.Minute || got > time.Minute+maxJitter {
		t.Errorf("after a success due in %s", got)
	}
}

// The settings of a registry bound how often it is polled, whatever a workload
// asks for; the first poll does not wait for it.
func TestPollMinimumOfTheRegistry(t *testing.T) {
	u, clock := planner(t, "@every 1m")
	u.PollMinimum = func(string) time.Duration { return time.Hour }
	u.observe(repository)
	if got := u.dueIn(t); got > time.Minute {
		t.Errorf("the first poll is due in %s", got)
	}
	u.schedule(repository, nil)
	if got := u.dueIn(t); got != time.Hour {
		t.Errorf("the next poll is due in %s", got)
	}
	clock.Step(10 * time.Minute)
	u.tracker.set(key("fast"), []use{schedule(t, "@every 1s")})
	u.observe(repository)
	if got := u.dueIn(t); got != 50*time.Minute {
		t.Errorf("with a faster schedule it is due in %s", got)
	}
}

func TestShorterScheduleBringsThePollForward(t *testing.T) {
	u, _ := planner(t, "@every 10m")
	u.schedule(repository, nil)
	u.tracker.set(key("fast"), []use{schedule(t, "@every 10s")})
	u.observe(repository)
	if got := u.dueIn(t); got > 11*time.Second {
		t.Errorf("due in %s", got)
	}
}

func TestRepositoryThatNobodyUsesIsForgotten(t *testing.T) {
	u, _ := planner(t, "@every 1m")
	u.observe(repository)
	u.tracker.set(key("@every 1m"), nil)
	u.schedule(repository, nil)
	if _, known := u.dueAt(repository); known {
		t.Error("it is still planned")
	}
}

func TestHealthyUntilAPollMakesNoStep(t *testing.T) {
	u, clock := planner(t, "@every 1m")
	u.mark(repository, clock.Now())
	clock.Step(stuck)
	if err := u.Healthy(); err != nil {
		t.Errorf("after %s: %v", stuck, err)
	}
	clock.Step(time.Second)
	if err := u.Healthy(); err == nil {
		t.Error("a poll that is stuck is healthy")
	}
	u.schedule(repository, nil)
	if err := u.Healthy(); err != nil {
		t.Errorf("after its end: %v", err)
	}
}

// An image that is too young now is used when it is old enough, and not at the next
// poll after that; nor never, where nobody polls.
func TestImagesThatAreTooYoungAreComeBackTo(t *testing.T) {
	for name, test := range map[string]struct {
		schedules []string
		ripens    time.Duration
		want      time.Duration
	}{
		"before the next poll":      {[]string{"@every 1h"}, 10 * time.Minute, 10 * time.Minute},
		"after the next poll":       {[]string{"@every 1m"}, 10 * time.Minute, time.Minute},
		"where there is no polling": {nil, 10 * time.Minute, 10 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			u, clock := planner(t, test.schedules...)
			u.tracker.set(key("pushed"), []use{{repository: repository}})
			u.ripens(repository, clock.Now().Add(test.ripens+time.Hour))
			u.ripens(repository, clock.Now().Add(test.ripens))
			u.schedule(repository, nil)
			if got := u.dueIn(t); got < test.want || got > test.want+maxJitter {
				t.Errorf("due in %s, want %s", got, test.want)
			}
			if u.takeRipe(repository, clock.Now().Add(test.ripens-time.Second)) {
				t.Error("it is ripe a second before")
			}
			if !u.takeRipe(repository, clock.Now().Add(test.ripens)) {
				t.Error("it is not ripe in time")
			}
			u.schedule(repository, nil)
			if due, known := u.dueAt(repository); known && test.schedules == nil {
				t.Errorf("due at %s once more", due)
			}
		})
	}
}
