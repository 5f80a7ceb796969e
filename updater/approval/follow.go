package approval

import (
	"context"
	"fmt"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/updater/watched"
)

// pruneEvery is how often all updates are looked at for their age.
const pruneEvery = time.Hour

// ByObject is what the manager's cache keeps of updates and votes.
func ByObject() map[client.Object]cache.ByObject {
	return map[client.Object]cache.ByObject{
		&v1alpha1.ImageUpdate{}:     {Transform: cache.TransformStripManagedFields()},
		&v1alpha1.ImageUpdateVote{}: {Transform: stripVote},
	}
}

// Run follows updates and votes from when the API server serves them, and keeps their
// status, until ShutDown.
func (s *Stage) Run(ctx context.Context) {
	var all sync.WaitGroup
	all.Go(func() { s.follow(ctx) })
	for range workers {
		all.Go(func() {
			for s.Work(ctx) {
			}
		})
	}
	all.Wait()
}

// follow starts the informers as soon as that can be done, and prunes once in a while.
func (s *Stage) follow(ctx context.Context) {
	if !s.await(ctx) {
		return
	}
	s.setMissing("")
	s.Recheck()
	for _, name := range s.store.votedOn() { // some of which may not be there
		s.Queue.Add(name)
	}
	for _, name := range s.store.all() {
		if u := s.store.get(name); u != nil {
			s.retry(u)
		}
	}
	ticker := s.Clock.NewTicker(pruneEvery)
	defer ticker.Stop()
	for {
		// Since when votes are protected is noted before there are any.
		_, _ = s.enforced(ctx)
		select {
		case <-ticker.C():
			s.pruneAll(ctx)
		case <-ctx.Done():
			return
		}
	}
}

func (s *Stage) pruneAll(ctx context.Context) {
	done := map[types.UID]bool{}
	for _, name := range s.store.all() {
		if u := s.store.get(name); u != nil && !done[u.Spec.WorkloadRef.UID] {
			done[u.Spec.WorkloadRef.UID] = true
			s.prune(ctx, u.Spec.WorkloadRef.UID)
		}
	}
}

// await waits until updates and votes are served and known: no workload without the
// setting waits for that.
func (s *Stage) await(ctx context.Context) bool {
	ticker := s.Clock.NewTicker(lookAgain)
	defer ticker.Stop()
	for {
		synced, err := s.start(ctx)
		switch {
		case err == nil:
			return toolscache.WaitForCacheSync(ctx.Done(), synced...)
		case meta.IsNoMatchError(err):
			s.setMissing("the CRD of ImageUpdates is not installed")
		default:
			s.setMissing("the updates that wait for approval cannot be read")
			log.FromContext(ctx).Error(err, "following updates", "again", lookAgain.String())
		}
		select {
		case <-ticker.C():
		case <-ctx.Done():
			return false
		}
	}
}

func (s *Stage) start(ctx context.Context) ([]toolscache.InformerSynced, error) {
	updates, err := s.Informers.GetInformer(ctx, &v1alpha1.ImageUpdate{}, cache.BlockUntilSynced(false))
	if err != nil {
		return nil, fmt.Errorf("watching updates: %w", err)
	}
	ballots, err := s.Informers.GetInformer(ctx, &v1alpha1.ImageUpdateVote{}, cache.BlockUntilSynced(false))
	if err != nil {
		return nil, fmt.Errorf("watching votes: %w", err)
	}
	followed, err := updates.AddEventHandler(s.updates())
	if err != nil {
		return nil, fmt.Errorf("watching updates: %w", err)
	}
	counted, err := ballots.AddEventHandler(s.ballots())
	if err != nil {
		return nil, fmt.Errorf("watching votes: %w", err)
	}
	return []toolscache.InformerSynced{followed.HasSynced, counted.HasSynced}, nil
}

// updates takes in what becomes of updates.
func (s *Stage) updates() toolscache.ResourceEventHandler {
	return toolscache.ResourceEventHandlerFuncs{
		AddFunc: func(object any) {
			if u, ok := object.(*v1alpha1.ImageUpdate); ok {
				s.put(u)
			}
		},
		UpdateFunc: func(before, after any) {
			was, okWas := before.(*v1alpha1.ImageUpdate)
			u, ok := after.(*v1alpha1.ImageUpdate)
			if okWas && ok && was.UID != u.UID { // deleted and created anew while the watch was broken
				s.store.drop(was)
			}
			if ok {
				s.put(u)
			}
		},
		DeleteFunc: func(object any) {
			if u, ok := last(object).(*v1alpha1.ImageUpdate); ok {
				s.dropUpdate(u)
			}
		},
	}
}

// put takes in an update. One that has been approved has its workload tried, and again once
// it need not wait for the stage before.
func (s *Stage) put(u *v1alpha1.ImageUpdate) {
	before := s.store.get(nameOf(u))
	s.store.put(u)
	s.Queue.Add(nameOf(u))
	if before == nil || before.UID != u.UID || before.Status.Phase != v1alpha1.PhaseApproved ||
		goesNow(&u.Status, u.Spec.VotesRequired) && !goesNow(&before.Status, u.Spec.VotesRequired) {
		s.retry(u)
	}
}

// retry has the workload of an update tried that is approved.
func (s *Stage) retry(u *v1alpha1.ImageUpdate) {
	if u.Status.Phase == v1alpha1.PhaseApproved && hasOwnName(u) && s.why() == "" && s.Owns(u.Spec.Repository) {
		ref := u.Spec.WorkloadRef
		s.Retry(watched.NewKey(schema.FromAPIVersionAndKind(ref.APIVersion, ref.Kind), u.Namespace, ref.Name), u.Spec.Repository)
	}
}

// dropUpdate forgets an update, unless another one of its name has come since.
func (s *Stage) dropUpdate(u *v1alpha1.ImageUpdate) {
	if now := s.store.get(nameOf(u)); now != nil && now.UID == u.UID {
		s.store.drop(now)
	}
}

// ballots takes in votes.
func (s *Stage) ballots() toolscache.ResourceEventHandler {
	put := func(object any) {
		if v, ok := object.(*v1alpha1.ImageUpdateVote); ok {
			s.store.putVote(v)
			s.voted.Store(true)
			s.Queue.Add(updateOf(v))
		}
	}
	drop := func(object any) {
		if v, ok := object.(*v1alpha1.ImageUpdateVote); ok {
			s.store.dropVote(v)
			s.Queue.Add(updateOf(v))
		}
	}
	return toolscache.ResourceEventHandlerFuncs{
		AddFunc: put,
		UpdateFunc: func(before, after any) {
			was, okWas := before.(*v1alpha1.ImageUpdateVote)
			v, ok := after.(*v1alpha1.ImageUpdateVote)
			if okWas && ok && updateOf(was) != updateOf(v) { // withdrawn, and cast on another one, while the watch was broken
				drop(was)
			}
			put(after)
		},
		DeleteFunc: func(object any) { drop(last(object)) },
	}
}

// last is the last known state of what was deleted.
func last(object any) any {
	if gone, ok := object.(toolscache.DeletedFinalStateUnknown); ok {
		return gone.Obj
	}
	return object
}
