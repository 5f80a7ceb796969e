package webhook

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/keelson-dev/keelson/internal/workload"
)

// Mutate is the mutating webhook: it writes the newest allowed images into
// workloads.
type Mutate struct {
	Decider    *Decider
	Namespaces Namespaces
	Metrics    *Metrics
}

// Handle answers one request. It has no side effect, so that a dry run gets
// the same answer byte for byte.
func (m *Mutate) Handle(ctx context.Context, req admission.Request) admission.Response {
	in, err := read(ctx, m.Namespaces, req)
	if err != nil {
		return answer(ctx, err)
	}
	decider := m.Decider
	if busy(ctx) {
		decider = decider.WithoutWaiting()
		m.Metrics.overloaded(overloadUnasked)
	}
	response, ok := attempt(ctx, MutatePath, m.Metrics, func() admission.Response { return m.decide(ctx, decider, in, req) })
	if !ok {
		return m.decide(ctx, m.Decider.WithoutRegistry(), in, req)
	}
	return response
}

func (m *Mutate) decide(ctx context.Context, decider *Decider, in Input, req admission.Request) admission.Response {
	decision := decider.Decide(ctx, in)
	m.Metrics.observe(decision)
	if refused := decision.refusal(); refused != nil {
		return answer(ctx, refused)
	}
	patch := decision.Patch()
	warnings := decision.Warnings()
	if decision.hurried() && len(warnings) < maxWarnings {
		warnings = append([]string{warningBusy}, warnings...)
	}
	response := admission.Allowed("").WithWarnings(warnings...)
	response.Patches = patch
	if told := decision.told(); told != "" {
		response.AuditAnnotations = map[string]string{"images": told}
		log.FromContext(ctx).Info("answered", "kind", req.Kind.Kind, "dryRun", req.DryRun != nil && *req.DryRun, "manager", in.Manager, "images", told, "operations", len(patch))
	}
	return response
}

// refusal is the error of a container that may not be admitted unresolved.
func (d *Decision) refusal() error {
	for _, o := range d.outcomes {
		// Never an object on its way out, or an image that is stored already:
		// that would hold up labels and finalizers.
		unchanged := o.Stored != nil && o.Slot.Image == o.Stored.Text
		if o.Err != nil && o.Rule.OnUnresolvable == workload.Deny && !unchanged && !d.input.Object.Deleting() {
			return &unresolvableError{container: o.Slot.Key(), err: o.Err}
		}
	}
	return nil
}

// hurried reports whether a registry was not asked for want of room.
func (d *Decision) hurried() bool {
	return slices.ContainsFunc(d.outcomes, func(o Outcome) bool {
		return errors.Is(o.Err, errBusy) || errors.Is(o.Resolution.Err, errBusy)
	})
}

// told says what was decided, for the audit log and ours. A container that
// stays as it was submitted for no particular reason is left out.
func (d *Decision) told() string {
	var told []string
	for _, o := range d.outcomes {
		if o.Image == o.Slot.Image && o.Problem() == "" {
			continue
		}
		reason := string(o.Resolution.Reason)
		if reason == "" {
			reason = "Kept"
		}
		told = append(told, fmt.Sprintf("%s: %s -> %s (%s)", o.Slot.Key(), o.Slot.Image, o.Image, reason))
	}
	return strings.Join(told, "; ")
}
