package poll

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/updater/watched"
)

func schedule(t *testing.T, text string) Use {
	t.Helper()
	s, err := settings.ParseSchedule(text)
	if err != nil {
		t.Fatal(err)
	}
	return Use{Repository: "example.com/app", Schedule: s}
}

func key(name string) watched.Key {
	return watched.NewKey(workload.StandardKinds().All()[0].GroupVersionKind, "on", name)
}

func TestShortestScheduleOfARepositoryCounts(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	tracked := newTracker()
	tracked.set(key("slow"), []Use{schedule(t, "@every 10m")})
	tracked.set(key("fast"), []Use{schedule(t, "@every 10s"), schedule(t, "@every 1h")})
	next := func() time.Duration {
		due, ok := tracked.next("example.com/app", now, false)
		if !ok {
			t.Fatal("nobody uses it")
		}
		return due.Sub(now)
	}
	if got := next(); got < 10*time.Second || got > 11*time.Second {
		t.Errorf("due in %s", got)
	}
	tracked.set(key("fast"), nil)
	if got := next(); got < 10*time.Minute || got > 10*time.Minute+maxJitter {
		t.Errorf("due in %s after the fast one went", got)
	}
	tracked.set(key("slow"), nil)
	if _, ok := tracked.next("example.com/app", now, false); ok || tracked.size() != 0 {
		t.Errorf("%d repositories are left", tracked.size())
	}
}

// Of 200 repositories whose names differ in a number, each tenth of the interval has some, and
// none has more than twice its part: they all belong to one registry, which allows so many
// requests a second.
func TestFirstPollsOfLikeNamesAreSpread(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, names := range []string{"ghcr.io/acme/service-%d", "registry.example.com/shop/app-%d", "127.0.0.1:5000/scale/app-%d", "example.com/team-%d/app", "example.com/%03d"} {
		t.Run(names, func(t *testing.T) {
			tracked := newTracker()
			var tenths [10]int
			for n := range 200 {
				use := schedule(t, "@every 10m")
				use.Repository = fmt.Sprintf(names, n)
				tracked.set(key(use.Repository), []Use{use})
				due, ok := tracked.next(use.Repository, now, true)
				if !ok || due.Before(now) || !due.Before(now.Add(10*time.Minute)) {
					t.Fatalf("%s: due %v, in %s", use.Repository, ok, due.Sub(now))
				}
				tenths[due.Sub(now)/time.Minute]++
			}
			if slices.Min(tenths[:]) < 5 || slices.Max(tenths[:]) > 40 {
				t.Errorf("polls in each tenth of the interval: %d, want 5 to 40", tenths)
			}
		})
	}
}

// One tenant that polls each minute is no reason to read the repository with
// another's credentials each minute, too.
func TestEachCredentialHasItsOwnSchedule(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	tracked := newTracker()
	for name, text := range map[string]string{"often": "@every 1m", "seldom": "@every 1h", "seldom too": "@every 2h"} {
		tracked.set(key(name), []Use{schedule(t, text)})
	}
	of := map[string]string{"often": "a", "seldom": "b", "seldom too": "b"}
	reads := map[string]int{}
	for now := start; now.Before(start.Add(3 * time.Hour)); {
		for _, user := range tracked.dueUsers("example.com/app", now) {
			reads[user.Name]++
			tracked.read("example.com/app", user, of[user.Name], now)
		}
		due, ok := tracked.next("example.com/app", now, false)
		if !ok || !due.After(now) {
			t.Fatalf("due at %s, after a poll at %s", due, now)
		}
		now = due
	}
	if reads["often"] < 160 || reads["often"] > 180 {
		t.Errorf("%d reads for the one that polls each minute in 3 hours", reads["often"])
	}
	if reads["seldom"] != 3 || reads["seldom too"] != 3 {
		t.Errorf("%d and %d reads for those with another credential, of which one polls each hour: want 3", reads["seldom"], reads["seldom too"])
	}
	tracked.set(key("seldom"), []Use{schedule(t, "@every 1h")}) // its status changed
	if due, _ := tracked.next("example.com/app", start.Add(3*time.Hour), false); due.Sub(start.Add(3*time.Hour)) > 70*time.Second {
		t.Errorf("due at %s", due)
	}
	if got := tracked.users["example.com/app"][key("seldom")].group; got != "b" {
		t.Errorf("a change of the workload loses its group: %q", got)
	}
}

// A restart must ask no registry for everything at once, nor at a moment that
// a cron schedule does not name.
func TestFirstPoll(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	repositories := []string{"a/a", "a/b", "a/c", "a/d", "b/a", "c/a"}
	for name, test := range map[string]struct {
		schedule string
		from, to time.Duration
	}{
		"of an interval is anywhere in it":    {"@every 10m", 0, 10 * time.Minute},
		"of a cron schedule is when it says":  {"0 2 * * *", 2 * time.Hour, 2*time.Hour + maxJitter},
		"of six fields is when they say, too": {"30 * * * * *", 30 * time.Second, 33 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			tracked, places := newTracker(), map[time.Time]bool{}
			for _, repository := range repositories {
				u := schedule(t, test.schedule)
				u.Repository = repository
				tracked.set(key(repository), []Use{u})
				due, _ := tracked.next(repository, now, true)
				if in := due.Sub(now); in < test.from || in > test.to {
					t.Errorf("%s: due in %s", repository, in)
				}
				if again, _ := tracked.next(repository, now, true); !again.Equal(due) {
					t.Errorf("%s: due at %s, and then at %s", repository, due, again)
				}
				places[due] = true
			}
			if len(places) != len(repositories) {
				t.Errorf("%d repositories share %d moments", len(repositories), len(places))
			}
		})
	}
}

func TestBackoffGrowsHasACapAndWaitsAsAsked(t *testing.T) {
	last := time.Duration(0)
	for failures := 1; failures < 100; failures++ {
		wait := backoff("example.com/app", failures, 0)
		if wait < last || wait > maxBackoff {
			t.Fatalf("%d failures: %s after %s", failures, wait, last)
		}
		last = wait
	}
	if last <= maxBackoff*3/4 {
		t.Errorf("it ends at %s", last)
	}
	if got := backoff("example.com/app", 1, time.Hour); got < time.Hour || got > time.Hour+maxJitter {
		t.Errorf("asked for an hour, it waits %s", got)
	}
	if backoff("example.com/app", 5, 0) == backoff("example.com/other", 5, 0) {
		t.Error("two repositories that failed together come back together")
	}
}
