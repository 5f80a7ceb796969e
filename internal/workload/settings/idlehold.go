package settings

import (
	"fmt"

	"github.com/garboard-dev/garboard/internal/printable"
	"github.com/garboard-dev/garboard/internal/spelling"
	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/resolver"
)

// IdleHolds tells of the holds on a workload that keep nothing back, the first 10 of them.
// They are no faults: what they name may come later.
func (s *Settings) IdleHolds(o *workload.Object) []string {
	if o.Beyond() > 0 || s.BadHold() {
		return nil // not all names are known, or not all holds
	}
	slots, named := map[string]workload.Slot{}, make([]string, 0, len(o.Slots()))
	for _, slot := range o.Slots() {
		slots[slot.Key()], named = slot, append(named, slot.Key())
	}
	var idle []string
	for _, key := range workload.SortedKeys(s.holds) {
		why := ""
		if slot, ok := slots[key]; ok {
			why = s.IdleHold(o, slot, s.holds[key])
		} else {
			why = fmt.Sprintf("%snothing here is named %q", didYouMean(spelling.Nearest(key, named)), printable.Escape(key, workload.MaxName))
		}
		if why == "" {
			continue
		}
		if len(idle) == maxStrays {
			break
		}
		idle = append(idle, fmt.Sprintf("metadata.annotations[%s]: %s", workload.AnnotationHold, why))
	}
	return idle
}

// IdleHold says why a hold of a container keeps nothing back; empty where it does keep
// something back, or no policy moves the container.
func (s *Settings) IdleHold(o *workload.Object, slot workload.Slot, held record.Result) string {
	rule := s.Rule(slot)
	reference, err := resolver.ParseReference(slot.Image)
	if err != nil || !rule.Governed() {
		return ""
	}
	running := record.Running(reference, record.Of(o)[slot.Key()])
	if running.Tag == "" || rule.Policy.MayHold(running.Tag, held.Tag) {
		return ""
	}
	return fmt.Sprintf("%s=%s keeps nothing back where %s runs (policy %s)", slot.Key(), held.Tag, running.Tag, rule.Policy.Name())
}
