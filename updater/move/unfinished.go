package move

import (
	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/updater/report"
	"github.com/garboard-dev/garboard/updater/rollout"
	"github.com/garboard-dev/garboard/updater/watched"
)

// baseline is how a workload is before a move; nil where what it runs is not known to
// have been healthy, and the one of the move before where that is not over.
func (s *Mover) baseline(key watched.Key, h rollout.Health, moves []Move) *rollout.Health {
	if before := s.Rollouts.Unfinished(key, h); before != nil {
		return before.Before
	}
	for _, m := range moves {
		if healthy, known := s.Report.Healthy(key, m.Container); !known || !healthy.Agrees(m.From) {
			return nil
		}
	}
	return &h
}

// healthyOf is what is known to have been healthy of a workload's containers.
func (s *Mover) healthyOf(key watched.Key, o *workload.Object) record.Record {
	known := record.Record{}
	for _, slot := range o.Slots() {
		if healthy, ok := s.Report.Healthy(key, slot.Key()); ok {
			known[slot.Key()] = healthy
		}
	}
	return known
}

// addUnfinished adds to the changes of a move those of an earlier one whose Pods have not
// become healthy: each container comes from the version that was healthy last.
func addUnfinished(before *rollout.Rollout, made []report.Change, after *workload.Object) []report.Change {
	if before == nil || !sameObject(before, after) {
		return made
	}
	all := make([]report.Change, 0, len(made)+len(before.Changes))
	for _, c := range made {
		for _, earlier := range before.Changes {
			if earlier.Container == c.Container {
				c.From = earlier.From
			}
		}
		all = append(all, c)
	}
	for _, earlier := range before.Changes {
		if !(&rollout.Rollout{Changes: made}).Moved(earlier.Container) && after.ImageOf(earlier.Container) == earlier.Image() {
			all = append(all, earlier)
		}
	}
	return all
}

func sameObject(r *rollout.Rollout, o *workload.Object) bool { return string(r.UID) == o.UID() }
