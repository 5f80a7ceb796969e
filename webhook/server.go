// Package webhook is admission over HTTP: a mutating webhook that resolves the
// images of workloads, and a validating one that judges settings and final
// images. What the writer of a request wants is decided by webhook/intent.
package webhook

import (
	"net/http"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

// Paths of the endpoints; the webhook configurations in manifests/ name them.
const (
	MutatePath   = "/mutate"
	ValidatePath = "/validate"
)

// Mux is the part of controller-runtime's webhook server that Register needs.
type Mux interface {
	Register(path string, handler http.Handler)
}

// Register puts both webhooks on a server. A panic of theirs is counted by the
// metrics of mutate.
func Register(mux Mux, mutate *Mutate, validate *Validate) {
	spans := spans{mutate.Tracer}
	serve := func(path, hook string, handler admission.Handler) {
		guard := &guarded{Handler: handler, webhook: hook, metrics: mutate.Metrics}
		mux.Register(path, withDeadline(reviews{&admission.Webhook{
			Handler:         &observed{handler: guard, hook: hook, metrics: mutate.Metrics, spans: spans},
			WithContextFunc: spans.continued,
			LogConstructor: func(base logr.Logger, req *admission.Request) logr.Logger {
				if mutate.Log.GetSink() != nil {
					base = mutate.Log
				}
				return requestLogger(base, hook, req)
			},
		}}))
	}
	serve(MutatePath, hookMutate, mutate)
	serve(ValidatePath, hookValidate, validate)
}
