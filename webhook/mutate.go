package webhook

import (
	"context"
	"errors"
	"slices"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel/trace"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/settings"
)

// Mutate is the mutating webhook: it writes the newest allowed images into
// workloads.
type Mutate struct {
	// Kinds are those that are governed. The default is those of Kubernetes itself.
	Kinds      workload.Kinds
	Decider    *Decider
	Namespaces Namespaces
	// Releases are asked for the settings of workloads that Helm installed. The
	// default is to ask none.
	Releases Releases
	// Log is where requests are told of. The default is controller-runtime's.
	Log logr.Logger
	// Metrics counts the requests of both webhooks; nil is nothing.
	Metrics *Metrics
	// Tracer makes spans of the requests of both. The default is none.
	Tracer trace.Tracer
}

// Handle answers one request. It has no side effect, so that a dry run gets
// the same answer byte for byte.
func (m *Mutate) Handle(ctx context.Context, req admission.Request) admission.Response {
	in, err := readRequest(ctx, m.Kinds, m.Namespaces, req)
	if err != nil {
		return answerError(ctx, err)
	}
	// Its Pods run what the owner says. Validation judges it all the same:
	// every writer may write a reference to an owner.
	if in.Object.Owned() {
		return answerError(ctx, &skipError{"owned by a controller"})
	}
	_ = readRelease(ctx, m.Releases, &in) // Validate warns
	if err := in.readSettings(callerOf(ctx)); err != nil {
		return answerError(ctx, err)
	}
	decider := m.Decider
	if busy(ctx) {
		decider = decider.CacheOnly()
		m.Metrics.overloaded(overloadUnasked)
	}
	response, ok := attempt(ctx, hookMutate, m.Metrics, func() admission.Response { return decide(ctx, decider, in) })
	if !ok {
		return decide(ctx, m.Decider.WithoutRegistry(), in)
	}
	return response
}

func decide(ctx context.Context, decider *Decider, in Input) admission.Response {
	decision := decider.Decide(ctx, in)
	accountOf(ctx).decision = decision
	if refused := decision.Refusal(); refused != nil {
		return answerError(ctx, refused)
	}
	warnings := decision.Warnings()
	if decision.answeredFromCacheOnly() && len(warnings) < maxWarnings {
		warnings = append([]string{warningBusy}, warnings...)
	}
	response := admission.Allowed("").WithWarnings(warnings...)
	response.Patches = decision.Patch()
	return response
}

// Refusal is the error of a container that may not be admitted unresolved; nil where
// there is none.
func (d *Decision) Refusal() error {
	for _, o := range d.outcomes {
		// Never an object on its way out, or an image that is stored already:
		// that would hold up labels and finalizers.
		unchanged := o.Case.Stored != nil && o.Slot.Image == o.Case.Stored.Text
		if o.Err != nil && o.Rule.OnUnresolvable == settings.Deny && !unchanged && !d.input.Object.Deleting() {
			return &unresolvableError{container: o.Slot.Key(), err: o.Err}
		}
	}
	return nil
}

// answeredFromCacheOnly reports whether a registry was not asked for want of room.
func (d *Decision) answeredFromCacheOnly() bool {
	return slices.ContainsFunc(d.outcomes, func(o Outcome) bool {
		return errors.Is(o.Err, errBusy) || errors.Is(o.Resolution.Err, errBusy)
	})
}
