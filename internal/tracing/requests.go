package tracing

import (
	"context"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/garboard-dev/garboard/resolver/registry"
)

const failed = codes.Error

// Requests makes a span of each request to a registry or its token service; it
// is what registry.Options.Span takes. The trace does not go to the registry:
// none of them is told of our requests' context.
func Requests(tracer trace.Tracer) func(ctx context.Context) func(registry.Request) {
	return func(ctx context.Context) func(registry.Request) {
		_, span := tracer.Start(ctx, "registry request", trace.WithSpanKind(trace.SpanKindClient))
		return func(r registry.Request) {
			defer span.End()
			if !span.IsRecording() {
				return
			}
			at, _, _ := strings.Cut(r.URL, "?") // the rest is no more than page size and scope
			span.SetAttributes(
				attribute.String("http.request.method", r.Method),
				attribute.String("url.full", at),
				attribute.Int64("http.response.body.size", r.Bytes),
			)
			if r.Status != 0 {
				span.SetAttributes(attribute.Int("http.response.status_code", r.Status))
			}
			if r.Err != "" {
				span.SetAttributes(attribute.String("error.type", string(r.Err)))
				span.SetStatus(failed, "")
			}
		}
	}
}
