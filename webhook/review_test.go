package webhook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admission/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/garboard-dev/garboard/webhook"
)

// reviewed is what became of a review: what a handler was given, and the answer.
type reviewed struct {
	Request *admission.Request
	Status  int
	Answer  string
}

// reviewedBy sends a review to a webhook that echoes a part of it.
func reviewedBy(t testing.TB, by func(*admission.Webhook) http.Handler, contentType string, review []byte) reviewed {
	t.Helper()
	var got reviewed
	handler := by(&admission.Webhook{Handler: admission.HandlerFunc(func(_ context.Context, req admission.Request) admission.Response {
		got.Request = &req
		return admission.Allowed(req.Name).WithWarnings("<" + req.Namespace + ">")
	})})
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", bytes.NewReader(review))
	request.Header.Set("Content-Type", contentType)
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	got.Status, got.Answer = recorder.Code, recorder.Body.String()
	return got
}

func byLibrary(w *admission.Webhook) http.Handler { return w }

// fullReview has all that the API server ever sends.
func fullReview(t testing.TB, object, old string) string {
	t.Helper()
	kind := metav1.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}
	resource := metav1.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}
	text, err := json.Marshal(admissionv1.AdmissionReview{
		TypeMeta: metav1.TypeMeta{APIVersion: "admission.k8s.io/v1", Kind: "AdmissionReview"},
		Request: &admissionv1.AdmissionRequest{
			UID: "705ab4f5-6393-11e8-b7cc-42010a800002", Kind: kind, Resource: resource, SubResource: "scale",
			RequestKind: &kind, RequestResource: &resource, RequestSubResource: "scale",
			Name: "web", Namespace: "on", Operation: admissionv1.Update, DryRun: ptr.To(true),
			UserInfo: authenticationv1.UserInfo{
				Username: "jürgen@example.com", UID: "1", Groups: []string{"a", "system:authenticated"},
				Extra: map[string]authenticationv1.ExtraValue{"scopes": {"x", "y"}},
			},
			Object: runtime.RawExtension{Raw: []byte(object)}, OldObject: runtime.RawExtension{Raw: []byte(old)},
			Options: runtime.RawExtension{Raw: []byte(`{"kind":"UpdateOptions","apiVersion":"meta.k8s.io/v1","fieldManager":"kubectl"}`)},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// reviewTexts are reviews of all sorts, and whether they are read here.
func reviewTexts(t testing.TB) map[string]struct {
	text string
	here bool
} {
	t.Helper()
	full := fullReview(t, `{"metadata":{"name":"web"},"spec":{"a":[1,{"b":"\"}"}]}}`, `{}`)
	with := func(from, to string) string { return strings.Replace(full, from, to, 1) }
	spaced := new(bytes.Buffer)
	if err := json.Indent(spaced, []byte(full), " ", "\t"); err != nil {
		t.Fatal(err)
	}
	return map[string]struct {
		text string
		here bool
	}{
		"all that there is":                   {full, true},
		"white space":                         {spaced.String() + "\r\n ", true},
		"no objects":                          {`{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"1"}}`, true},
		"no object, as at a deletion":         {with(`"object":{`, `"object":null,"other":{`), true},
		"an object that is a number":          {with(`"oldObject":{}`, `"oldObject":-1.5e3`), true},
		"an object that is a text":            {with(`"oldObject":{}`, `"oldObject":"}\\\""`), true},
		"a field that nothing is known of":    {with(`"uid":`, `"object2":[{}],"uid":`), true},
		"the old version":                     {with("admission.k8s.io/v1", "admission.k8s.io/v1beta1"), false},
		"another kind":                        {with("AdmissionReview", "Review"), false},
		"no kind":                             {with(`"kind":"AdmissionReview",`, ""), false},
		"a kind in other letters beside":      {with(`{"kind"`, `{"KIND":"Pod","kind"`), false},
		"no request":                          {`{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}`, false},
		"a request that is null":              {`{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":null}`, false},
		"two requests":                        {with(`"request":`, `"request":{"uid":"2","name":"other"},"request":`), false},
		"an object twice":                     {with(`"oldObject":{}`, `"object":{"a":1}`), false},
		"an object and null":                  {with(`"oldObject":{}`, `"object":null`), false},
		"null and an object":                  {with(`"object":{`, `"object":null,"object":{`), true},
		"a key with escapes":                  {with(`"oldObject":{}`, `"oldObj\u0065ct":{}`), false},
		"a key in other letters":              {with(`"oldObject":{}`, `"oldobject":{}`), true},
		"an object that is no JSON":           {with(`"oldObject":{}`, `"oldObject":{a}`), false},
		"an object with the wrong bracket":    {with(`"oldObject":{}`, `"oldObject":[}`), false},
		"an object with a word too many":      {with(`"oldObject":{}`, `"oldObject":1 2`), false},
		"an object without a value":           {with(`"oldObject":{}`, `"oldObject":`), false},
		"an object that never ends":           {`{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"1","object":{"a":[`, false},
		"a text that never ends":              {`{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"1","object":"a\`, false},
		"a name that is a number":             {with(`"name":"web","namespace"`, `"name":1,"namespace"`), false},
		"more behind it":                      {full + "{}", false},
		"nothing":                             {"", false},
		"null":                                {"null", false},
		"an object that is nested too deeply": {with(`"oldObject":{}`, `"oldObject":`+strings.Repeat("[", 9999)+strings.Repeat("]", 9999)), false},
	}
}

// What is read here of a review is what controller-runtime reads of it, and all that it
// refuses is refused in its own words.
func TestReviewsAreReadAsTheLibraryReadsThem(t *testing.T) {
	for name, test := range reviewTexts(t) {
		t.Run(name, func(t *testing.T) {
			if _, here := webhook.ReadReview([]byte(test.text)); here != test.here {
				t.Errorf("read here: %v, want %v", here, test.here)
			}
			for _, contentType := range []string{"application/json", "text/plain"} {
				want := reviewedBy(t, byLibrary, contentType, []byte(test.text))
				if diff := cmp.Diff(want, reviewedBy(t, webhook.ReviewsOf, contentType, []byte(test.text))); diff != "" {
					t.Errorf("as %s, library and here: %s", contentType, diff)
				}
			}
		})
	}
}

// The library's bound of a body holds whatever is in it.
func TestReviewOverTheLibrarysBoundIsRefused(t *testing.T) {
	full := fullReview(t, `{}`, `{}`)
	for name, spaces := range map[string]int{"just below": webhook.MaxBody - 1 - len(full), "at it": webhook.MaxBody - len(full), "over": webhook.MaxBody} {
		t.Run(name, func(t *testing.T) {
			text := []byte(full + strings.Repeat(" ", spaces))
			want := reviewedBy(t, byLibrary, "application/json", text)
			if diff := cmp.Diff(want, reviewedBy(t, webhook.ReviewsOf, "application/json", text)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func FuzzReview(f *testing.F) {
	for _, test := range reviewTexts(f) {
		f.Add([]byte(test.text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		want := reviewedBy(t, byLibrary, "application/json", text)
		if diff := cmp.Diff(want, reviewedBy(t, webhook.ReviewsOf, "application/json", text)); diff != "" {
			t.Errorf("library and here: %s", diff)
		}
	})
}
