package watched

import (
	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/resolver"
)

// Container is one that a policy moves.
type Container struct {
	Slot      workload.Slot
	Rule      settings.Rule
	Reference resolver.Reference
	// Running is what it runs. An image that should have its digest and has none lost it
	// past admission: what the record says of that is no answer.
	Running record.Result
}

// Containers returns those that a policy moves: none of a bare digest that is a person's.
func (w Workload) Containers() []Container {
	var all []Container
	results := record.Of(w.Object)
	for _, slot := range w.Object.Slots() {
		rule, recorded := w.Settings.Rule(slot), results[slot.Key()]
		reference, err := resolver.ParseReference(slot.Image)
		if err != nil || !rule.Governed() {
			continue
		}
		reference = record.WithRecordedTag(reference, recorded)
		if reference.Tag == "" && reference.Digest != "" {
			continue
		}
		if rule.Pins(false) {
			recorded.Digest = ""
		}
		all = append(all, Container{Slot: slot, Rule: rule, Reference: reference, Running: record.Running(reference, recorded)})
	}
	return all
}
