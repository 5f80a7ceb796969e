package webhook

import (
	"errors"

	admissionv1 "k8s.io/api/admission/v1"

	"github.com/garboard-dev/garboard/webhook/intent"
)

// requestOutcome is what became of a request, as metrics, logs and spans name it.
type requestOutcome string

const (
	// outcomeMoved: a container got an image that was neither submitted nor
	// stored, or another digest behind its tag.
	outcomeMoved requestOutcome = "moved"
	// outcomeUnchanged: every container has what was submitted or stored.
	outcomeUnchanged requestOutcome = "unchanged"
	// outcomeKept: a container was not resolved, since nothing is known of its
	// repository and the registry could not be asked.
	outcomeKept requestOutcome = "kept"
	// outcomeAllowed and outcomeWarned are those of validation.
	outcomeAllowed requestOutcome = "allowed"
	outcomeWarned  requestOutcome = "warned"
	outcomeDenied  requestOutcome = "denied"
	// outcomeSkipped: the request is none of ours.
	outcomeSkipped requestOutcome = "skipped"
	// outcomeError: it could not be read, or we failed at it.
	outcomeError requestOutcome = "error"
)

// outcomeOf is the outcome of a request that ended in an error.
func outcomeOf(err error) requestOutcome {
	var (
		skip         *skipError
		missing      *NotFoundError
		unresolvable *unresolvableError
		invalid      *invalidError
	)
	switch {
	case errors.As(err, &skip), errors.As(err, &missing):
		return outcomeSkipped
	case errors.As(err, &unresolvable), errors.As(err, &invalid):
		return outcomeDenied
	default:
		return outcomeError
	}
}

// became is the outcome of a decision: of several containers, trouble counts
// first and a move next.
func (d *Decision) became() requestOutcome {
	became := outcomeUnchanged
	for i := range d.outcomes {
		o := &d.outcomes[i]
		switch {
		case o.Err != nil:
			return outcomeKept
		case o.moves():
			became = outcomeMoved
		}
	}
	return became
}

// moves reports whether the container got something that no writer named: neither
// the image that was submitted nor the stored one.
func (o *Outcome) moves() bool {
	if o.Case.Stored == nil {
		return o.Image != o.Slot.Image
	}
	return o.Moved && o.Image != o.Slot.Image || o.newDigest()
}

// noteworthy reports whether a container was resolved, changed or disagreed
// about. What is left is written as it is stored, or is not ours to judge.
func (o *Outcome) noteworthy() bool {
	return o.Answer.Resolve || o.Answer.Below || o.gatedBumpIgnored || o.backIgnored || o.Hold != o.Case.Hold || o.Image != o.Slot.Image || o.Problem() != ""
}

// rowName names a row of the table for machines.
func rowName(row intent.Row) string {
	switch row {
	case intent.Created:
		return "created"
	case intent.Reinvoked:
		return "reinvoked"
	case intent.NotGoverned:
		return "not_governed"
	case intent.NewSource:
		return "new_source"
	case intent.Undo:
		return "undo"
	case intent.Bypassed:
		return "past_us"
	case intent.Unchanged:
		return "unchanged"
	case intent.ByHand:
		return "by_hand"
	case intent.SameAgain:
		return "same_again"
	case intent.SourceUp:
		return "source_up"
	case intent.SourceDown:
		return "source_down"
	case intent.CreateOnlyKind:
		return "create_only_kind"
	case intent.Rewritten:
		return "rewritten"
	case intent.TakenBack:
		return "taken_back"
	default:
		return "other"
	}
}

// operationName keeps the label bounded: the request may come from anyone.
func operationName(operation admissionv1.Operation) string {
	switch operation {
	case admissionv1.Create, admissionv1.Update, admissionv1.Delete, admissionv1.Connect:
		return string(operation)
	default:
		return "other"
	}
}
