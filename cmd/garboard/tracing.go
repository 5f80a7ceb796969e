package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/trace"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/garboard-dev/garboard/internal/cli/cmdline"
	"github.com/garboard-dev/garboard/internal/cli/version"
	"github.com/garboard-dev/garboard/internal/printable"
	"github.com/garboard-dev/garboard/internal/tracing"
)

// flushTimeout bounds how long the end of the process waits for a collector.
const flushTimeout = 3 * time.Second

// tracingOptions are the flags that say where traces go.
type tracingOptions struct {
	endpoint string
	ratio    float64
}

func (o *tracingOptions) addFlags(flags *pflag.FlagSet) {
	flags.StringVar(&o.endpoint, "otlp-endpoint", "", "`URL` of a collector that takes OTLP over HTTP; empty for no traces")
	flags.Float64Var(&o.ratio, "trace-sample-ratio", 1, "share of the traces that begin here to keep, from 0 to 1; others are kept as their callers say")
}

func (o *tracingOptions) check() cmdline.Faults {
	var faults cmdline.Faults
	if o.endpoint != "" {
		if _, err := tracing.ParseEndpoint(o.endpoint); err != nil {
			given := o.endpoint
			if _, rest, ok := strings.Cut(given, "@"); ok {
				given = "...@" + rest // a password may stand before it
			}
			faults = append(faults, fmt.Sprintf("--otlp-endpoint: %q: %v", given, err))
		}
	}
	if !(o.ratio >= 0 && o.ratio <= 1) { // and not a number is no ratio
		faults = append(faults, fmt.Sprintf("--trace-sample-ratio: %v: allowed: a number from 0 to 1", o.ratio))
	}
	return faults
}

// start returns what makes the spans of a service, nil where tracing is off, and
// what ends it.
func (o *tracingOptions) start(ctx context.Context, service string) (tracer trace.Tracer, stop func(), err error) {
	if o.endpoint == "" {
		return nil, func() {}, nil
	}
	logger := log.Log.WithName("tracing")
	// The library has no other place for its errors. They may quote a collector.
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		logger.Info("spans may be lost", "error", printable.Escape(err.Error(), 300))
	}))
	provider, err := tracing.New(ctx, tracing.Options{Endpoint: o.endpoint, Ratio: o.ratio, Service: service, Version: version.Version})
	if err != nil {
		return nil, nil, err
	}
	logger.Info("sending spans", "endpoint", o.endpoint, "ratio", o.ratio)
	return provider.Tracer(), func() {
		// The context has ended by then.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTimeout)
		defer cancel()
		if err := provider.Shutdown(ctx); err != nil {
			otel.Handle(err)
		}
	}, nil
}
