package report

import (
	"sync"

	"k8s.io/apimachinery/pkg/types"
)

// deduper remembers what was reported of each container, so that a reason to stay
// becomes an Event once, and not with every poll.
type deduper struct {
	mu   sync.Mutex
	last map[types.UID]map[string]string
}

func newDeduper() *deduper { return &deduper{last: map[types.UID]map[string]string{}} }

// once calls tell if something else, or nothing, was told last.
func (d *deduper) once(uid types.UID, container, what string, tell func()) {
	d.mu.Lock()
	if d.last[uid] == nil {
		d.last[uid] = map[string]string{}
	}
	last, known := d.last[uid][container]
	d.last[uid][container] = what
	d.mu.Unlock()
	if !known || last != what {
		tell()
	}
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
}
