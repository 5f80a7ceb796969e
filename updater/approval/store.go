package approval

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/types"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/internal/voting"
)

// store has the updates and votes of the cluster, as the informers tell of them. What it
// hands out is shared with them, and only read.
type store struct {
	mu      sync.RWMutex
	updates map[types.NamespacedName]*v1alpha1.ImageUpdate
	// of are the updates of each workload.
	of map[types.UID]map[types.NamespacedName]bool
	// votes are those on each update, by their own names.
	votes map[types.NamespacedName]map[string]*v1alpha1.ImageUpdateVote
}

func newStore() *store {
	return &store{
		updates: map[types.NamespacedName]*v1alpha1.ImageUpdate{}, of: map[types.UID]map[types.NamespacedName]bool{},
		votes: map[types.NamespacedName]map[string]*v1alpha1.ImageUpdateVote{},
	}
}

// nameOf names an update.
func nameOf(u *v1alpha1.ImageUpdate) types.NamespacedName {
	return types.NamespacedName{Namespace: u.Namespace, Name: u.Name}
}

// updateOf names the update that a vote is on.
func updateOf(v *v1alpha1.ImageUpdateVote) types.NamespacedName {
	return types.NamespacedName{Namespace: v.Namespace, Name: v.Spec.Update}
}

func (s *store) put(u *v1alpha1.ImageUpdate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name, workload := nameOf(u), u.Spec.WorkloadRef.UID
	s.updates[name] = u
	if s.of[workload] == nil {
		s.of[workload] = map[types.NamespacedName]bool{}
	}
	s.of[workload][name] = true
}

// add puts an update in that has just been made, unless it is known.
func (s *store) add(u *v1alpha1.ImageUpdate) {
	if s.get(nameOf(u)) == nil {
		s.put(u)
	}
}

func (s *store) drop(u *v1alpha1.ImageUpdate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name, workload := nameOf(u), u.Spec.WorkloadRef.UID
	delete(s.updates, name)
	delete(s.of[workload], name)
	if len(s.of[workload]) == 0 {
		delete(s.of, workload)
	}
}

func (s *store) putVote(v *v1alpha1.ImageUpdateVote) {
	s.mu.Lock()
	defer s.mu.Unlock()
	on := updateOf(v)
	if s.votes[on] == nil {
		s.votes[on] = map[string]*v1alpha1.ImageUpdateVote{}
	}
	s.votes[on][v.Name] = v
}

func (s *store) dropVote(v *v1alpha1.ImageUpdateVote) {
	s.mu.Lock()
	defer s.mu.Unlock()
	on := updateOf(v)
	delete(s.votes[on], v.Name)
	if len(s.votes[on]) == 0 {
		delete(s.votes, on)
	}
}

// get returns an update; nil if there is none.
func (s *store) get(name types.NamespacedName) *v1alpha1.ImageUpdate {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.updates[name]
}

// votesOn returns the votes on an update, in no order.
func (s *store) votesOn(name types.NamespacedName) []v1alpha1.ImageUpdateVote {
	s.mu.RLock()
	defer s.mu.RUnlock()
	votes := make([]v1alpha1.ImageUpdateVote, 0, len(s.votes[name]))
	for _, v := range s.votes[name] {
		votes = append(votes, *v)
	}
	return votes
}

// ofWorkload returns the updates of a workload, by name.
func (s *store) ofWorkload(uid types.UID) []*v1alpha1.ImageUpdate {
	s.mu.RLock()
	defer s.mu.RUnlock()
	found := make([]*v1alpha1.ImageUpdate, 0, len(s.of[uid]))
	for name := range s.of[uid] {
		found = append(found, s.updates[name])
	}
	slices.SortFunc(found, func(a, b *v1alpha1.ImageUpdate) int { return strings.Compare(a.Name, b.Name) })
	return found
}

// all returns the names of all updates.
func (s *store) all() []types.NamespacedName {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Collect(maps.Keys(s.updates))
}

// votedOn returns the names of what there are votes on.
func (s *store) votedOn() []types.NamespacedName {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Collect(maps.Keys(s.votes))
}

// count counts the updates of each phase.
func (s *store) count() map[v1alpha1.Phase]int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	counts := map[v1alpha1.Phase]int{}
	for _, u := range s.updates {
		counts[voting.PhaseOf(u)]++
	}
	return counts
}
