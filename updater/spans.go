package updater

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// span begins a span; one that costs nothing where there is no tracer.
func (u *Updater) span(ctx context.Context, name string, attributes ...attribute.KeyValue) (context.Context, trace.Span) {
	if u.Tracer == nil {
		return ctx, noop.Span{}
	}
	return u.Tracer.Start(ctx, name, trace.WithAttributes(attributes...))
}

// tracedPoll polls, with a span of the poll around it.
func (u *Updater) tracedPoll(ctx context.Context, repository string) error {
	ctx, span := u.span(ctx, "poll", attribute.String("garboard.image.repository", repository))
	defer span.End()
	err := u.poll(ctx, repository)
	if err != nil {
		span.SetStatus(codes.Error, "") // the error may quote a registry
	}
	return err
}
