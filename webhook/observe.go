package webhook

import (
	"context"
	"net/http"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

// Names of the webhooks in metrics, logs and spans.
const (
	hookMutate   = "mutate"
	hookValidate = "validate"
)

// observed tells of each request that its handler answers: by metrics, a line
// of the log, a span, and annotations of the audit log.
type observed struct {
	handler admission.Handler
	hook    string
	metrics *Metrics
	spans   spans
}

// account is what a handler notes of one request, for those who tell of it.
type account struct {
	hook     string
	decision *Decision
	err      error
	// patch is its size in bytes, operations how many it has.
	patch, operations int
	took              time.Duration
}

type accountKey struct{}

// accountOf returns the account of the request that is answered. Outside of
// one, what is noted is lost.
func accountOf(ctx context.Context) *account {
	if a, ok := ctx.Value(accountKey{}).(*account); ok {
		return a
	}
	return &account{}
}

// Handle answers one request and tells of it. A panic that is not
// recovered below is reported as an error, and raised again.
func (o *observed) Handle(ctx context.Context, req admission.Request) (response admission.Response) {
	began := time.Now()
	a := &account{hook: o.hook}
	ctx, span := o.spans.begin(context.WithValue(ctx, accountKey{}, a), o.hook, &req)
	became := outcomeError
	defer func() {
		a.took = time.Since(began)
		o.metrics.answered(o.hook, operationName(req.Operation), became, a.took, a.patch)
		o.spans.end(span, a, became)
	}()
	response = o.handler.Handle(ctx, req)
	a.encode(&response)
	became = a.became(&response)
	if a.decision != nil {
		o.metrics.observe(a.decision, dryRun(&req))
	}
	a.took = time.Since(began)
	a.annotate(&response)
	if logger, worth := a.worth(ctx, became); worth {
		warnings := response.Warnings
		afterAnswer(ctx, func() { a.log(logger, became, warnings) })
	}
	return response
}

// patchRoom is more than the patches of most workloads take.
const patchRoom = 2 << 10

// encode writes the patch here, once, where its size is asked for.
func (a *account) encode(response *admission.Response) {
	if len(response.Patches) == 0 {
		return
	}
	data, err := appendPatch(make([]byte, 0, patchRoom), response.Patches)
	if err != nil { // said by admission.Webhook, which tries again
		return
	}
	patchType := admissionv1.PatchTypeJSONPatch
	a.patch, a.operations = len(data), len(response.Patches)
	response.Patch, response.PatchType, response.Patches = data, &patchType, nil
}

func (a *account) became(response *admission.Response) requestOutcome {
	switch {
	case a.err != nil:
		return outcomeOf(a.err)
	case response.Result != nil && response.Result.Code >= http.StatusInternalServerError:
		return outcomeError // a panic, after what was decided
	case a.decision != nil:
		return a.decision.became()
	case !response.Allowed:
		return outcomeError
	case len(response.Warnings) > 0:
		return outcomeWarned
	default:
		return outcomeAllowed
	}
}

func dryRun(req *admission.Request) bool { return req.DryRun != nil && *req.DryRun }

// Bounds of what a request may put into a line of the log.
const (
	maxName  = 253 // of an object; containers and namespaces have shorter ones
	maxUser  = 128
	maxField = 400
)
