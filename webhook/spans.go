package webhook

import (
	"context"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

// spans makes a span of each request. One without a tracer makes none, and
// costs nothing.
type spans struct{ tracer trace.Tracer }

// continued takes up the trace that the API server names, if it does.
func (s spans) continued(ctx context.Context, r *http.Request) context.Context {
	if s.tracer == nil {
		return ctx
	}
	return propagation.TraceContext{}.Extract(ctx, propagation.HeaderCarrier(r.Header))
}

func (s spans) begin(ctx context.Context, hook string, req *admission.Request) (context.Context, trace.Span) {
	if s.tracer == nil {
		return ctx, nil
	}
	ctx, span := s.tracer.Start(ctx, "admission "+hook, trace.WithSpanKind(trace.SpanKindServer))
	if span.IsRecording() {
		span.SetAttributes(
			attribute.String("garboard.request.uid", string(req.UID)),
			attribute.String("garboard.request.operation", operationName(req.Operation)),
			attribute.Bool("garboard.request.dry_run", dryRun(req)),
			attribute.String("garboard.object.group", req.Kind.Group),
			attribute.String("garboard.object.kind", req.Kind.Kind),
			attribute.String("garboard.object.name", req.Name),
			attribute.String("k8s.namespace.name", req.Namespace),
		)
	}
	return ctx, span
}

func (s spans) end(span trace.Span, a *account, became requestOutcome) {
	if span == nil {
		return
	}
	span.SetAttributes(
		attribute.String("garboard.outcome", string(became)),
		attribute.Int("garboard.patch.bytes", a.patch),
	)
	if became == outcomeError {
		span.SetStatus(codes.Error, "")
	}
	span.End()
}
