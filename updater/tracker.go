package updater

import (
	"cmp"
	"hash/fnv"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/robfig/cron/v3"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// objectKey names one workload.
type objectKey struct {
	kind schema.GroupVersionKind
	types.NamespacedName
}

// use is one repository that a workload wants followed, and when it is polled: nil
// is never, but when the registry tells of a change.
type use struct {
	repository string
	schedule   cron.Schedule
}

// tracker knows which workloads use which repository. It holds names and
// schedules only; the workloads themselves stay in the informers' cache.
type tracker struct {
	mu    sync.Mutex
	byKey map[objectKey][]use
	users map[string]map[objectKey][]cron.Schedule
}

func newTracker() *tracker {
	return &tracker{byKey: map[objectKey][]use{}, users: map[string]map[objectKey][]cron.Schedule{}}
}

// set replaces what a workload uses, and returns the repositories it uses now.
func (t *tracker) set(key objectKey, uses []use) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.remove(key)
	if len(uses) == 0 {
		return nil
	}
	t.byKey[key] = uses
	var repositories []string
	for _, u := range uses {
		if t.users[u.repository] == nil {
			t.users[u.repository] = map[objectKey][]cron.Schedule{}
		}
		if t.users[u.repository][key] == nil {
			repositories = append(repositories, u.repository)
		}
		t.users[u.repository][key] = append(t.users[u.repository][key], u.schedule)
	}
	return repositories
}

// remove forgets a workload; the caller holds the lock.
func (t *tracker) remove(key objectKey) {
	for _, u := range t.byKey[key] {
		delete(t.users[u.repository], key)
		if len(t.users[u.repository]) == 0 {
			delete(t.users, u.repository)
		}
	}
	delete(t.byKey, key)
}

// usersOf returns the workloads that use a repository.
func (t *tracker) usersOf(repository string) []objectKey {
	t.mu.Lock()
	defer t.mu.Unlock()
	keys := make([]objectKey, 0, len(t.users[repository]))
	for key := range t.users[repository] {
		keys = append(keys, key)
	}
	return keys
}

// keys returns the workloads that are followed.
func (t *tracker) keys() []objectKey {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Collect(maps.Keys(t.byKey))
}

// cmpKeys orders workloads by their names.
func cmpKeys(a, b objectKey) int {
	return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.kind.Kind, b.kind.Kind), cmp.Compare(a.Name, b.Name))
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
// schedule that any workload asks for. ok is false where nobody uses it. A
// first poll comes at a place in an interval that is the repository's own, so
// that a restart asks no registry for everything at once; a cron schedule names
// moments, and is kept to from the first one on.
func (t *tracker) next(repository string, after time.Time, first bool) (due time.Time, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, schedules := range t.users[repository] {
		for _, schedule := range schedules {
			if schedule == nil {
				continue
			}
			at := schedule.Next(after)
			if at.IsZero() {
				continue
			}
			interval := at.Sub(after)
			if _, every := schedule.(cron.ConstantDelaySchedule); every && first {
				at = after.Add(share(repository, interval))
			} else {
				at = at.Add(share(repository, min(interval/10, maxJitter)))
			}
			if !ok || at.Before(due) {
				due, ok = at, true
			}
		}
	}
	return due, ok
}

// maxJitter is how far polls that are due at one moment are spread.
const maxJitter = 30 * time.Second

// share returns a part of an interval, always the same for a repository.
func share(repository string, interval time.Duration) time.Duration {
	h := fnv.New32a()
	_, _ = h.Write([]byte(repository)) // a hash takes anything
	return time.Duration(float64(interval) * float64(h.Sum32()) / (1 << 32))
}
