package updater

import (
	"context"
	"slices"

	"github.com/garboard-dev/garboard/updater/watched"
)

// begin begins a piece of work on a repository, if it is ours: done has to be called
// at its end then.
func (u *Updater) begin(ctx context.Context, repository string) (work context.Context, done func(), ours bool) {
	if u.Ownership == nil {
		return ctx, func() {}, true
	}
	return u.Ownership.Begin(ctx, repository)
}

// beginAll begins the moves whose repositories are ours, and forgets the others:
// their owner finds them by itself.
func (u *Updater) beginAll(ctx context.Context, key watched.Key, moves []Move) (work context.Context, done func(), ours []Move) {
	ends := make([]func(), 0, len(moves))
	for _, m := range moves {
		next, end, ok := u.begin(ctx, m.Repository)
		if !ok {
			u.pending.done(key, m)
			continue
		}
		ctx = next //nolint:fatcontext // one for each repository of a workload
		ends, ours = append(ends, end), append(ours, m)
	}
	return ctx, func() {
		for _, end := range ends {
			end()
		}
	}, ours
}

// unplan takes a repository out of the plan that is another updater's. It comes back
// when it is ours.
func (u *Updater) unplan(repository string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.pushed, repository)
	delete(u.ripe, repository)
	delete(u.due, repository)
	delete(u.failures, repository)
	delete(u.polled, repository)
	delete(u.busy, repository)
	delete(u.left, repository)
}

// followOwnership takes up what becomes ours, and leaves what is not any more.
func (u *Updater) followOwnership(ctx context.Context) {
	ours := map[string]bool{}
	for {
		u.handOver(ctx, ours)
		select {
		case <-u.Ownership.Changed():
			u.pushedBefore()
			u.catchUp()
		case <-ctx.Done():
			return
		}
	}
}

// handOver brings the repositories that were ours up to date. Of those that are new
// the rollouts are watched again that the former owner began, as by a new leader; the
// polls are planned as after a start.
func (u *Updater) handOver(ctx context.Context, ours map[string]bool) {
	for _, repository := range u.tracker.repositories() {
		switch now := u.Ownership.Owns(repository); {
		case now && !ours[repository]:
			ours[repository] = true
			u.observe(repository)
			for _, key := range u.tracker.usersOf(repository) {
				if u.watcher.Of(key) == nil {
					u.resume(ctx, key)
				}
			}
		case !now && ours[repository]:
			delete(ours, repository)
			u.unplan(repository)
			for _, key := range u.tracker.usersOf(repository) {
				u.giveUp(key)
			}
		}
	}
}

// giveUp leaves a workload's moves and rollout to the next owner, unless it uses
// another repository that is ours.
func (u *Updater) giveUp(key watched.Key) {
	if u.concerns(key) {
		return
	}
	u.pending.forget(key)
	u.watcher.Forget(key)
	u.places.forget(key)
	u.pace.leave(key)
	u.pace.quit(key)
	u.report.Leave(key)
}

// concerns reports whether a workload uses a repository that is ours.
func (u *Updater) concerns(key watched.Key) bool {
	return u.Ownership == nil || slices.ContainsFunc(u.tracker.repositoriesOf(key), u.Ownership.Owns)
}
