package updater

import (
	"context"
	"fmt"
	"time"
)

// work polls the next repository that is due. It returns false at the end.
func (u *Updater) work(ctx context.Context) bool {
	repository, shutdown := u.polls.Get()
	if shutdown {
		return false
	}
	now := u.Clock.Now()
	if due, known := u.dueAt(repository); known && now.Before(due) && !u.isCalled(repository, now) {
		u.polls.AddAfter(repository, due.Sub(now)) // its schedule became longer
		u.polls.Done(repository)
		return true
	}
	owned, done, ours := u.Ownership.Begin(ctx, repository)
	if !ours {
		u.unplan(repository)
		u.polls.Done(repository)
		return true
	}
	end := func() {
		done()
		u.polls.Done(repository)
	}
	placed := u.run(owned, repository, func(ctx context.Context) {
		defer end()
		if due, known := u.dueAt(repository); known {
			u.report.PollBegan(now.Sub(due))
		}
		u.schedule(repository, u.poll(ctx, repository))
	})
	if !placed {
		u.polls.AddAfter(repository, putBack)
		end()
	}
	return ctx.Err() == nil
}

// catchUp has those repositories polled once that registries tell of, and that
// nobody may poll else: what came in before this replica led, or owned them, and
// waited for a gate is not known to it.
func (u *Updater) catchUp() {
	now := u.Clock.Now()
	for _, repository := range u.tracker.pushOnly() {
		if !u.Ownership.Owns(repository) {
			continue
		}
		wait := share(repository, catchUpWithin)
		u.ripens(repository, now.Add(wait))
		u.polls.AddAfter(repository, wait)
	}
}

// catchUpWithin is how long it takes, so that a start asks no registry for
// everything at once.
const catchUpWithin = time.Minute

// mark notes that a poll goes on.
func (u *Updater) mark(repository string, since time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.busy[repository] = since
}

// Healthy is an error while a poll makes no step for much longer than one may
// take: the process then should be started anew.
func (u *Updater) Healthy() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	for repository, since := range u.busy {
		if u.Clock.Since(since) > stuck {
			return fmt.Errorf("polling %q: no step since %s", repository, since.UTC().Format(time.RFC3339))
		}
	}
	return nil
}

// observe takes a repository that a workload uses into the plan.
func (u *Updater) observe(repository string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	now := u.Clock.Now()
	// A workload changes all the time while its Pods do: that must not bring a
	// failing registry's turn forward.
	if u.failures[repository] > 0 {
		return
	}
	planned, known := u.due[repository]
	due, ok := u.tracker.next(repository, now, !known)
	due = latest(due, u.earliest(repository))
	if !ok || known && !due.Before(planned) {
		return
	}
	u.due[repository] = due
	u.polls.AddAfter(repository, due.Sub(now))
}

// schedule plans the next poll after one that ended with err.
func (u *Updater) schedule(repository string, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	now := u.Clock.Now()
	due, ok := u.tracker.next(repository, now, false)
	if ripe, waits := u.ripe[repository]; waits && (!ok || ripe.Before(due)) {
		due, ok = ripe, true
	}
	delete(u.busy, repository)
	if !ok {
		delete(u.due, repository)
		delete(u.failures, repository)
		delete(u.polled, repository)
		delete(u.left, repository)
		return
	}
	u.polled[repository] = now
	due = latest(due, u.earliest(repository))
	if err != nil {
		u.failures[repository]++
		due = latest(u.earliest(repository), now.Add(backoff(repository, u.failures[repository], retryAfter(err))))
	} else {
		delete(u.failures, repository)
	}
	u.due[repository] = due
	u.polls.AddAfter(repository, due.Sub(now))
}

// ripens has a repository polled when an image in it is old enough. The poll that
// is going on plans it.
func (u *Updater) ripens(repository string, at time.Time) {
	if at.IsZero() {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if ripe, known := u.ripe[repository]; !known || at.Before(ripe) {
		u.ripe[repository] = at
	}
}

// repoll has a repository polled at once.
func (u *Updater) repoll(repository string) {
	u.ripens(repository, u.Clock.Now())
	u.polls.Add(repository)
}

// takeRipe reports whether a repository is polled since an image is old enough.
func (u *Updater) takeRipe(repository string, now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	ripe, waits := u.ripe[repository]
	if !waits || ripe.After(now) {
		return false
	}
	delete(u.ripe, repository)
	return true
}

// earliest is when the registry's settings let a repository be polled again. The
// caller holds the lock.
func (u *Updater) earliest(repository string) time.Time {
	last, ok := u.polled[repository]
	if !ok || u.PollMinimum == nil {
		return time.Time{}
	}
	return last.Add(u.PollMinimum(repository))
}

func (u *Updater) dueAt(repository string) (time.Time, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	due, known := u.due[repository]
	return due, known
}

// backoff doubles from five seconds with each failure in a row, and never
// comes before the registry wants to be asked again. The repositories of a
// registry that failed together come back one by one.
func backoff(repository string, failures int, after time.Duration) time.Duration {
	wait := maxBackoff
	if failures < 9 {
		wait = min(maxBackoff, 5*time.Second<<(failures-1))
	}
	wait -= share(repository, wait/4)
	if after > 0 {
		return max(wait, after+share(repository, min(after/10, maxJitter)))
	}
	return wait
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
