package approval

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/internal/voting"
)

const (
	// strayFor is how long a vote stays that is on no update: the update may be on its way.
	strayFor = 10 * time.Minute
	// sweptAtOnce bounds the votes that are deleted before another update is looked at.
	sweptAtOnce = 100
	// maxOwners is how many owners of a vote are looked at.
	maxOwners = 8
)

// stripVote leaves of a vote, in the cache, what counts: a voter may write much else.
func stripVote(object any) (any, error) {
	if v, ok := object.(*v1alpha1.ImageUpdateVote); ok {
		v.ManagedFields, v.Annotations, v.Labels = nil, nil, nil
		v.OwnerReferences = append(v.OwnerReferences[:0:0], v.OwnerReferences[:min(len(v.OwnerReferences), maxOwners)]...)
	}
	return object, nil
}

// sweep deletes votes that a voter cast beyond those that are kept.
func (s *Stage) sweep(ctx context.Context, u *v1alpha1.ImageUpdate) {
	s.sweepAway(ctx, nameOf(u), voting.Surplus(u, s.store.votesOn(nameOf(u))))
}

// sweepStray deletes the votes on an update that is not there.
func (s *Stage) sweepStray(ctx context.Context, name types.NamespacedName) {
	all := s.store.votesOn(name)
	var stray []*v1alpha1.ImageUpdateVote
	for i := range all {
		if s.Clock.Since(all[i].CreationTimestamp.Time) >= strayFor {
			stray = append(stray, &all[i])
		}
	}
	if len(stray) < len(all) {
		s.Queue.AddAfter(name, strayFor)
	}
	s.sweepAway(ctx, name, stray)
}

// sweepAway deletes votes on an update, and has it looked at again for those that are left.
func (s *Stage) sweepAway(ctx context.Context, name types.NamespacedName, surplus []*v1alpha1.ImageUpdateVote) {
	for i, vote := range surplus {
		if i == sweptAtOnce {
			s.Queue.AddAfter(name, time.Second)
			return
		}
		if err := s.deleteVote(ctx, vote); err != nil {
			log.FromContext(ctx).Info("deleting a vote that does not count failed", "vote", vote.Name, "namespace", vote.Namespace, "error", reasonOf(err))
			return
		}
	}
}

func (s *Stage) deleteVote(ctx context.Context, vote *v1alpha1.ImageUpdateVote) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
	defer cancel()
	if err := client.IgnoreNotFound(s.Client.Delete(ctx, vote.DeepCopy(), client.Preconditions{UID: &vote.UID})); err != nil {
		return fmt.Errorf("deleting vote %q: %w", vote.Name, err)
	}
	s.store.dropVote(vote)
	return nil
}
