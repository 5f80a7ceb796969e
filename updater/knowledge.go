package updater

import (
	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/updater/rollout"
	"github.com/garboard-dev/garboard/updater/watched"
)

// healthy is the last version of a container that was seen healthy; known is false
// where none was.
func (b *book) healthy(key watched.Key, container string) (healthy workload.Result, known bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if row := b.row(key, container); row != nil {
		return row.healthy, row.healthy.Tag != ""
	}
	return healthy, false
}

// learn notes that what the containers of a workload run is healthy.
func (b *book) learn(key watched.Key) {
	b.noteAll(key, func(s *Standing) { s.healthy, _ = workload.ParseResult(s.Running) })
}

// learn notes what the status of a workload says of the versions that it runs. While a
// rollout is watched that is not over: its end tells. A kind that keeps no word of its
// last rollout is believed while some of its Pods are available, if nothing else is
// known: it was so before anybody moved it.
func (u *Updater) learn(key watched.Key, o *workload.Object, h rollout.Health) {
	if u.watcher.Of(key) != nil {
		return
	}
	state := o.State()
	u.book.noteAll(key, func(s *Standing) {
		failed := s.State == StateFailed && h.Phase != rollout.Healthy
		unknown := s.healthy.Tag == "" && state[s.Container].Healthy == ""
		if !failed && (h.Complete() || unknown && h.Whole() && h.Available > 0) {
			s.healthy, _ = workload.ParseResult(s.Running)
		}
	})
}

// baseline is how a workload is before a move; nil where what it runs is not known to
// have been healthy, and the one of the move before where that is not over.
func (u *Updater) baseline(key watched.Key, h rollout.Health, moves []Move) *rollout.Health {
	if before := u.watcher.Unfinished(key, h); before != nil {
		return before.Before
	}
	for _, m := range moves {
		if healthy, known := u.book.healthy(key, m.Container); !known || !healthy.Agrees(m.From) {
			return nil
		}
	}
	return &h
}

// healthyOf is what is known to have been healthy of a workload's containers.
func (u *Updater) healthyOf(key watched.Key, o *workload.Object) workload.Record {
	known := workload.Record{}
	for _, slot := range o.Slots() {
		if healthy, ok := u.book.healthy(key, slot.Key()); ok {
			known[slot.Key()] = healthy
		}
	}
	return known
}

// unfinished adds to the changes of a move those of an earlier one whose Pods have not
// become healthy: each container comes from the version that was healthy last.
func unfinished(before *rollout.Rollout, made []Change, after *workload.Object) []Change {
	if before == nil || !sameObject(before, after) {
		return made
	}
	all := make([]Change, 0, len(made)+len(before.Changes))
	for _, c := range made {
		for _, earlier := range before.Changes {
			if earlier.Container == c.Container {
				c.From = earlier.From
			}
		}
		all = append(all, c)
	}
	for _, earlier := range before.Changes {
		if !changed(&rollout.Rollout{Changes: made}, earlier.Container) && after.ImageOf(earlier.Container) == earlier.Image() {
			all = append(all, earlier)
		}
	}
	return all
}

func sameObject(r *rollout.Rollout, o *workload.Object) bool { return string(r.UID) == o.UID() }
