package tracing

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/garboard-dev/garboard/resolver"
)

// Asked is what resolves.
type Asked interface {
	Resolve(ctx context.Context, q resolver.Query) (resolver.Resolution, error)
}

// Resolver makes a span of each resolution.
type Resolver struct {
	Inner  Asked
	Tracer trace.Tracer
}

// Resolve asks Inner.
func (r *Resolver) Resolve(ctx context.Context, q resolver.Query) (resolver.Resolution, error) {
	ctx, span := r.Tracer.Start(ctx, "resolve")
	defer span.End()
	answer, err := r.Inner.Resolve(ctx, q)
	if span.IsRecording() {
		span.SetAttributes(
			attribute.String("garboard.image.repository", q.Repository.String()),
			attribute.String("garboard.image.tag", q.Tag),
			attribute.String("garboard.resolution.tag", answer.Tag),
			attribute.String("garboard.resolution.reason", string(answer.Reason)),
			attribute.Bool("garboard.resolution.stale", answer.Stale),
		)
		if err != nil {
			span.SetStatus(failed, resolver.Summary(err))
		}
	}
	return answer, err
}
