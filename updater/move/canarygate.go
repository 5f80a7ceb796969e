package move

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/updater/report"
	"github.com/garboard-dev/garboard/updater/rollout"
	"github.com/garboard-dev/garboard/updater/watched"
)

// canaryGate lets the rest of a set follow its first, and has the first stay at a
// version until the rest may follow: versions that come faster than the soak would
// keep the rest where it is for ever.
type canaryGate struct{ *Mover }

// Judge implements Gate. It may change the target: the rest goes to what has soaked, where
// something newer has not.
func (g canaryGate) Judge(ctx context.Context, m *Move) Verdict {
	place := m.Rule.Canary
	if place.First {
		return g.leads(ctx, m, place.Soak)
	}
	if place.Set == "" {
		return Verdict{}
	}
	firsts := g.canaries.firsts(setOf(m.Workload.Namespace(), place))
	if len(firsts) == 0 {
		return Verdict{Reason: report.WaitCanary, Message: fmt.Sprintf("no workload goes first in the set %q", place.Set)}
	}
	keys := slices.SortedFunc(maps.Keys(firsts), watched.Key.Compare)
	verdict := g.followsAll(ctx, m, keys, firsts, m.To)
	if verdict.Open() {
		return verdict
	}
	for _, key := range keys {
		earlier, ok := g.canaries.lastPassed(key, m.Repository)
		if ok && m.Permits(earlier) && g.followsAll(ctx, m, keys, firsts, earlier).Open() {
			m.To = earlier
			return Verdict{}
		}
	}
	return verdict
}

// Permits reports whether a version is one that a move may have for a target in place of
// its own: the policy leads there, and no hold keeps the workload from it.
func (m *Move) Permits(version record.Result) bool {
	return m.Rule.Policy != nil && version.Tag != m.From.Tag && m.Rule.Policy.Moves(m.From.Tag, version.Tag) &&
		!resolver.Hold(m.Rule.Hold).Holds(m.Rule.Policy, m.From.Tag, version.Tag, version.Digest)
}

// followsAll judges a target by all workloads that go ahead.
func (g canaryGate) followsAll(ctx context.Context, m *Move, keys []watched.Key, firsts map[watched.Key]settings.Canary, to record.Result) Verdict {
	for _, key := range keys {
		if verdict := g.follows(ctx, m, key, firsts[key].Soak, to); !verdict.Open() {
			return verdict
		}
	}
	return Verdict{}
}

// follows judges a target by one workload that goes ahead.
func (g canaryGate) follows(ctx context.Context, m *Move, first watched.Key, soak time.Duration, to record.Result) Verdict {
	wait := func(format string, args ...any) Verdict {
		return Verdict{Reason: report.WaitCanary, Message: first.Name + " " + fmt.Sprintf(format, args...)}
	}
	f, ok := g.look(ctx, first, m.Repository)
	switch {
	case !ok:
		return wait("goes first, and is not there")
	case !f.uses:
		return wait("goes first, and has no image of that repository")
	}
	passed, known := g.canaries.lastPassed(first, m.Repository)
	if known && passed.Agrees(to) && !f.running.Agrees(to) && m.Rule.Policy != nil && m.Rule.Policy.Moves(to.Tag, f.running.Tag) {
		return Verdict{} // it has moved on from it, and not back
	}
	switch {
	case !f.running.Agrees(to):
		return wait("goes first, and runs %s", f.running)
	case f.health.Phase == rollout.Empty:
		return wait("goes first, and has no Pods")
	case f.health.Phase == rollout.Partial:
		return wait("goes first, and %s", f.health.Message)
	case f.health.Phase != rollout.Healthy:
		return wait("goes first, and is not healthy")
	}
	if soakedAt := f.since.Add(soak); g.Clock.Now().Before(soakedAt) {
		verdict := wait("has been healthy since %s, for %s it has to be", f.since.UTC().Format("15:04 MST"), soak)
		verdict.Again = soakedAt
		return verdict
	}
	g.canaries.passed(first, m.Repository, f.running)
	return Verdict{}
}

// leads judges a move of the workload that goes ahead: it stays while what it runs
// soaks and the rest waits for that.
func (g canaryGate) leads(ctx context.Context, m *Move, soak time.Duration) Verdict {
	rest := g.canaries.rest(m.Key)
	f, ok := g.look(ctx, m.Key, m.Repository)
	if len(rest) == 0 || !ok || !f.uses || f.health.Phase != rollout.Healthy {
		return Verdict{}
	}
	waits := slices.ContainsFunc(rest, func(key watched.Key) bool {
		follower, ok := g.look(ctx, key, m.Repository)
		return ok && follower.uses && !follower.running.Agrees(f.running)
	})
	soakedAt := f.since.Add(soak)
	switch {
	case !waits:
		return Verdict{}
	case g.Clock.Now().Before(soakedAt):
		return Verdict{report.WaitCanary, fmt.Sprintf("the rest of its set waits for %s, which has to be healthy until %s", f.running, soakedAt.UTC().Format("15:04 MST")), soakedAt}
	}
	if g.canaries.passed(m.Key, m.Repository, f.running) {
		for _, follower := range rest {
			g.Queue.Add(follower)
		}
	}
	return Verdict{}
}

// member is a workload of a set, as it is now.
type member struct {
	health  rollout.Health
	running record.Result
	// uses is false where it has no image of the repository.
	uses bool
	// since is from when on it has been healthy, of one that goes ahead.
	since time.Time
}

// look reads a workload of a set from the cache.
func (g canaryGate) look(ctx context.Context, key watched.Key, repository string) (m member, ok bool) {
	o := g.Workloads.Get(ctx, key)
	if o == nil {
		return m, false
	}
	object, ok := g.Workloads.Kinds.FromMap(o.Object)
	if !ok {
		return m, false
	}
	m.health = rollout.Read(o)
	m.running, m.uses = runningOf(object, repository)
	if g.canaries.first(key) {
		m.since = g.healthySince(ctx, key, o, object, m.health)
	}
	return m, true
}
