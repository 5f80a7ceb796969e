package poll

import (
	"context"
	"fmt"
	"time"
)

// Work polls the next repository that is due. It returns false at the end.
func (p *Poller) Work(ctx context.Context) bool {
	repository, shutdown := p.Queue.Get()
	if shutdown {
		return false
	}
	if !p.tracker.used(repository) {
		p.drop(repository)
		p.Queue.Done(repository)
		return true
	}
	now := p.Clock.Now()
	if due, known := p.Due(repository); known && now.Before(due) && !p.isDueEarly(repository, now) {
		p.Queue.AddAfter(repository, due.Sub(now)) // its schedule became longer
		p.Queue.Done(repository)
		return true
	}
	owned, done, ours := p.Ownership.Begin(ctx, repository)
	if !ours {
		p.Unplan(repository)
		p.Queue.Done(repository)
		return true
	}
	end := func() {
		done()
		p.Queue.Done(repository)
	}
	placed := p.run(owned, repository, func(ctx context.Context) {
		defer end()
		if due, known := p.Due(repository); known {
			p.Report.PollBegan(now.Sub(due))
		}
		p.schedule(repository, p.Poll(ctx, repository))
	})
	if !placed {
		p.Queue.AddAfter(repository, putBack)
		end()
	}
	return ctx.Err() == nil
}

// plan is what is known of the polls of one repository. A zero time is none.
type plan struct {
	// due is when it is polled next by the schedules of its users, polled when it was
	// last.
	due, polled time.Time
	// failures is how often it failed in a row.
	failures int
	// pushed is when the first notification came in that no poll has followed.
	pushed time.Time
	// at is a moment at which all users of the repository are to be looked at, whatever
	// their schedules are: an image is old enough then, or a failed poll is repeated.
	at time.Time
	// step is when the poll that goes on made its last step.
	step time.Time
	// left is what a poll that took too long has not looked at.
	left rest
}

// planOf returns the plan of a repository; the caller holds the lock.
func (p *Poller) planOf(repository string) *plan {
	of := p.plans[repository]
	if of == nil {
		of = &plan{}
		p.plans[repository] = of
	}
	return of
}

// keptFor is how long the plan of a repository is kept that no workload uses any more: for as
// long as it keeps the next poll back.
func (p *Poller) keptFor(repository string) time.Duration {
	if p.Minimum == nil {
		return maxBackoff
	}
	return max(maxBackoff, p.Minimum(repository))
}

// drop forgets all that is known of a repository. A poll of it does not go on.
func (p *Poller) drop(repository string) {
	p.slow.note(repository, false)
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.plans, repository)
}

// mark notes that a poll makes a step.
func (p *Poller) mark(repository string, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.planOf(repository).step = at
}

// Healthy is an error while a poll makes no step for much longer than one may
// take: the process then should be started anew.
func (p *Poller) Healthy() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for repository, of := range p.plans {
		if !of.step.IsZero() && p.Clock.Since(of.step) > stuck {
			return fmt.Errorf("polling %q: no step since %s", repository, of.step.UTC().Format(time.RFC3339))
		}
	}
	return nil
}

// Observe takes a repository that a workload uses into the plan.
func (p *Poller) Observe(repository string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now, of := p.Clock.Now(), p.planOf(repository)
	// A workload changes all the time while its Pods do: that must not bring a
	// failing registry's turn forward.
	if of.failures > 0 {
		return
	}
	due, ok := p.tracker.next(repository, now, of.due.IsZero())
	due = latestOf(due, p.earliest(repository, of))
	if !ok || !of.due.IsZero() && !due.Before(of.due) {
		return
	}
	of.due = due
	p.Queue.AddAfter(repository, due.Sub(now))
}

// schedule plans the next poll after one that ended with err.
func (p *Poller) schedule(repository string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now, of := p.Clock.Now(), p.planOf(repository)
	due, ok := p.tracker.next(repository, now, false)
	if !of.at.IsZero() && (!ok || of.at.Before(due)) {
		due, ok = of.at, true
	}
	of.step = time.Time{}
	if !ok {
		if delete(p.plans, repository); !of.pushed.IsZero() { // it came in meanwhile
			p.plans[repository] = &plan{pushed: of.pushed}
		}
		return
	}
	of.polled = now
	due = latestOf(due, p.earliest(repository, of))
	if err != nil {
		of.failures++
		due = latestOf(p.earliest(repository, of), now.Add(backoff(repository, of.failures, retryAfter(err))))
	} else {
		of.failures = 0
	}
	of.due = due
	p.Queue.AddAfter(repository, due.Sub(now))
}

// Unplan takes a repository out of the plan that is another updater's. It comes back
// when it is ours.
func (p *Poller) Unplan(repository string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.plans, repository)
	p.tracker.unsettle(repository)
}

// Repoll has a repository polled at once.
func (p *Poller) Repoll(repository string) {
	p.pollAt(repository, p.Clock.Now())
	p.Queue.Add(repository)
}

// RepollAt has a repository polled at a moment.
func (p *Poller) RepollAt(repository string, at time.Time) {
	p.pollAt(repository, at)
	p.Queue.AddAfter(repository, at.Sub(p.Clock.Now()))
}

// pollAt has a repository polled at a moment, for all of its users. The poll that goes on
// plans it; the zero time is none.
func (p *Poller) pollAt(repository string, at time.Time) {
	if at.IsZero() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if of := p.planOf(repository); of.at.IsZero() || at.Before(of.at) {
		of.at = at
	}
}

// takePollAt reports whether the moment has come that pollAt named, and forgets it then.
func (p *Poller) takePollAt(repository string, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	of := p.plans[repository]
	if of == nil || of.at.IsZero() || of.at.After(now) {
		return false
	}
	of.at = time.Time{}
	return true
}

// isDueEarly reports whether a repository is to be polled before its turn.
func (p *Poller) isDueEarly(repository string, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	of := p.plans[repository]
	return of != nil && (!of.pushed.IsZero() || !of.at.IsZero() && !of.at.After(now))
}

// earliest is when the registry's settings let a repository be polled again. The
// caller holds the lock.
func (p *Poller) earliest(repository string, of *plan) time.Time {
	if of.polled.IsZero() || p.Minimum == nil {
		return time.Time{}
	}
	return of.polled.Add(p.Minimum(repository))
}

// Due returns when a repository is polled next; false if that is not known.
func (p *Poller) Due(repository string) (time.Time, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if of := p.plans[repository]; of != nil && !of.due.IsZero() {
		return of.due, true
	}
	return time.Time{}, false
}

// takeRest returns what the last poll of a repository has left, and forgets it.
func (p *Poller) takeRest(repository string) (left rest) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if of := p.plans[repository]; of != nil {
		left, of.left = of.left, rest{}
	}
	return left
}

// leaveRest notes what a poll leaves to the next one.
func (p *Poller) leaveRest(repository string, left rest) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.planOf(repository).left = left
}

// backoff doubles from five seconds with each failure in a row, and never
// comes before the registry wants to be asked again. The repositories of a
// registry that failed together come back one by one.
func backoff(repository string, failures int, after time.Duration) time.Duration {
	wait := maxBackoff
	if failures < 9 {
		wait = min(maxBackoff, 5*time.Second<<(failures-1))
	}
	wait -= shareOf(repository, wait/4)
	if after > 0 {
		return max(wait, after+shareOf(repository, min(after/10, maxJitter)))
	}
	return wait
}

func latestOf(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
