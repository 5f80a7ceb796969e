package webhook

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/runtime"
	apijson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

// reviews answers reviews by a webhook of controller-runtime. That decodes a review twice,
// and passes over the objects in it four times for it, which is most of what a warm
// admission costs it; so a review as the API server writes it is read here, in one pass
// without its objects. Any other is the library's to read, or to refuse.
type reviews struct{ webhook *admission.Webhook }

// ServeHTTP answers one review.
func (h reviews) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	data, err := wholeOf(r)
	if err != nil {
		http.Error(w, "the request cannot be read", http.StatusBadRequest)
		return
	}
	request, ok := readReview(data)
	if !ok || r.Header.Get("Content-Type") != "application/json" {
		h.webhook.ServeHTTP(w, r)
		return
	}
	ctx := r.Context()
	if h.webhook.WithContextFunc != nil {
		ctx = h.webhook.WithContextFunc(ctx, r)
	}
	response := h.webhook.Handle(ctx, admission.Request{AdmissionRequest: *request})
	answer := admissionv1.AdmissionReview{Response: &response.AdmissionResponse}
	answer.SetGroupVersionKind(admissionv1.SchemeGroupVersion.WithKind("AdmissionReview"))
	if err := json.NewEncoder(w).Encode(&answer); err != nil {
		http.Error(w, fmt.Sprintf("writing the answer: %v", err), http.StatusInternalServerError)
	}
}

// wholeBody is a body that is in memory.
type wholeBody struct {
	bytes.Reader

	data []byte
}

func newWholeBody(data []byte) *wholeBody {
	b := &wholeBody{data: data}
	b.Reset(data)
	return b
}

// Close implements io.Closer.
func (*wholeBody) Close() error { return nil }

// wholeOf returns the body of a request, which can still be read afterwards. It is nil where
// the body is too large, which the library refuses.
func wholeOf(r *http.Request) ([]byte, error) {
	if body, ok := r.Body.(*wholeBody); ok {
		return body.data, nil
	}
	if r.Body == nil {
		return nil, nil
	}
	data, err := io.ReadAll(io.LimitReader(r.Body, MaxBody))
	if err != nil {
		return nil, err
	}
	if len(data) == MaxBody {
		r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(data), r.Body))
		return nil, nil
	}
	r.Body = newWholeBody(data)
	return data, nil
}

// readReview reads what a review of admission.k8s.io/v1 asks, exactly as the library would.
// ok is false for any other review, and for one that the API server would not write so.
func readReview(data []byte) (request *admissionv1.AdmissionRequest, ok bool) {
	without, objects, ok := cutObjects(data)
	if !ok {
		return nil, false
	}
	review := admissionv1.AdmissionReview{}
	if apijson.Unmarshal(without, &review) != nil || review.Request == nil ||
		review.APIVersion != admissionv1.SchemeGroupVersion.String() || review.Kind != "AdmissionReview" {
		return nil, false
	}
	request = review.Request
	for _, object := range objects {
		if !json.Valid(object.raw) {
			return nil, false
		}
		to := &request.Object
		if object.old {
			to = &request.OldObject
		}
		*to = runtime.RawExtension{Raw: object.raw}
	}
	return request, true
}
