package webhook

import (
	"cmp"
	"maps"

	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/webhook/intent"
)

// stateText is the state of the answer. First contact that moves nothing
// leaves no trace.
func (d *Decision) stateText(most int) (text string, fits bool) {
	state := record.State{}
	for _, o := range d.outcomes {
		if entry, ok := o.remember(); ok {
			state[o.Slot.Key()] = entry
		}
	}
	stored := ""
	if d.input.Stored != nil {
		stored = d.input.Stored.StateText()
	}
	alike := func(a, b record.ContainerState) bool { return a.Equal(b) && a.Healthy == b.Healthy }
	if maps.EqualFunc(state, record.ParseState(stored), alike) {
		return stored, len(stored) <= most
	}
	return state.Within(most)
}

func (o *Outcome) remember() (record.ContainerState, bool) {
	switch {
	case o.invalid != nil:
		return o.Case.State, o.Case.State.From != ""
	case o.Answer.Row == intent.Reinvoked:
		last, _ := o.Case.SubmittedState.Last()
		again := o.Case.SubmittedState
		// What was stored in place of the answer is kept until something else is, as in the
		// first round: see record.ContainerState.With.
		if stored := o.storedFor(last); stored != "" {
			again = again.AsStored(stored)
		}
		if !o.updaters && again.Healthy != o.Case.State.Healthy {
			again.Healthy = "" // not the first round's
		}
		return again, true
	case !o.Rule.Governed() && o.Case.State.From == "":
		return record.ContainerState{}, false
	case o.neverManagedAndUnchanged():
		return record.ContainerState{}, false
	}
	before := o.Case.State
	if o.Answer.Row == intent.Created && o.Answer.Source != o.Case.Submitted.Text {
		before = o.Case.SubmittedState // our own answer, seen again
	}
	past := record.Past{Result: o.Result.String(), Repository: o.Answer.Repository}
	last, ok := before.Last()
	stays := ok && o.Answer.Last && o.unmoved() && (o.Case.Stored == nil || !o.newDigest())
	if stays {
		past = last
	}
	past.From = cmp.Or(o.Answer.Answers, o.Answer.Source)
	if !stays || o.Answer.Anew {
		past.Stored = o.storedFor(past)
	}
	after := before.With(o.Answer.Source, past, o.Case.Found)
	after.Healthy = o.healthyAfter()
	return after, true
}

// storedFor is the image as it is written, where that is not the answer itself.
func (o *Outcome) storedFor(past record.Past) string {
	written, err := intent.ImageOf(o.Image)
	if err != nil {
		return ""
	}
	return insteadOf(past, written, o.pins())
}

// insteadOf is an image as the state keeps it, where it is not the answer itself.
func insteadOf(past record.Past, written intent.Image, pins bool) string {
	result, ok := record.ParseResult(past.Result)
	if !ok || written.Repository.String() == past.Repository && written.Tag == result.Tag &&
		(written.Digest == result.Digest || written.Digest == "" && !pins) {
		return ""
	}
	return record.Written(written.Repository.String(), written.Result())
}

// healthyAfter is what a way back would return to after the answer: what the updater
// says, and else what was known, unless another writer moves the container, or this is
// the way back.
func (o *Outcome) healthyAfter() string {
	switch {
	case o.Case.Stored == nil, o.Answer.Row == intent.TakenBack, o.Moved && !o.updaters:
		return ""
	case o.healthy != "":
		return o.healthy
	default:
		return o.Case.State.Healthy
	}
}

// neverManagedAndUnchanged is a container that we have never written, submitted as it
// is stored and left so.
func (o *Outcome) neverManagedAndUnchanged() bool {
	return o.Case.Stored != nil && o.Case.State.From == "" && (!o.Moved && o.Case.Submitted.Same(*o.Case.Stored) || o.Answer.Row == intent.Rewritten && o.unmoved())
}
