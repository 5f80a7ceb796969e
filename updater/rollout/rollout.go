package rollout

import (
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/settings"
)

// Change is one image that moves.
type Change struct {
	// Container is the slot's key; From and To are references.
	Container, From, To string
	// Written is To as it stands in the template, which may lack the digest.
	Written string
}

// Image is the reference in the template after the change.
func (c Change) Image() string {
	if c.Written == "" {
		return c.To
	}
	return c.Written
}

// Rollout is a move that the updater made, until its outcome is known.
type Rollout struct {
	UID types.UID
	// Generation is that of the workload with the move. What the cache has of an
	// earlier one says nothing.
	Generation int64
	// Others is when another writer had written the spec last, as the managed fields of
	// the move's answer say it.
	Others string
	// Changes are the containers that are not at the version that was healthy last:
	// those of this move, and of unfinished ones before it.
	Changes []Change
	// Back is true for a move that takes another back.
	Back  bool
	Began time.Time
	// Before is how the workload was when the version before was healthy; nil where
	// that is not known.
	Before *Health

	// What follows is guarded by the Watcher.

	marks      marks
	progressed time.Time
	// healthy: its Pods were, once.
	healthy bool
	// resting: it waits for a person or a schedule, and no time counts.
	resting bool
	// inspected is when its Pods were looked at last.
	inspected time.Time
	// told: people know that it failed.
	told bool
}

// Terms are what the settings say of a rollout at this moment.
type Terms struct {
	// Timeout is how long it may make no step.
	Timeout time.Duration
	// Default is true where no setting names the Timeout: a controller that waits
	// longer is given that time.
	Default bool
	// TakeBack: it is taken back where it fails.
	TakeBack bool
	// Channels hear of it.
	Channels []string
}

// slowAfter is how long a rollout may make no step before it is slow, however long it may
// until it has failed.
const slowAfter = settings.DefaultHealthTimeout

// maxTimeout bounds what a controller's own deadline makes of the default timeout.
const maxTimeout = 24 * time.Hour

// TermsOf are the terms of a rule.
func TermsOf(rule *settings.Rule) Terms {
	return Terms{
		Timeout: rule.HealthTimeout, Default: rule.HealthTimeout == settings.DefaultHealthTimeout,
		TakeBack: rule.Rollback == settings.RollbackAuto, Channels: rule.Notify,
	}
}

// Terms are those of the containers that a rollout moved; ok is false if none of them is
// governed.
func (r *Rollout) Terms(o *workload.Object, read *settings.Settings) (terms Terms, ok bool) {
	for _, slot := range o.Slots() {
		if rule := read.Rule(slot); rule.Governed() && r.Moved(slot.Key()) {
			return TermsOf(&rule), true
		}
	}
	return terms, false
}

// Moved reports whether a rollout moved a container.
func (r *Rollout) Moved(container string) bool {
	return slices.ContainsFunc(r.Changes, func(c Change) bool { return c.Container == container })
}

func (t Terms) timeout(h Health) time.Duration {
	if !t.Default {
		return t.Timeout
	}
	return max(t.Timeout, min(h.Deadline, maxTimeout))
}

// marks are the highest counts of a rollout that were seen. Readiness comes and goes
// with a crash, so that each height of it counts once for a number of new Pods.
type marks struct{ updated, ready, available int64 }

// pass takes in new counts, and reports whether they are a step forward.
func (m *marks) pass(h Health) bool {
	switch {
	case !h.Observed:
		return false
	case h.Updated > m.updated:
		*m = marks{h.Updated, h.Ready, h.Available}
		return true
	case h.Updated < m.updated || h.Updated == 0:
		return false
	}
	forward := h.Ready > m.ready || h.Available > m.available
	m.ready, m.available = max(m.ready, h.Ready), max(m.available, h.Available)
	return forward
}

// step is what is to be done about a rollout.
type step int

const (
	// wait until a moment; rest without one; inspect the Pods.
	wait step = iota
	rest
	// linger until a moment: it is slow.
	linger
	inspect
	abandon
	succeed
	fail
	// finish without a word: it was healthy, and is.
	finish
)

// next takes in what the status says, and returns what is to be done, and when to look
// again.
func (r *Rollout) next(h Health, terms Terms, now time.Time) (step, time.Time) {
	if h.Phase == Failed && !h.FailedAt.IsZero() && h.FailedAt.Before(r.Began.Add(-time.Second)) {
		h.Phase = Rolling // that was the rollout before
	}
	switch {
	case h.Phase == Paused && !h.Resumes:
		return abandon, time.Time{}
	case h.Phase == Paused, h.Phase == Empty:
		r.resting = true
		return rest, time.Time{}
	case r.resting:
		r.resting, r.progressed = false, now
	}
	if r.marks.pass(h) {
		r.progressed = now
	}
	timeout := terms.timeout(h)
	ours := latest(r.Began, r.progressed).Add(timeout)
	deadline := latest(ours, h.progressed(now).Add(timeout))
	switch {
	case h.Phase == Failed && (!r.short() || h.FailedAt.IsZero()):
		return fail, now
	case h.Phase == Failed:
		return inspect, now
	case h.Phase == Healthy && !r.healthy:
		r.healthy = true
		return succeed, r.Began.Add(timeout)
	}
	if r.healthy {
		ours, deadline = r.Began.Add(timeout), r.Began.Add(timeout)
	}
	switch {
	case h.Phase == Healthy && !now.Before(deadline):
		return finish, now
	case !now.Before(deadline):
		return inspect, now
	case !now.Before(ours) && now.Sub(r.inspected) >= timeout:
		return inspect, now // the controller sees progress, which Pods that crash make, too
	case h.Phase == Partial:
		return rest, deadline
	case now.Before(ours):
		deadline = ours
	}
	if slow := latest(r.Began, r.progressed).Add(slowAfter); now.Before(slow) {
		return wait, earliest(slow, deadline)
	}
	return linger, deadline
}

// short reports whether the workload was short of Pods before the move.
func (r *Rollout) short() bool { return r.Before != nil && r.Before.Short() }

// judgement is what comes of the Pods of a rollout that is late.
type judgement struct {
	step step
	// why is a clause for people; kept says why it is not taken back.
	why, kept string
}

// judge decides about a rollout whose time is over, or whose controller has given up.
// crash is what its Pods say; unread is true where they could not be read.
func (r *Rollout) judge(h Health, terms Terms, crash string, unread bool, now time.Time) judgement {
	timeout := terms.timeout(h)
	r.inspected = now
	ours := latest(r.Began, r.progressed).Add(timeout)
	late := h.Phase == Failed || !now.Before(latest(ours, h.progressed(now).Add(timeout)))
	patient := unread && now.Sub(latest(r.Began, r.progressed)) < 2*timeout
	switch {
	case crash != "":
		return judgement{step: fail, why: crash}
	case patient && (r.healthy || r.short() || h.Phase == Partial):
		return judgement{step: wait}
	case r.healthy || h.Phase == Partial:
		return judgement{step: finish}
	case !late:
		return judgement{step: wait}
	case !h.Observed:
		return judgement{step: fail, why: lateness(h, timeout), kept: "its controller has not seen the move"}
	case !r.asBefore(h):
		return judgement{step: fail, why: lateness(h, timeout)}
	case h.Whole():
		return judgement{step: succeed, why: r.shortage(h)}
	default:
		return judgement{step: fail, why: lateness(h, timeout), kept: "it was short of Pods before the move, too: " + r.shortage(h)}
	}
}

func lateness(h Health, timeout time.Duration) string {
	if h.Phase == Failed {
		return h.Message
	}
	return fmt.Sprintf("not healthy within %s: %s", timeout, h.Message)
}

// asBefore reports whether a workload that was short of Pods has as many as it had.
func (r *Rollout) asBefore(h Health) bool {
	return r.short() && h.Available > 0 && h.Available >= r.Before.Available
}

func (r *Rollout) shortage(h Health) string {
	return fmt.Sprintf("%d of %d Pods are available, %d of %d were before", h.Available, h.Wanted, r.Before.Available, r.Before.Wanted)
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// progressed is when the controller saw the last step, if its clock can be believed:
// one that is far ahead would keep a rollout from ever being late.
func (h Health) progressed(now time.Time) time.Time {
	if h.Progressed.After(now.Add(time.Minute)) {
		return time.Time{}
	}
	return h.Progressed
}
