package report

import (
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/types"
)

// deduper remembers what was reported of each container, so that a reason to stay
// becomes an Event once, and not with every poll.
type deduper struct {
	mu   sync.Mutex
	last map[types.UID]map[string]string
	// gone are the workloads that were forgotten last: of what a poll still has to say of
	// one nothing is remembered, since nobody would forget it again.
	gone [maxGone]types.UID
	next int
}

// maxGone is more than are deleted while a poll goes on.
const maxGone = 1024

func newDeduper() *deduper { return &deduper{last: map[types.UID]map[string]string{}} }

// once calls tell if something else, or nothing, was told last.
func (d *deduper) once(uid types.UID, container, what string, tell func()) {
	if d.isNew(uid, container, what) {
		tell()
	}
}

func (d *deduper) isNew(uid types.UID, container, what string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.last[uid] == nil {
		if slices.Contains(d.gone[:], uid) {
			return true
		}
		d.last[uid] = map[string]string{}
	}
	last, known := d.last[uid][container]
	d.last[uid][container] = what
	return !known || last != what
}

// clear makes the next reason news again.
func (d *deduper) clear(uid types.UID, container string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.last[uid], container)
}

// forget drops all that was told of a workload.
func (d *deduper) forget(uid types.UID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.last, uid)
	d.gone[d.next] = uid
	d.next = (d.next + 1) % maxGone
}
