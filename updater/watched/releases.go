package watched

import (
	"context"
	"maps"
	"slices"
	"sync"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/garboard-dev/garboard/internal/cluster"
	"github.com/garboard-dev/garboard/internal/workload"
)

// Releases tells what the values of the Helm release of a workload in a
// namespace say. An error says why they could not be read; what is returned with
// it counts all the same: the values that were read last, or none.
type Releases interface {
	cluster.Releases
	// Follow tells of each release whose values may have changed, until the
	// context ends.
	Follow(ctx context.Context, changed func(namespace, release string)) error
}

// unread are the workloads whose releases could not be read.
type unread struct {
	mu   sync.Mutex
	keys map[Key]bool
}

func (u *unread) note(key Key, failed bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if !failed {
		delete(u.keys, key)
		return
	}
	if u.keys == nil {
		u.keys = map[Key]bool{}
	}
	u.keys[key] = true
}

// TakeUnread returns the workloads whose releases could not be read, and forgets them.
func (r *Reader) TakeUnread() []Key {
	r.unread.mu.Lock()
	defer r.unread.mu.Unlock()
	taken := slices.Collect(maps.Keys(r.unread.keys))
	r.unread.keys = nil
	return taken
}

// withRelease adds to a workload what its Helm release says.
func (r *Reader) withRelease(ctx context.Context, o *workload.Object) *workload.Object {
	if r.Releases == nil {
		return o
	}
	release, err := r.Releases.Of(ctx, o.Namespace(), o)
	r.unread.note(NewKey(o.Kind.GroupVersionKind, o.Namespace(), o.Name()), err != nil)
	if err != nil {
		log.FromContext(ctx).Info("Helm release could not be read", "workload", o.Name(), "namespace", o.Namespace(), "error", err.Error())
	}
	return o.WithRelease(release)
}
