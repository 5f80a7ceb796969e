package updater

import (
	"k8s.io/apimachinery/pkg/types"

	"github.com/garboard-dev/garboard/updater/approval"
	"github.com/garboard-dev/garboard/updater/move"
	"github.com/garboard-dev/garboard/updater/queue"
	"github.com/garboard-dev/garboard/updater/watched"
)

// stageOfApprovals makes the stage that judges by votes; nil where nothing is said of
// them.
func (u *Updater) stageOfApprovals() move.Approvals {
	if u.VotesEnforced == nil {
		return nil
	}
	history := u.UpdateHistory
	if history == 0 {
		history = approval.DefaultHistory
	}
	u.approvals = approval.New(approval.Options{
		Informers: u.Cache, Client: u.Client, Live: u.Live, Workloads: u.workloads, Report: u.report, Enforced: u.VotesEnforced,
		Owns: u.Ownership.Owns, Retry: u.tryApproved, Clock: u.Clock, History: history,
		Queue: queue.New(u.Clock, func(name types.NamespacedName) string { return name.Namespace }, u.Metrics.DepthOf("approvals")),
	})
	return u.approvals
}

// tryApproved tries the moves of a workload that people have approved. This replica may
// not know of them yet.
func (u *Updater) tryApproved(key watched.Key, repository string) {
	if !u.mover.TryNow(key) {
		u.poller.Repoll(repository)
	}
}

// reviewApprovals has the updates of a workload looked at: it may run something else by
// now, or ask for something else.
func (u *Updater) reviewApprovals(workload types.UID) {
	if u.approvals != nil {
		u.approvals.Changed(workload)
	}
}
