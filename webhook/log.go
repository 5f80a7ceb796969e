package webhook

import (
	"context"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/garboard-dev/garboard/internal/printable"
)

// maxLogged is how many containers a line tells of. An object may name
// thousands.
const maxLogged = 20

// containerLine is one container in a line of the log.
type containerLine struct {
	Name      string `json:"name"`
	Row       string `json:"row"`
	Submitted string `json:"submitted"`
	Stored    string `json:"stored,omitempty"`
	Answer    string `json:"answer"`
	Policy    string `json:"policy,omitempty"`
	Reason    string `json:"reason,omitempty"`
	Gated     string `json:"gated,omitempty"`
	Hold      string `json:"hold,omitempty"`
	Problem   string `json:"problem,omitempty"`
}

// worth reports whether the request is worth a line, and by which logger. At info are
// the decisions: a container was resolved, changed, refused or disagreed about. The rest,
// labels and scales of settled workloads and requests that are none of ours, is at debug:
// it outweighs them by far in a cluster with a GitOps loop. Errors are logged where they
// are turned into an answer.
func (a *account) worth(ctx context.Context, became requestOutcome) (logr.Logger, bool) {
	logger := log.FromContext(ctx)
	decided := became == outcomeDenied || a.decision != nil && a.decision.noteworthy()
	if !decided {
		logger = logger.V(1)
	}
	return logger, became != outcomeError && logger.Enabled()
}

// log writes the request's line.
func (a *account) log(logger logr.Logger, became requestOutcome, warnings []string) {
	fields := make([]any, 0, 16)
	fields = append(fields, "outcome", string(became), "durationSeconds", a.took.Seconds())
	if a.err != nil {
		fields = append(fields, "reason", printable.Escape(a.err.Error(), maxField))
	}
	if d := a.decision; d != nil {
		lines, more := d.lines()
		fields = append(fields, "manager", printable.Escape(d.input.Manager, maxUser),
			"operations", a.operations, "patchBytes", a.patch)
		if len(lines) > 0 {
			fields = append(fields, "containers", lines)
		}
		if more > 0 {
			fields = append(fields, "moreContainers", more)
		}
	}
	if len(warnings) > 0 {
		fields = append(fields, "warnings", warnings)
	}
	logger.Info(string(became), fields...)
}

// lines are the containers of a decision that are worth a line, or all where
// none is; and how many more there were.
func (d *Decision) lines() (lines []containerLine, more int) {
	all := !d.noteworthy()
	for i := range d.outcomes {
		switch {
		case !all && !d.outcomes[i].noteworthy():
		case len(lines) == maxLogged:
			more++
		default:
			lines = append(lines, d.outcomes[i].line())
		}
	}
	return lines, more
}

func (d *Decision) noteworthy() bool {
	for i := range d.outcomes {
		if d.outcomes[i].noteworthy() {
			return true
		}
	}
	return false
}

func (o *Outcome) line() containerLine {
	line := containerLine{
		Name:      printable.Escape(o.Slot.Key(), maxName),
		Row:       rowName(o.Answer.Row),
		Submitted: printable.Escape(o.Slot.Image, maxField),
		Answer:    printable.Escape(o.Image, maxField),
		Reason:    string(o.Resolution.Reason),
		Problem:   printable.Escape(o.Problem(), maxField),
	}
	if o.Case.Stored != nil {
		line.Stored = printable.Escape(o.Case.Stored.Text, maxField)
	}
	if o.Answer.Gated {
		line.Gated = o.Gates()
	}
	if o.Hold.Tag != "" {
		line.Hold = printable.Escape(o.Hold.String(), maxField)
	}
	if o.Rule.Governed() {
		line.Policy = printable.Escape(o.Rule.Policy.Name(), maxUser)
	}
	return line
}
