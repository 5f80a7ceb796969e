package updater

import (
	"context"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/updater/watched"
)

// lookAgain is how often the API server is asked for a custom kind that it does
// not serve: a request that costs next to nothing, for what may be installed at
// any time.
const lookAgain = 10 * time.Second

// followCustom follows a custom kind from when the API server serves it. No
// other kind waits for it: neither its CRD nor the right to read it has to be
// there. It returns once the kind is known, or at the context's end.
func (u *Updater) followCustom(ctx context.Context, kind workload.Kind) {
	logger := log.FromContext(ctx).WithValues("kind", kind.GroupKind().String(), "version", kind.Version)
	hasSynced, ok := u.awaitServed(log.IntoContext(ctx, logger), kind)
	if !ok || !toolscache.WaitForCacheSync(ctx.Done(), hasSynced) {
		return
	}
	u.markFollowed(kind)
	// A namespace may have changed since its workloads were tracked.
	u.trackAll(ctx, kind, nil)
	u.poller.CatchUp()
	u.resumeAll(ctx, func(key watched.Key) bool { return key.GVK() == kind.GroupVersionKind && u.concerns(key) })
	logger.Info("following a custom kind")
}

// awaitServed starts the informer of a kind as soon as that can be done. It
// says once why it cannot.
func (u *Updater) awaitServed(ctx context.Context, kind workload.Kind) (hasSynced toolscache.InformerSynced, ok bool) {
	logger := log.FromContext(ctx)
	ticker := u.Clock.NewTicker(lookAgain)
	defer ticker.Stop()
	told := false
	for {
		hasSynced, err := u.follow(ctx, kind, cache.BlockUntilSynced(false))
		switch {
		case err == nil:
			return hasSynced, true
		case !meta.IsNoMatchError(err):
			logger.Error(err, "looking for a custom kind", "again", lookAgain.String())
		case !told:
			told = true
			logger.Info("a custom kind is not served: its workloads are followed once its CRD is installed", "again", lookAgain.String())
		}
		select {
		case <-ticker.C():
		case <-ctx.Done():
			return nil, false
		}
	}
}

func (u *Updater) markFollowed(kind workload.Kind) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.followed = append(u.followed, kind)
}

// followedKinds returns the kinds whose workloads are all known.
func (u *Updater) followedKinds() []workload.Kind {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.Clone(u.followed)
}
