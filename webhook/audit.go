package webhook

import (
	"fmt"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/garboard-dev/garboard/internal/printable"
)

// Keys of the annotations in the audit log. The API server puts the webhook's
// name before them, so that no key can be another's.
const (
	auditImages = "images"
	auditFaults = "faults"
)

// maxAudit bounds an annotation in bytes: the API server bounds none, and keeps
// it with every event.
const maxAudit = 4096

// annotate says for the audit log what the writer was told, and what was
// answered without a warning.
func (a *account) annotate(response *admission.Response) {
	key, told := auditImages, ""
	switch {
	case a.decision != nil:
		told = a.decision.told()
	case a.hook == hookValidate && (a.err == nil || outcomeOf(a.err) == outcomeDenied):
		key = auditFaults
		faults := make([]string, 0, len(response.Warnings)+1)
		if !response.Allowed && response.Result != nil {
			faults = append(faults, response.Result.Message)
		}
		told = joinTexts(append(faults, response.Warnings...))
	}
	if told == "" {
		return
	}
	if response.AuditAnnotations == nil {
		response.AuditAnnotations = map[string]string{}
	}
	response.AuditAnnotations[key] = told
}

// told says what was decided. A container that stays as it was submitted for no
// particular reason is left out.
func (d *Decision) told() string {
	told := make([]string, 0, len(d.outcomes))
	for i := range d.outcomes {
		o := &d.outcomes[i]
		if o.Image == o.Slot.Image && o.Hold == o.Case.Hold && o.warning(d.input.Manager) == "" {
			continue
		}
		told = append(told, o.told())
	}
	return joinTexts(told)
}

// told writes "web: example.com/app:1.2.0 -> example.com/app:1.2.7 (policy
// patch; row new_source; reason NewerPatch)", or "web: IMAGE stays (…)".
func (o *Outcome) told() string {
	from := o.before()
	var b strings.Builder
	b.Grow(256) // most texts are shorter
	b.WriteString(o.Slot.Key())
	b.WriteString(": ")
	b.WriteString(printable.Escape(from.Text, maxField))
	if o.differs(from) {
		b.WriteString(" -> ")
		b.WriteString(printable.Escape(o.Image, maxField))
	} else if !o.moves() {
		b.WriteString(" stays")
	}
	next := " (" // what comes before the next reason
	why := func(what, value string) {
		b.WriteString(next)
		b.WriteString(what)
		b.WriteString(value)
		next = "; "
	}
	if o.Rule.Governed() {
		why("policy ", printable.Escape(o.Rule.Policy.Name(), 80))
	}
	why("row ", rowName(o.Answer.Row))
	if o.Resolution.Reason != "" {
		why("reason ", string(o.Resolution.Reason))
	}
	if o.Answer.Gated {
		why("gated by ", o.Gates())
	}
	if o.Result.Digest != "" && !strings.Contains(o.Image, "@") {
		why("digest ", o.Result.Digest)
	}
	if o.Hold.Tag != "" {
		why("hold ", printable.Escape(o.Hold.String(), maxField))
	}
	if problem := o.Problem(); problem != "" {
		why("", problem)
	}
	b.WriteByte(')')
	return b.String()
}

// joinTexts puts texts into one annotation, as many as it has room for.
func joinTexts(texts []string) string {
	var b strings.Builder
	b.Grow(min(256*len(texts), maxAudit))
	for i, text := range texts {
		text = printable.Escape(text, 2*maxField)
		if b.Len() > 0 && b.Len()+len(text) > maxAudit-40 {
			fmt.Fprintf(&b, ", and %d more", len(texts)-i)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(text)
	}
	return b.String()
}
