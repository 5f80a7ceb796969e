package poll

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/utils/clock"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/garboard-dev/garboard/resolver/registry"
	"github.com/garboard-dev/garboard/updater/queue"
	"github.com/garboard-dev/garboard/updater/report"
)

const repository = "example.com/app"

// planner is a Poller that polls nothing, at a time of its own.
func planner(t *testing.T, schedules ...string) (*Poller, *clocktesting.FakeClock) {
	t.Helper()
	metrics, err := report.NewMetrics(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	clock := clocktesting.NewFakeClock(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	p := New(Options{
		Clock: clock, Report: report.New(report.Options{Metrics: metrics, Clock: clock}), Queue: queue.New(clock, func(string) string { return "" }, metrics.DepthOf("polls")),
	})
	t.Cleanup(p.ShutDown)
	for _, s := range schedules {
		p.tracker.set(key(s), []Use{schedule(t, s)})
	}
	return p, clock
}

func (p *Poller) dueIn(t *testing.T) time.Duration {
	t.Helper()
	due, known := p.Due(repository)
	if !known {
		t.Fatal("it is not planned")
	}
	return due.Sub(p.Clock.Now())
}

func TestFailuresBackOffAndNoEventBringsThemForward(t *testing.T) {
	p, _ := planner(t, "@every 1m")
	p.Observe(repository)
	for range 9 {
		p.schedule(repository, errors.New("down"))
	}
	failed := p.dueIn(t)
	if failed <= maxBackoff*3/4 || failed > maxBackoff {
		t.Errorf("after 9 failures due in %s, want up to %s", failed, maxBackoff)
	}
	// A Deployment whose image cannot be pulled changes its status all the time.
	p.Observe(repository)
	if got := p.dueIn(t); got != failed {
		t.Errorf("after an event due in %s, want %s", got, failed)
	}
	p.schedule(repository, nil)
	if got := p.dueIn(t); got < time.Minute || got > time.Minute+maxJitter {
		t.Errorf("after a success due in %s", got)
	}
}

// works works on the next repository that is due.
func (p *Poller) works(t *testing.T) {
	t.Helper()
	worked := make(chan bool, 1)
	go func() { worked <- p.Work(t.Context()) }()
	select {
	case <-worked:
	case <-time.After(time.Minute):
		t.Fatal("nothing is due")
	}
}

// A workload names any repository, and may be gone in a moment.
func TestNothingIsKeptOfRepositoriesWithoutWorkloads(t *testing.T) {
	for name, use := range map[string]Use{
		"polled each minute":  schedule(t, "@every 1m"),
		"polled once a year":  schedule(t, "0 0 1 1 *"),
		"polled after a push": {Repository: repository},
	} {
		t.Run(name, func(t *testing.T) {
			p, clock := planner(t)
			p.Minimum = func(string) time.Duration { return time.Hour }
			p.Track(key("web"), []Use{use})
			p.slow.note(repository, true)
			p.Forget(key("web"))
			if p.plans[repository] == nil {
				t.Error("what keeps the next poll back is forgotten at once: to make the workload anew would have it polled")
			}
			clock.Step(time.Hour)
			p.works(t)
			if len(p.plans)+len(p.slow.known) > 0 {
				t.Errorf("plans %v, slow repositories %v, want none", p.plans, p.slow.known)
			}
		})
	}
	t.Run("what is used again meanwhile keeps its plan", func(t *testing.T) {
		p, clock := planner(t)
		p.Track(key("web"), []Use{schedule(t, "0 0 1 1 *")})
		due, _ := p.Due(repository)
		p.Forget(key("web"))
		p.Track(key("web"), []Use{schedule(t, "0 0 1 1 *")})
		clock.Step(maxBackoff)
		p.works(t)
		if after, known := p.Due(repository); !known || !after.Equal(due) {
			t.Errorf("due at %s, want %s", after, due)
		}
	})
}

// A poll that comes before its time asks a registry that wants to be left alone, and one that
// is put off by the schedule then comes late for what it was to look at.
func TestNothingIsHandedOutBeforeOrAfterItsTime(t *testing.T) {
	for name, test := range map[string]struct {
		plan func(*testing.T, *Poller)
		want time.Duration
	}{
		"what a registry wants to be left alone": {func(_ *testing.T, p *Poller) {
			p.tracker.set(key("pushed"), []Use{{Repository: repository}})
			p.pollAt(repository, p.Clock.Now()) // as a poll that failed does
			p.schedule(repository, &registry.Error{Kind: registry.RateLimited, RetryAfter: 5 * time.Hour})
		}, 5 * time.Hour},
		"what is polled each day and looked at before": {func(t *testing.T, p *Poller) {
			p.tracker.set(key("daily"), []Use{schedule(t, "@every 24h")})
			p.schedule(repository, nil)
			p.RepollAt(repository, p.Clock.Now().Add(90*time.Minute))
		}, 90 * time.Minute},
		"what nobody uses, where its registry is seldom asked": {func(_ *testing.T, p *Poller) {
			p.Minimum = func(string) time.Duration { return 6 * time.Hour }
			p.Track(key("web"), []Use{{Repository: repository}})
			p.Forget(key("web"))
		}, 6 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, _ := planner(t)
				p.ShutDown()
				p.Clock, p.Queue = clock.RealClock{}, queue.New(clock.RealClock{}, func(string) string { return "" }, func(int) {})
				began := p.Clock.Now()
				test.plan(t, p)
				_, _ = p.Queue.Get()
				if got := p.Clock.Since(began); got < test.want || got > test.want+time.Minute {
					t.Errorf("it came after %s, want %s", got, test.want)
				}
				p.ShutDown()
			})
		})
	}
}

// The settings of a registry bound how often it is polled, whatever a workload
// asks for; the first poll does not wait for it.
func TestPollMinimumOfTheRegistry(t *testing.T) {
	p, clock := planner(t, "@every 1m")
	p.Minimum = func(string) time.Duration { return time.Hour }
	p.Observe(repository)
	if got := p.dueIn(t); got > time.Minute {
		t.Errorf("the first poll is due in %s", got)
	}
	p.schedule(repository, nil)
	if got := p.dueIn(t); got != time.Hour {
		t.Errorf("the next poll is due in %s", got)
	}
	clock.Step(10 * time.Minute)
	p.tracker.set(key("fast"), []Use{schedule(t, "@every 1s")})
	p.Observe(repository)
	if got := p.dueIn(t); got != 50*time.Minute {
		t.Errorf("with a faster schedule it is due in %s", got)
	}
}

func TestShorterScheduleBringsThePollForward(t *testing.T) {
	p, _ := planner(t, "@every 10m")
	p.schedule(repository, nil)
	p.tracker.set(key("fast"), []Use{schedule(t, "@every 10s")})
	p.Observe(repository)
	if got := p.dueIn(t); got > 11*time.Second {
		t.Errorf("due in %s", got)
	}
}

func TestRepositoryThatNobodyUsesIsForgotten(t *testing.T) {
	p, _ := planner(t, "@every 1m")
	p.Observe(repository)
	p.tracker.set(key("@every 1m"), nil)
	p.schedule(repository, nil)
	if _, known := p.Due(repository); known {
		t.Error("it is still planned")
	}
}

func TestHealthyUntilAPollMakesNoStep(t *testing.T) {
	p, clock := planner(t, "@every 1m")
	p.mark(repository, clock.Now())
	clock.Step(stuck)
	if err := p.Healthy(); err != nil {
		t.Errorf("after %s: %v", stuck, err)
	}
	clock.Step(time.Second)
	if err := p.Healthy(); err == nil {
		t.Error("a poll that is stuck is healthy")
	}
	p.schedule(repository, nil)
	if err := p.Healthy(); err != nil {
		t.Errorf("after its end: %v", err)
	}
}

// An image that is too young now is used when it is old enough, and not at the next
// poll after that; nor never, where nobody polls.
func TestImagesThatAreTooYoungAreComeBackTo(t *testing.T) {
	for name, test := range map[string]struct {
		schedules []string
		due       time.Duration
		want      time.Duration
	}{
		"before the next poll":      {[]string{"@every 1h"}, 10 * time.Minute, 10 * time.Minute},
		"after the next poll":       {[]string{"@every 1m"}, 10 * time.Minute, time.Minute},
		"where there is no polling": {nil, 10 * time.Minute, 10 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			p, clock := planner(t, test.schedules...)
			p.tracker.set(key("pushed"), []Use{{Repository: repository}})
			p.pollAt(repository, clock.Now().Add(test.due+time.Hour))
			p.pollAt(repository, clock.Now().Add(test.due))
			p.schedule(repository, nil)
			if got := p.dueIn(t); got < test.want || got > test.want+maxJitter {
				t.Errorf("due in %s, want %s", got, test.want)
			}
			if p.takePollAt(repository, clock.Now().Add(test.due-time.Second)) {
				t.Error("it is due a second early")
			}
			if !p.takePollAt(repository, clock.Now().Add(test.due)) {
				t.Error("it is not due in time")
			}
			p.schedule(repository, nil)
			if due, known := p.Due(repository); known && test.schedules == nil {
				t.Errorf("due at %s once more", due)
			}
		})
	}
}
