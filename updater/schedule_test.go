package updater

import (
	"errors"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/keelson-dev/keelson/internal/workload"
	"github.com/keelson-dev/keelson/resolver/policy"
)

const repository = "example.com/app"

// planner is an Updater that polls nothing, at a time of its own.
func planner(t *testing.T, schedules ...string) (*Updater, *clocktesting.FakeClock) {
	t.Helper()
	metrics, err := NewMetrics(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	clock := clocktesting.NewFakeClock(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	u := New(Options{Clock: clock, Metrics: metrics})
	t.Cleanup(u.queue.ShutDown)
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
	if got := u.dueIn(t); got != maxBackoff {
		t.Errorf("after 9 failures due in %s, want %s", got, maxBackoff)
	}
	// A Deployment whose image cannot be pulled changes its status all the time.
	u.observe(repository)
	if got := u.dueIn(t); got != maxBackoff {
		t.Errorf("after an event due in %s, want %s", got, maxBackoff)
	}
	u.schedule(repository, nil)
	if got := u.dueIn(t); got < time.Minute || got > time.Minute+maxJitter {
		t.Errorf("after a success due in %s", got)
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

// One read a poll, whoever comes first: a workload on latest, about which the
// registry has no say, must not use it up.
func TestRoundReadsOnceForThoseWhoNeedIt(t *testing.T) {
	minor, err := policy.Parse(policy.Spec{Name: "minor"})
	if err != nil {
		t.Fatal(err)
	}
	r := &round{repository: repository, read: map[string]bool{}}
	fresh := func(tag string) bool {
		q := r.query(workload.Rule{Policy: minor}, workload.Result{Tag: tag}, false)
		return q.Fresh
	}
	for i, want := range []struct {
		tag   string
		fresh bool
	}{{"latest", false}, {"1.2.0", true}, {"1.2.1", false}, {"latest", false}} {
		if got := fresh(want.tag); got != want.fresh {
			t.Errorf("query %d, %s: fresh %v, want %v", i, want.tag, got, want.fresh)
		}
	}
}
