package webhook

import (
	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/garboard-dev/garboard/internal/printable"
)

// requestLogger names the request in each line that is logged of it.
func requestLogger(base logr.Logger, hook string, req *admission.Request) logr.Logger {
	if base.GetSink() == nil {
		return base
	}
	return base.WithSink(&requestSink{base: base.GetSink(), hook: hook, req: req})
}

// requestSink names the request once a line is logged: of most requests none is.
type requestSink struct {
	base logr.LogSink
	hook string
	req  *admission.Request // nil before it is read
}

// Init does nothing: the base has begun already.
func (s *requestSink) Init(logr.RuntimeInfo) {}

// Enabled asks the base.
func (s *requestSink) Enabled(level int) bool { return s.base.Enabled(level) }

// Info logs a line.
func (s *requestSink) Info(level int, text string, values ...any) {
	above(s.named(), 1).Info(level, text, values...)
}

// Error logs an error.
func (s *requestSink) Error(err error, text string, values ...any) {
	above(s.named(), 1).Error(err, text, values...)
}

// WithValues names the request at once, unless there are no values: controller-runtime
// asks so for the logger of a context.
func (s *requestSink) WithValues(values ...any) logr.LogSink {
	if len(values) == 0 {
		return s
	}
	return s.named().WithValues(values...)
}

// WithName names the request at once.
func (s *requestSink) WithName(name string) logr.LogSink { return s.named().WithName(name) }

// WithCallDepth has the base tell the caller so many calls above.
func (s *requestSink) WithCallDepth(depth int) logr.LogSink {
	return &requestSink{base: above(s.base, depth), hook: s.hook, req: s.req}
}

// above has a sink tell the caller so many calls above its own, if it tells callers.
func above(sink logr.LogSink, depth int) logr.LogSink {
	if told, ok := sink.(logr.CallDepthLogSink); ok {
		return told.WithCallDepth(depth)
	}
	return sink
}

func (s *requestSink) named() logr.LogSink {
	if s.req == nil {
		return s.base.WithValues("webhook", s.hook)
	}
	kind := schema.GroupKind{Group: s.req.Kind.Group, Kind: s.req.Kind.Kind}
	return s.base.WithValues(
		"webhook", s.hook,
		"uid", printable.Escape(string(s.req.UID), maxUser),
		"operation", operationName(s.req.Operation),
		"kind", printable.Escape(kind.String(), maxName),
		"namespace", printable.Escape(s.req.Namespace, maxName),
		"name", printable.Escape(s.req.Name, maxName),
		"user", printable.Escape(s.req.UserInfo.Username, maxUser),
		"dryRun", dryRun(s.req),
	)
}
