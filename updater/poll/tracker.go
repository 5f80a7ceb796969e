package poll

import (
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/garboard-dev/garboard/updater/watched"
)

// Use is one repository that a workload wants followed, and when it is polled: nil
// is never, but when the registry tells of a change.
type Use struct {
	Repository string
	Schedule   cron.Schedule
}

// tracker knows which workloads use which repository. It holds names and
// schedules only; the workloads themselves stay in the informers' cache.
type tracker struct {
	mu    sync.Mutex
	byKey map[watched.Key][]Use
	users map[string]map[watched.Key]*user
	// polled is when each repository was read last, with the credentials that its
	// users have in common.
	polled map[string]map[string]time.Time
}

// user is a workload that uses a repository.
type user struct {
	schedules []cron.Schedule
	// group are those that read the repository with the same credentials; it is
	// not known before the first poll.
	group string
	// settled is what the last evaluation was made of; the zero value where it has to be
	// made again by each poll.
	settled settled
}

func newTracker() *tracker {
	return &tracker{
		byKey: map[watched.Key][]Use{}, users: map[string]map[watched.Key]*user{}, polled: map[string]map[string]time.Time{},
	}
}

// set replaces what a workload uses, and returns the repositories it uses now.
func (t *tracker) set(key watched.Key, uses []Use) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	was := t.remove(key)
	defer t.tidy(was)
	if len(uses) == 0 {
		return nil
	}
	t.byKey[key] = uses
	var repositories []string
	for _, u := range uses {
		if t.users[u.Repository] == nil {
			t.users[u.Repository] = map[watched.Key]*user{}
		}
		of := t.users[u.Repository][key]
		if of == nil {
			of = &user{group: was[u.Repository]}
			t.users[u.Repository][key] = of
			repositories = append(repositories, u.Repository)
		}
		of.schedules = append(of.schedules, u.Schedule)
	}
	return repositories
}

// remove forgets a workload, and returns the groups that it was in; the caller
// holds the lock.
func (t *tracker) remove(key watched.Key) (groups map[string]string) {
	groups = map[string]string{}
	for _, u := range t.byKey[key] {
		if of := t.users[u.Repository][key]; of != nil {
			groups[u.Repository] = of.group
		}
		delete(t.users[u.Repository], key)
	}
	delete(t.byKey, key)
	return groups
}

// tidy forgets repositories without a workload; the caller holds the lock.
func (t *tracker) tidy(repositories map[string]string) {
	for repository := range repositories {
		if len(t.users[repository]) == 0 {
			delete(t.users, repository)
			delete(t.polled, repository)
		}
	}
}

// read notes with which credentials a workload had a repository read, and when.
func (t *tracker) read(repository string, key watched.Key, group string, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	of := t.users[repository][key]
	if of == nil {
		return
	}
	if former := of.group; former != group {
		of.group = group
		t.forgetGroup(repository, former)
	}
	if t.polled[repository] == nil {
		t.polled[repository] = map[string]time.Time{}
	}
	t.polled[repository][group] = at
}

// forgetGroup drops a group without a workload; the caller holds the lock.
func (t *tracker) forgetGroup(repository, group string) {
	for _, of := range t.users[repository] {
		if of.group == group {
			return
		}
	}
	delete(t.polled[repository], group)
}

// usersOf returns the workloads that use a repository.
func (t *tracker) usersOf(repository string) []watched.Key {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Collect(maps.Keys(t.users[repository]))
}

// namespacesOf returns the namespaces of the workloads that use a repository.
func (t *tracker) namespacesOf(repository string) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := map[string]bool{}
	for key := range t.users[repository] {
		all[key.Namespace] = true
	}
	return slices.Collect(maps.Keys(all))
}

// dueUsers returns those whose turn it is: of each group of credentials all, or
// none.
func (t *tracker) dueUsers(repository string, now time.Time) []watched.Key {
	t.mu.Lock()
	defer t.mu.Unlock()
	due := map[string]bool{"": true}
	for _, of := range t.users[repository] {
		last, known := t.polled[repository][of.group]
		for _, schedule := range of.schedules {
			if schedule != nil && (!known || !schedule.Next(last).After(now)) {
				due[of.group] = true
			}
		}
	}
	var keys []watched.Key
	for key, of := range t.users[repository] {
		if due[of.group] {
			keys = append(keys, key)
		}
	}
	return keys
}

// keys returns the workloads that are followed.
func (t *tracker) keys() []watched.Key {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Collect(maps.Keys(t.byKey))
}

// repositories returns those that are followed.
func (t *tracker) repositories() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Collect(maps.Keys(t.users))
}

// repositoriesOf returns those that a workload uses.
func (t *tracker) repositoriesOf(key watched.Key) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := make([]string, 0, len(t.byKey[key]))
	for _, u := range t.byKey[key] {
		all = append(all, u.Repository)
	}
	return all
}

// pushOnly returns the repositories that a workload uses which is not polled.
func (t *tracker) pushOnly() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var all []string
	for repository, users := range t.users {
		for _, of := range users {
			if slices.Contains(of.schedules, nil) {
				all = append(all, repository)
				break
			}
		}
	}
	return all
}

// used reports whether any workload uses a repository.
func (t *tracker) used(repository string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.users[repository]) > 0
}

// size returns how many repositories are polled.
func (t *tracker) size() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.users)
}

// next returns when a repository is due after a moment, by the shortest
// schedule that any workload asks for. ok is false if none uses it. A
// first poll comes at a place in an interval that is the repository's own, so
// that a restart asks no registry for everything at once; a cron schedule names
// moments, and is kept to from the first one on.
func (t *tracker) next(repository string, after time.Time, first bool) (due time.Time, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, of := range t.users[repository] {
		last, known := t.polled[repository][of.group]
		if !known {
			last = after
		}
		for _, schedule := range of.schedules {
			if schedule == nil {
				continue
			}
			at := schedule.Next(last)
			if at.IsZero() {
				continue
			}
			interval := at.Sub(last)
			if _, every := schedule.(cron.ConstantDelaySchedule); every && first {
				at = after.Add(shareOf(repository, interval))
			} else {
				at = at.Add(shareOf(repository, min(interval/10, maxJitter)))
			}
			if !ok || at.Before(due) {
				due, ok = at, true
			}
		}
	}
	return latestOf(due, after), ok
}

// maxJitter is how far polls that are due at one moment are spread.
const maxJitter = 30 * time.Second

// shareOf returns a part of an interval, always the same for a repository. Names that differ
// in their last letters alone, as those of one registry do, get places far from each other,
// which not every hash gives them.
func shareOf(repository string, interval time.Duration) time.Duration {
	sum := sha256.Sum256([]byte(repository))
	return time.Duration(float64(interval) * float64(binary.BigEndian.Uint64(sum[:])) / (1 << 64))
}
