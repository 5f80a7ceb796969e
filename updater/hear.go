package updater

import (
	"context"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/garboard-dev/garboard/updater/report"
	"github.com/garboard-dev/garboard/updater/rollout"
	"github.com/garboard-dev/garboard/updater/watched"
)

// owner is what the watcher of rollouts knows of the updater.
type owner struct{ *Updater }

// Workload implements rollout.Owner.
func (u owner) Workload(ctx context.Context, key watched.Key) *unstructured.Unstructured {
	return u.workloads.Get(ctx, key)
}

// Terms implements rollout.Owner.
func (u owner) Terms(ctx context.Context, o *unstructured.Unstructured, r *rollout.Rollout) (terms rollout.Terms, ok bool) {
	w, ok := u.workloads.Govern(ctx, o)
	if !ok {
		return terms, false
	}
	return r.Terms(w.Object, w.Settings)
}

// Hear implements rollout.Owner.
func (u owner) Hear(ctx context.Context, key watched.Key, heard rollout.Report) {
	if heard.Outcome == rollout.Slow {
		u.mover.Slowed(key, heard.Rollout)
		return
	}
	u.mover.Ended(key, heard.Rollout)
	if now := u.watcher.Of(key); now != nil && now != heard.Rollout {
		return // another move has begun since
	}
	defer u.reviewApprovals(heard.Rollout.UID)
	switch heard.Outcome {
	case rollout.Settled:
		hasPods := rollout.Read(heard.Workload).Phase != rollout.Empty
		u.report.Settled(key, heard.Rollout.Changes, heard.Why, hasPods)
	case rollout.Succeeded:
		u.succeeded(key, heard)
	case rollout.Failing:
		u.report.Failed(ctx, aboutOf(key, heard), heard.Rollout.Changes, heard.Why)
	case rollout.Finished:
		u.report.Learn(key)
	case rollout.Abandoned:
		u.report.Abandoned(key)
	}
}

func (u *Updater) succeeded(key watched.Key, heard rollout.Report) {
	r := heard.Rollout
	silent := r.Back || key.GVK().Kind == "CronJob" // which rolls nothing
	u.report.Succeeded(aboutOf(key, heard), r, heard.Why, silent)
	u.mover.TryRest(key)
}

func aboutOf(key watched.Key, heard rollout.Report) report.About {
	return report.About{Key: key, Object: heard.Workload, Channels: heard.Terms.Channels}
}

// TakeBack implements rollout.Owner.
func (u owner) TakeBack(ctx context.Context, key watched.Key, r *rollout.Rollout) (done bool) {
	return u.mover.TakeBack(ctx, key, r)
}
