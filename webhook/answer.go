package webhook

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/garboard-dev/garboard/internal/printable"
	"github.com/garboard-dev/garboard/resolver"
)

// skipError says that a request is none of ours.
type skipError struct{ reason string }

func (e *skipError) Error() string { return "skipping: " + e.reason }

// requestError says that a request cannot be read.
type requestError struct{ err error }

func (e *requestError) Error() string { return fmt.Sprintf("reading request: %v", e.err) }
func (e *requestError) Unwrap() error { return e.err }

// NotFoundError says that a namespace does not exist.
type NotFoundError struct{ Namespace string }

func (e *NotFoundError) Error() string {
	return fmt.Sprintf("namespace %q does not exist", e.Namespace)
}

// unresolvableError says that a container could not be resolved in a workload
// that asks for a refusal then.
type unresolvableError struct {
	container string
	err       error
}

func (e *unresolvableError) Error() string {
	return fmt.Sprintf("%s: %s, and onUnresolvable is deny", printable.Escape(e.container, maxField), resolver.Summary(e.err))
}
func (e *unresolvableError) Unwrap() error { return e.err }

// answerError maps an error to what the API server is told. A request that is none
// of ours goes through; one that we fail at is an error of the webhook, so
// that the failure policy decides.
func answerError(ctx context.Context, err error) admission.Response {
	accountOf(ctx).err = err
	var (
		skip         *skipError
		malformed    *requestError
		missing      *NotFoundError
		unresolvable *unresolvableError
		invalid      *invalidError
	)
	switch {
	case errors.As(err, &skip), errors.As(err, &missing):
		return admission.Allowed("")
	case errors.As(err, &malformed):
		log.FromContext(ctx).Error(err, "request refused")
		return admission.Errored(http.StatusBadRequest, err)
	case errors.As(err, &unresolvable):
		return admission.Denied(err.Error())
	case errors.Is(err, context.DeadlineExceeded):
		log.FromContext(ctx).Info("request ran out of time", "doing", err.Error())
		tooLate(ctx)
		return admission.Errored(http.StatusServiceUnavailable, err)
	case errors.As(err, &invalid):
		response := admission.Denied("")
		status := invalid.status.Status()
		response.Result = &status
		return response
	default:
		log.FromContext(ctx).Error(err, "request failed")
		response := admission.Errored(http.StatusInternalServerError, err)
		response.Result.Reason = metav1.StatusReasonInternalError
		return response
	}
}
