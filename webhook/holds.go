package webhook

import (
	"slices"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/resolver/policy"
	"github.com/garboard-dev/garboard/webhook/intent"
)

// hold gives each case the hold that stands before it is judged. One that the
// writer takes off or sets is a changed setting; one that went by the way is put
// back: by a PUT of a manifest without it, and by the undo of a Deployment, which
// brings back the annotations of the former revision.
func (v *view) hold(cases []intent.Case, slots []workload.Slot) {
	if len(v.holds) == 0 && len(v.submittedHolds) == 0 {
		return
	}
	back := v.bringsBack(cases)
	for i, slot := range slots {
		c, was, is := &cases[i], v.holds[slot.Key()], v.submittedHolds[slot.Key()]
		switch {
		case back:
			c.Hold = intent.Higher(c.Rules, was, is)
		case c.Method == intent.Put && is.Tag == "":
			c.Hold = was
		default:
			c.Hold = is
			c.SettingsChanged = c.SettingsChanged || c.Stored != nil && is != was
		}
	}
}

// bringsBack reports whether the writer brings back what the object was: a
// template of the past, or a state that is not the stored one and not ours.
func (v *view) bringsBack(cases []intent.Case) bool {
	if v.in.Stored == nil || v.in.Method == intent.Put {
		return false
	}
	rows := make([]intent.Row, len(cases))
	for i, c := range cases {
		rows[i] = intent.Decide(c).Row
	}
	if slices.Contains(rows, intent.Reinvoked) {
		return false
	}
	return slices.Contains(rows, intent.Undo) || v.in.Object.StateText() != v.in.Stored.StateText()
}

// left is what the answer leaves of the hold: nothing once the container is at
// what was held, or past it. Digests and build dates have no order to tell that
// by, but what they move to is past it.
func (o *Outcome) left() record.Result {
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
