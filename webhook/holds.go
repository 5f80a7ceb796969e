package webhook

import (
	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/resolver/policy"
	"github.com/garboard-dev/garboard/webhook/intent"
)

// remainingHold is what the answer leaves of the hold: nothing once the container is at
// what was held, or past it. Digests and build dates have no order to tell that
// by, but what they move to is past it.
func (o *Outcome) remainingHold() record.Result {
	at := o.Answer.Image
	at.Tag, at.Digest = o.Result.Tag, o.Result.Digest
	switch {
	case o.invalid != nil, !o.Rule.Governed(), o.Answer.Row == intent.Reinvoked:
		return o.Answer.Hold
	case o.Answer.Resolve && (o.Resolution.Reason == policy.SameTag || o.Resolution.Reason == policy.BuiltLater):
		return record.Result{}
	}
	return intent.Stands(o.Rule.Policy, o.Answer.Hold, at)
}

// holdText is the holds of the answer. What was submitted and cannot be read is
// left for the validating webhook to refuse.
func (d *Decision) holdText() string {
	submitted := d.input.Object.HoldText()
	if d.badHold {
		return submitted
	}
	stored, gone := "", map[string]bool{}
	if d.input.Stored != nil {
		stored = d.input.Stored.HoldText()
		for _, slot := range d.input.Stored.Slots() {
			gone[slot.Key()] = true
		}
	}
	// A hold for a container that there has never been may be one that is yet
	// to be injected.
	holds := record.Record{}
	for key, held := range record.ParseRecord(submitted) {
		if !gone[key] {
			holds[key] = held
		}
	}
	for _, o := range d.outcomes {
		delete(holds, o.Slot.Key())
		if o.Hold.Tag != "" {
			holds[o.Slot.Key()] = o.Hold
		}
	}
	// The submitted text first: what is stored and cannot be read is no hold
	// either, and has to go where the writer takes it off.
	return same(holds, record.ParseRecord, submitted, stored)
}
