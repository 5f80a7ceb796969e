package webhook

import (
	"net/http"

	admissionv1 "k8s.io/api/admission/v1"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

// TimeoutsOf is the HTTP server that a Server of the options runs.
func TimeoutsOf(o ServerOptions) *http.Server { return httpServer(o) }

// ReviewsOf answers reviews by a webhook.
func ReviewsOf(w *admission.Webhook) http.Handler { return reviews{w} }

// ReadReview reads a review, if it is written as the API server writes them.
func ReadReview(data []byte) (*admissionv1.AdmissionRequest, bool) { return readReview(data) }
