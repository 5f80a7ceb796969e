package updater

import (
	"context"
	"sync"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/garboard-dev/garboard/internal/workload"
)

// Releases tells what the values of the Helm release of a workload in a
// namespace say. An error says why they could not be read; what is returned with
// it counts all the same: the values that were read last, or none.
type Releases interface {
	Of(ctx context.Context, namespace string, o *workload.Object) (workload.Release, error)
	// Follow tells of each release whose values may have changed, until the
	// context ends.
	Follow(ctx context.Context, changed func(namespace, release string)) error
}

// rereadEvery is how long a workload waits whose release could not be read.
const rereadEvery = time.Minute

// unread are the workloads whose releases could not be read, with their kinds.
type unread struct {
	mu   sync.Mutex
	keys map[objectKey]workload.Kind
}

func newUnread() *unread { return &unread{keys: map[objectKey]workload.Kind{}} }

func (u *unread) note(key objectKey, kind workload.Kind, failed bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if failed {
		u.keys[key] = kind
	} else {
		delete(u.keys, key)
	}
}

// take returns all of them and forgets them.
func (u *unread) take() map[objectKey]workload.Kind {
	u.mu.Lock()
	defer u.mu.Unlock()
	taken := u.keys
	u.keys = map[objectKey]workload.Kind{}
	return taken
}

// withRelease adds to a workload what its Helm release says.
func (u *Updater) withRelease(ctx context.Context, o *workload.Object) *workload.Object {
	if u.Releases == nil {
		return o
	}
	release, err := u.Releases.Of(ctx, o.Namespace(), o)
	key := newKey(o.Kind.GroupVersionKind, o.Namespace(), o.Name())
	u.unread.note(key, o.Kind, err != nil)
	if err != nil {
		log.FromContext(ctx).Info("reading a Helm release", "workload", o.Name(), "namespace", o.Namespace(), "failed", err.Error())
	}
	return o.WithRelease(release)
}

// followReleases notes anew what the workloads of a release want when its values
// change: no write of theirs need come with it.
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
			for key, kind := range u.unread.take() {
				o := empty(kind)
				if u.Cache.Get(ctx, key.NamespacedName, o) == nil { // else it is gone
					u.track(ctx, kind, o)
				}
			}
		case <-ctx.Done():
			return
		}
	}
}

// trackEach notes anew what the workloads of a namespace want that are wanted;
// nil wants all.
func (u *Updater) trackEach(ctx context.Context, namespace string, wanted func(*workload.Object) bool) {
	for _, kind := range u.followedKinds() {
		u.trackAll(ctx, kind, wanted, client.InNamespace(namespace))
	}
}
