package skew

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/garboard-dev/garboard/test/cluster"
	"github.com/garboard-dev/garboard/test/installation"
)

// line leads to the cluster's registry, and can be cut.
type line struct {
	*httptest.Server
	cut atomic.Bool
}

func newLine(t *testing.T, registry string) *line {
	t.Helper()
	l, forward := &line{}, cluster.FrontOf(registry)
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if l.cut.Load() {
			panic(http.ErrAbortHandler)
		}
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(l.Close)
	return l
}

func (l *line) host() string { return l.Listener.Addr().String() }

// review asks a webhook, to which nothing leads, about a create of the application
// "indexed", and compares the tag that it answers and what it warns of.
func (u *upgrading) review(w *installation.Server, tag, warning string) {
	u.t.Helper()
	repository := u.registry.host() + "/" + namespace + "/indexed"
	object := `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"indexed","namespace":"` + namespace +
		`","annotations":{"garboard.dev/policy":"patch"}},"spec":{"containers":[{"name":"web","image":"` + repository + `:1.2.0"}]}}`
	body, err := json.Marshal(&admissionv1.AdmissionReview{
		TypeMeta: metav1.TypeMeta{APIVersion: "admission.k8s.io/v1", Kind: "AdmissionReview"},
		Request: &admissionv1.AdmissionRequest{
			UID: "1", Operation: admissionv1.Create, Namespace: namespace, Name: "indexed",
			Kind:     metav1.GroupVersionKind{Version: "v1", Kind: "Pod"},
			Resource: metav1.GroupVersionResource{Version: "v1", Resource: "pods"},
			Object:   runtime.RawExtension{Raw: []byte(object)},
		},
	})
	must(u.t, err)
	request, err := http.NewRequestWithContext(u.t.Context(), http.MethodPost, "https://"+w.Address+"/mutate?timeout=10s", bytes.NewReader(body))
	must(u.t, err)
	request.Header.Set("Content-Type", "application/json")
	// The certificate is for the Service's name, which leads elsewhere.
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	defer client.CloseIdleConnections()
	response, err := client.Do(request)
	must(u.t, err)
	defer response.Body.Close()
	var answer admissionv1.AdmissionReview
	must(u.t, json.NewDecoder(response.Body).Decode(&answer))
	if answer.Response == nil || !answer.Response.Allowed {
		u.t.Fatalf("the answer is %+v", answer.Response)
	}
	said := strings.Join(answer.Response.Warnings, "; ")
	if !strings.Contains(string(answer.Response.Patch), repository+":"+tag) || !strings.Contains(said, warning) {
		u.t.Errorf("the answer is the patch %s and the warnings %q, want %s and %q", answer.Response.Patch, said, tag, warning)
	}
}
