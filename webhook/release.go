package webhook

import (
	"context"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/garboard-dev/garboard/internal/cluster"
)

// Releases tells what the Helm release of a workload says.
type Releases = cluster.Releases

// readRelease puts into the input what the workload's Helm release says, and
// returns a warning where that could not be read; it never stands in the way of
// a write. What is stored is judged by the same values if it is of the same
// release. Where none are known, what was governed is not taken for left alone.
func readRelease(ctx context.Context, releases Releases, in *Input) (warning string) {
	if releases == nil {
		return ""
	}
	name, ok := in.Object.HelmRelease(in.Namespace.Name)
	if !ok {
		return ""
	}
	if busy(ctx) { // what is known already, and no request
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, time.Time{})
		defer cancel()
	}
	release, err := releases.Of(ctx, in.Namespace.Name, in.Object)
	if err != nil {
		log.FromContext(ctx).Info("Helm release could not be read", "release", name, "namespace", in.Namespace.Name, "error", err.Error())
		warning, in.Unread = err.Error(), release.Weight() == 0
	}
	in.Object = in.Object.WithRelease(release)
	if in.Stored != nil {
		if before, ok := in.Stored.HelmRelease(in.Namespace.Name); ok && before == name {
			in.Stored = in.Stored.WithRelease(release)
		}
	}
	return warning
}
