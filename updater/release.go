package updater

import (
	"context"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/garboard-dev/garboard/internal/workload"
)

// rereadEvery is how long a workload waits whose release could not be read.
const rereadEvery = time.Minute

// followReleases tracks the workloads of a release again when its values change, which
// may come without a write to the workloads.
func (u *Updater) followReleases(ctx context.Context) {
	err := u.Releases.Follow(ctx, func(namespace, release string) {
		u.trackEach(ctx, namespace, func(o *workload.Object) bool {
			name, ok := o.HelmRelease(namespace)
			return ok && name == release
		})
	})
	if err != nil {
		log.FromContext(ctx).Error(err, "Helm releases are not read")
	}
}

// rereadReleases tries those again that could not be read.
func (u *Updater) rereadReleases(ctx context.Context) {
	tick := u.Clock.NewTicker(rereadEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C():
			for _, key := range u.workloads.TakeUnread() {
				if o := u.workloads.Get(ctx, key); o != nil {
					u.track(ctx, key, o)
				}
			}
		case <-ctx.Done():
			return
		}
	}
}

// trackEach tracks those workloads of a namespace again for which wanted is true; nil
// wanted means all.
func (u *Updater) trackEach(ctx context.Context, namespace string, wanted func(*workload.Object) bool) {
	for _, kind := range u.followedKinds() {
		u.trackAll(ctx, kind, wanted, client.InNamespace(namespace))
	}
}
