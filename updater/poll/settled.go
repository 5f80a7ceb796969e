package poll

import (
	"slices"
	"time"

	"github.com/garboard-dev/garboard/updater/watched"
)

// settledFor is how long an evaluation may stand for those of the next polls. What those
// would see beside the list and the workload, other credentials and nodes, they see then.
const settledFor = 5 * time.Minute

// settled is an evaluation of a workload whose answers need nothing but the list of the
// repository. While that stays the same, and so does the workload, so do they.
type settled struct {
	// list is the number of the list.
	list uint64
	at   time.Time
	// moves: something newer was found.
	moves bool
}

// basis is what a poll has read anew: a list, by its number, for a group of credentials.
type basis struct {
	group string
	list  uint64
}

// userOf returns a workload as it uses a repository now; nil where it does not.
func (t *tracker) userOf(repository string, key watched.Key) *user {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.users[repository][key]
}

// settle notes what the evaluation of a workload in a round was made of. Any event of the
// workload, its namespace or its Helm release has it forgotten, as set makes a new user: of
// one that came since the user was looked up, before the workload was read, nothing is noted.
func (t *tracker) settle(repository string, key watched.Key, was *user, s settled) basis {
	t.mu.Lock()
	defer t.mu.Unlock()
	of := t.users[repository][key]
	if of == nil || of != was {
		return basis{}
	}
	of.settled = s
	return basis{of.group, s.list}
}

// settledOf returns what the last evaluation of a workload was made of, and the group whose
// list it was.
func (t *tracker) settledOf(repository string, key watched.Key) (settled, basis) {
	t.mu.Lock()
	defer t.mu.Unlock()
	of := t.users[repository][key]
	if of == nil {
		return settled{}, basis{}
	}
	return of.settled, basis{of.group, of.settled.list}
}

// unsettle has all workloads of a repository evaluated by the next poll.
func (t *tracker) unsettle(repository string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, of := range t.users[repository] {
		of.settled = settled{}
	}
}

// stands reports whether the last evaluation of a workload holds in a round, since another
// workload of the same credentials has read the same list in it. Something newer is looked
// at again unless the workload is in line for its move: it has to be tried.
func (p *Poller) stands(r *round, key watched.Key) bool {
	if r.all || r.rest.container != "" {
		return false
	}
	last, on := p.tracker.settledOf(r.repository, key)
	if on.list == 0 || !r.read[on] || r.since.Sub(last.at) >= settledFor {
		return false
	}
	if last.moves && !p.Mover.FoundAgain(key, r.repository, r.since) {
		return false
	}
	p.Report.CheckedAll(key, r.repository, r.since)
	return true
}

// settle notes what the evaluation of a workload was made of, if one list decided about all
// of its containers.
func (p *Poller) settle(r *round, key watched.Key, was *user, lists []uint64, moves bool) {
	s := settled{at: r.since, moves: moves}
	if r.ended == nil && r.rest.container == "" {
		s.list = onlyList(lists)
	}
	if on := p.tracker.settle(r.repository, key, was, s); on.list != 0 {
		if r.read == nil {
			r.read = map[basis]bool{}
		}
		r.read[on] = true
	}
}

// onlyList is the number of the list that all answers are of; zero where there is none.
func onlyList(lists []uint64) uint64 {
	if len(lists) == 0 || slices.ContainsFunc(lists, func(list uint64) bool { return list != lists[0] }) {
		return 0
	}
	return lists[0]
}
