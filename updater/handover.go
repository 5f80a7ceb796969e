package updater

import (
	"context"
	"slices"

	"github.com/garboard-dev/garboard/updater/watched"
)

// followOwnership takes up what becomes ours, and leaves what is not any more.
func (u *Updater) followOwnership(ctx context.Context) {
	ours := map[string]bool{}
	for {
		u.handOver(ctx, ours)
		if u.approvals != nil {
			u.approvals.Recheck()
		}
		select {
		case <-u.Ownership.Changed():
			u.poller.CatchUp()
		case <-ctx.Done():
			return
		}
	}
}

// handOver brings the repositories that were ours up to date. Of those that are new
// the rollouts are watched again that the former owner began, as by a new leader; the
// polls are planned as after a start. A poll that was refused since the last time, while
// it was not sure what is ours, has taken its repository out of the plan: it is put back.
func (u *Updater) handOver(ctx context.Context, ours map[string]bool) {
	for _, repository := range u.poller.Repositories() {
		switch now := u.Ownership.Owns(repository); {
		case now && !ours[repository]:
			ours[repository] = true
			u.poller.Observe(repository)
			for _, key := range u.poller.UsersOf(repository) {
				if u.watcher.Of(key) == nil {
					u.resume(ctx, key)
				}
			}
		case now:
			u.poller.Observe(repository)
		case ours[repository]:
			delete(ours, repository)
			u.poller.Unplan(repository)
			for _, key := range u.poller.UsersOf(repository) {
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
	u.watcher.Forget(key)
	u.mover.GiveUp(key)
	u.report.Leave(key)
}

// concerns reports whether a workload uses a repository that is ours.
func (u *Updater) concerns(key watched.Key) bool {
	return slices.ContainsFunc(u.poller.RepositoriesOf(key), u.Ownership.Owns)
}
