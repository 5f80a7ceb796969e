// Package tracing sends OpenTelemetry spans to a collector, by OTLP over HTTP.
// Nothing of it is made where tracing is off.
package tracing

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// scope names the instrumentation in each span.
const scope = "github.com/garboard-dev/garboard"

// tracesPath is where collectors take traces, by the OTLP specification.
const tracesPath = "/v1/traces"

// maxAttribute bounds the text of an attribute: names and images are input of
// every writer of a workload.
const maxAttribute = 256

// Options of a Provider.
type Options struct {
	// Endpoint is the collector's URL; see ParseEndpoint. It is required.
	Endpoint string
	// Ratio is the share of traces that are kept, from 0 to 1, of those that
	// begin here. One that the API server began is kept as it says.
	Ratio float64
	// Service and Version name the program. OTEL_SERVICE_NAME and
	// OTEL_RESOURCE_ATTRIBUTES go before them.
	Service, Version string
}

// Provider makes spans and sends them. A nil one is tracing that is off.
type Provider struct{ sdk *trace.TracerProvider }

// New returns a Provider that sends in the background: a collector that is away
// costs spans, never an answer. What the options leave open, such as headers,
// certificates and batches, is read from the OTEL_… variables that the
// specification names.
func New(ctx context.Context, o Options) (*Provider, error) {
	endpoint, err := ParseEndpoint(o.Endpoint)
	if err != nil {
		return nil, err
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(endpoint.String()))
	if err != nil {
		return nil, fmt.Errorf("making the exporter of traces: %w", err)
	}
	described, err := resource.New(ctx,
		resource.WithAttributes(attribute.String("service.name", o.Service), attribute.String("service.version", o.Version)),
		resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("describing the source of traces: %w", err)
	}
	limits := trace.NewSpanLimits()
	limits.AttributeValueLengthLimit = maxAttribute
	return &Provider{trace.NewTracerProvider(
		trace.WithBatcher(exporter),
		trace.WithResource(described),
		trace.WithSampler(trace.ParentBased(trace.TraceIDRatioBased(o.Ratio))),
		trace.WithRawSpanLimits(limits),
	)}, nil
}

// ParseEndpoint reads a collector's URL: http or https, without user, query and
// fragment. A URL without a path gets the one of the specification, /v1/traces.
func ParseEndpoint(text string) (*url.URL, error) {
	endpoint, err := url.Parse(text)
	if err != nil || endpoint.Scheme != "http" && endpoint.Scheme != "https" || endpoint.Hostname() == "" ||
		endpoint.User != nil || endpoint.RawQuery != "" || endpoint.Fragment != "" {
		return nil, errors.New("allowed: a URL such as http://collector:4318, without user and query")
	}
	if endpoint.Path == "" || endpoint.Path == "/" {
		endpoint.Path = tracesPath
	}
	return endpoint, nil
}

// Tracer makes spans; nil where tracing is off.
func (p *Provider) Tracer() oteltrace.Tracer {
	if p == nil {
		return nil
	}
	return p.sdk.Tracer(scope)
}

// Shutdown sends what has not been sent yet, within the context's deadline.
func (p *Provider) Shutdown(ctx context.Context) error {
	if p == nil {
		return nil
	}
	return p.sdk.Shutdown(ctx)
}
