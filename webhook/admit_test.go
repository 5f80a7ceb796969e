package webhook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/google/go-containerregistry/pkg/name"
	ggcr "github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/prometheus/client_golang/prometheus"
	admissionv1 "k8s.io/api/admission/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/resolver/registry"
	"github.com/garboard-dev/garboard/webhook"
)

// world is a webhook with a real registry behind it.
type world struct {
	t        testing.TB
	host     string
	requests atomic.Int64
	fault    atomic.Pointer[http.HandlerFunc]
	mux      *http.ServeMux
	counted  *prometheus.Registry
	metrics  *webhook.Metrics
	resolver webhook.Resolver
	// namespaces replace those that the world has.
	namespaces webhook.Namespaces
	upstreams  webhook.Upstreams
	kinds      workload.Kinds
	helm       releases
}

// namespaces is the API server's part: one namespace that opted in.
type namespaces map[string]workload.Namespace

func (n namespaces) Namespace(_ context.Context, name string) (workload.Namespace, error) {
	namespace, ok := n[name]
	if !ok {
		return workload.Namespace{}, &webhook.NotFoundError{Namespace: name}
	}
	return namespace, nil
}

func newWorld(t testing.TB, tags ...string) *world {
	t.Helper()
	w := &world{t: t}
	backend := ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.requests.Add(1)
		if fault := w.fault.Load(); fault != nil {
			(*fault)(rw, r)
			return
		}
		backend.ServeHTTP(rw, r)
	}))
	t.Cleanup(func() {
		server.CloseClientConnections() // a test may leave one hanging
		server.Close()
	})
	w.host = strings.TrimPrefix(server.URL, "http://")
	w.push(tags...)
	client, err := registry.New(registry.Options{Private: []string{w.host}})
	if err != nil {
		t.Fatal(err)
	}
	w.resolver = resolver.New(client, resolver.Options{})
	w.serveWith(w.resolver)
	return w
}

// serveWith puts webhooks in front of a resolver.
func (w *world) serveWith(r webhook.Resolver) {
	w.t.Helper()
	w.serveBy(webhook.DeciderOptions{Resolver: r, UpdaterAccount: webhook.DefaultUpdaterAccount})
}

// serveBy puts webhooks in front of all that a decider asks.
func (w *world) serveBy(options webhook.DeciderOptions) {
	w.t.Helper()
	decider, err := webhook.NewDecider(options)
	if err != nil {
		w.t.Fatal(err)
	}
	w.counted = prometheus.NewRegistry()
	w.metrics, err = webhook.NewMetrics(w.counted)
	if err != nil {
		w.t.Fatal(err)
	}
	var known webhook.Namespaces = namespaces{
		"on":      workload.NamespaceOf("on", map[string]string{"garboard.dev/enabled": "true"}, nil),
		"enforce": workload.NamespaceOf("enforce", map[string]string{"garboard.dev/enabled": "true", "garboard.dev/validate": "enforce"}, nil),
		"off":     workload.NamespaceOf("off", nil, nil),
		"unjudged": workload.NamespaceOf("unjudged", map[string]string{"garboard.dev/enabled": "true", "garboard.dev/validate": "off"},
			map[string]string{"garboard.dev/pin": "maybe"}),
	}
	if w.namespaces != nil {
		known = w.namespaces
	}
	w.mux = http.NewServeMux()
	webhook.Register(muxer{w.mux}, &webhook.Mutate{Kinds: w.kinds, Decider: decider, Namespaces: known, Releases: &w.helm, Metrics: w.metrics}, &webhook.Validate{Kinds: w.kinds, Namespaces: known, Releases: &w.helm, Upstreams: w.upstreams})
}

type muxer struct{ *http.ServeMux }

func (m muxer) Register(path string, handler http.Handler) { m.Handle(path, handler) }

func (w *world) push(tags ...string) {
	w.t.Helper()
	for _, tag := range tags {
		image, err := random.Image(16, 1)
		if err != nil {
			w.t.Fatal(err)
		}
		reference, err := name.ParseReference(w.host + "/app:" + tag)
		if err != nil {
			w.t.Fatal(err)
		}
		if err := remote.Write(reference, image, remote.WithContext(w.t.Context())); err != nil {
			w.t.Fatal(err)
		}
	}
}

// write is one request of a writer.
type write struct {
	namespace   string
	object, old string
	manager     string
	user        string
}

func (w write) review() []byte {
	if w.namespace == "" {
		w.namespace = "on"
	}
	// The API server sends these options with every update, a PATCH too.
	options := fmt.Sprintf(`{"kind":"UpdateOptions","apiVersion":"meta.k8s.io/v1","fieldManager":%q}`, w.manager)
	review := admissionv1.AdmissionReview{
		TypeMeta: metav1.TypeMeta{APIVersion: "admission.k8s.io/v1", Kind: "AdmissionReview"},
		Request: &admissionv1.AdmissionRequest{
			UID: "1", Operation: admissionv1.Create, Namespace: w.namespace,
			Kind:     metav1.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"},
			UserInfo: authenticationv1.UserInfo{Username: w.user},
			Object:   runtime.RawExtension{Raw: []byte(w.object)}, Options: runtime.RawExtension{Raw: []byte(options)},
		},
	}
	if w.old != "" {
		review.Request.Operation = admissionv1.Update
		review.Request.OldObject.Raw = []byte(w.old)
	}
	data, err := json.Marshal(review)
	if err != nil {
		panic(err)
	}
	return data
}

// post sends a review over HTTP, as the API server does that waits as long as it ever does: what is
// no test of deadlines meets none on a busy machine.
func (w *world) post(path string, review []byte) *admissionv1.AdmissionResponse {
	w.t.Helper()
	return w.serve(w.t, path+"?timeout=30s", review)
}

func (w *world) serve(t testing.TB, url string, review []byte) *admissionv1.AdmissionResponse {
	t.Helper()
	body := w.answer(t, url, review)
	var answer admissionv1.AdmissionReview
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return answer.Response
}

// answer is the answer's JSON.
func (w *world) answer(t testing.TB, url string, review []byte) []byte {
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(review))
	request.Header.Set("Content-Type", "application/json")
	recorder := httptest.NewRecorder()
	w.mux.ServeHTTP(recorder, request)
	return recorder.Body.Bytes()
}

// mutate returns the object as the API server would store it, and what the
// writer was told.
func (w *world) mutate(in write) (stored string, response *admissionv1.AdmissionResponse) {
	w.t.Helper()
	response = w.post(webhook.MutatePath, in.review())
	if !response.Allowed {
		w.t.Fatalf("refused: %+v", response.Result)
	}
	return apply(w.t, in.object, response.Patch), response
}

func apply(t testing.TB, object string, operations []byte) string {
	t.Helper()
	if len(operations) == 0 {
		return object
	}
	patch, err := jsonpatch.DecodePatch(operations)
	if err != nil {
		t.Fatal(err)
	}
	patched, err := patch.Apply([]byte(object))
	if err != nil {
		t.Fatalf("the patch %s does not apply to %s: %v", operations, object, err)
	}
	return string(patched)
}

// deployment is a submitted Deployment with the containers' tags.
func (w *world) deployment(policy string, tags ...string) string {
	var containers []string
	for i, tag := range tags {
		containers = append(containers, fmt.Sprintf(`{"name":"c%d","image":"%s/app:%s","newField":{"kept":true}}`, i, w.host, tag))
	}
	return fmt.Sprintf(`{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"on","annotations":{"garboard.dev/policy":%q}},`+
		`"spec":{"template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[%s]}}}}`, policy, strings.Join(containers, ","))
}

// images reads the images of a stored object.
func (w *world) images(stored string) string {
	w.t.Helper()
	object := parse(w.t, stored)
	var tags []string
	for _, slot := range object.Slots() {
		tags = append(tags, strings.TrimPrefix(slot.Image, w.host+"/app:"))
	}
	return strings.Join(tags, " ")
}

func parse(t testing.TB, stored string) *workload.Object {
	t.Helper()
	kind, _ := workload.StandardKinds().For("apps", "Deployment")
	object, err := workload.Parse(kind, []byte(stored))
	if err != nil {
		t.Fatal(err)
	}
	return object
}
