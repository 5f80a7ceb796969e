package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/garboard-dev/garboard/internal/manifest"
	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/resolver/registry"
	"github.com/garboard-dev/garboard/webhook"
)

// template is a pod template with the images, each in a place of its own.
const template = `{spec: {
  initContainers: [{name: init, image: HOST/shop:1.0.0}],
  containers: [
    {name: shop, image: "HOST/shop:1.2.0"},
    {name: proxy, image: "HOST/proxy:2.0.0@sha256:4c0d98bf9879488e0407f897d9dd4bf758555a78e39675e72b5124ccf12c2580"},
    {name: odd, image: "HOST/shop:latest"}, {name: gone, image: "HOST/gone:1.0.0"}, {name: bare, image: HOST/proxy}],
  volumes: [{name: data, image: {reference: HOST/proxy:2.0.0}}]}}`

// customKinds have their pod template where a Deployment has it, and elsewhere.
const customKinds = "Rollout.v1alpha1.argoproj.io=spec.template,Batch.v1.jobs.example.com=spec.jobTemplate.spec.template"

func governed(t *testing.T) workload.Kinds {
	t.Helper()
	kinds, faults := workload.ParseKinds(strings.Split(customKinds, ","))
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	return kinds
}

// What the command prints is what admission stores at create, of every kind
// and for settings from every place.
func TestResolveIsWhatAdmissionDoesAtCreate(t *testing.T) {
	s := newTagServer(t, "shop:1.0.0", "shop:1.2.0", "shop:1.2.9", "shop:1.3.0-rc.1", "shop:2.0.0", "shop:latest", "proxy:2.0.0", "proxy:2.1.0", "proxy:latest")
	namespace := workload.NamespaceOf("team", map[string]string{workload.LabelEnabled: "true"},
		map[string]string{"garboard.dev/policy": "minor", "garboard.dev/exclude": "1.2.9"})
	admit := s.admission(namespace)
	for _, kind := range governed(t).All() {
		for name, annotations := range map[string]string{
			"the namespace's defaults": `{}`,
			"its own policy":           `{garboard.dev/policy: major, garboard.dev/policy.proxy: never, garboard.dev/pin: digest}`,
			"forced":                   `{garboard.dev/policy: force}`,
			"Keel's keys":              `{keel.sh/policy: all, keel.sh/matchPreRelease: "false", keel.sh/initContainers: "false"}`,
			"an exported manifest":     `{garboard.dev/policy: minor, garboard.dev/resolved: "shop=1.2.0"}`,
			"a fault":                  `{garboard.dev/policy: minor, garboard.dev/filter: "["}`,
		} {
			t.Run(kind.GroupVersionKind.Kind+"/"+name, func(t *testing.T) {
				s.t = t
				text := s.fill(objectOf(kind, annotations))
				namespaceText := "\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: team, annotations: {garboard.dev/policy: minor, garboard.dev/exclude: 1.2.9}}\n"

				code, out, errOut := s.resolve(nil, text+namespaceText, "--custom-kinds="+customKinds)

				if code != 0 {
					t.Fatalf("code %d: %s", code, errOut)
				}
				got, want := images(t, s.fill(out)), admit(t, kind, text)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("images (-admission +command):\n%s", diff)
				}
			})
		}
	}
}

// objectOf is a manifest of the kind.
func objectOf(kind workload.Kind, annotations string) string {
	body := template
	for i := len(kind.Template) - 1; i >= 0; i-- {
		body = "{" + kind.Template[i] + ": " + body + "}"
	}
	if kind.Template == nil {
		body = strings.TrimSpace(template)
	}
	body = strings.TrimSuffix(strings.TrimPrefix(body, "{"), "}")
	return fmt.Sprintf("{apiVersion: %s, kind: %s, metadata: {name: a, namespace: team, annotations: %s}, %s}",
		kind.GroupVersion(), kind.GroupVersionKind.Kind, annotations, body)
}

// images are those of the first manifest in a text, by slot.
func images(t *testing.T, text string) map[string]string {
	t.Helper()
	stream, err := manifest.Parse("output", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	object, ok := governed(t).FromMap(stream.Documents()[0].Object)
	if !ok {
		t.Fatalf("no workload: %s", text)
	}
	found := map[string]string{}
	for _, slot := range object.Slots() {
		found[slot.Key()] = slot.Image
	}
	if len(found) == 0 {
		t.Fatalf("no images: %s", text)
	}
	return found
}

type oneNamespace struct{ it workload.Namespace }

func (n oneNamespace) Namespace(context.Context, string) (workload.Namespace, error) {
	return n.it, nil
}

type endpoints map[string]http.Handler

func (e endpoints) Register(path string, handler http.Handler) { e[path] = handler }

// admission returns a function that creates an object past a webhook, and
// gives the images that are stored.
func (s *tagServer) admission(namespace workload.Namespace) func(t *testing.T, kind workload.Kind, text string) map[string]string {
	s.t.Helper()
	client, err := registry.New(registry.Options{Private: []string{s.host}})
	if err != nil {
		s.t.Fatal(err)
	}
	decider, err := webhook.NewDecider(webhook.DeciderOptions{Resolver: resolver.New(client, resolver.Options{})})
	if err != nil {
		s.t.Fatal(err)
	}
	metrics, err := webhook.NewMetrics(prometheus.NewRegistry())
	if err != nil {
		s.t.Fatal(err)
	}
	served := endpoints{}
	namespaces := oneNamespace{namespace}
	webhook.Register(served, &webhook.Mutate{Kinds: governed(s.t), Decider: decider, Namespaces: namespaces, Metrics: metrics}, &webhook.Validate{Kinds: governed(s.t), Namespaces: namespaces})
	return func(t *testing.T, kind workload.Kind, text string) map[string]string {
		t.Helper()
		object, err := yaml.YAMLToJSON([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		response := create(t, served[webhook.MutatePath], kind, object)
		if !response.Allowed {
			t.Fatalf("refused: %+v", response.Result)
		}
		if len(response.Patch) > 0 {
			patch, err := jsonpatch.DecodePatch(response.Patch)
			if err != nil {
				t.Fatal(err)
			}
			if object, err = patch.Apply(object); err != nil {
				t.Fatal(err)
			}
		}
		return images(t, string(object))
	}
}

// create sends the review of a CREATE, as the API server does.
func create(t *testing.T, endpoint http.Handler, kind workload.Kind, object []byte) *admissionv1.AdmissionResponse {
	t.Helper()
	review, err := json.Marshal(admissionv1.AdmissionReview{
		TypeMeta: metav1.TypeMeta{APIVersion: "admission.k8s.io/v1", Kind: "AdmissionReview"},
		Request: &admissionv1.AdmissionRequest{
			UID: "1", Operation: admissionv1.Create, Namespace: "team",
			Kind:    metav1.GroupVersionKind(kind.GroupVersionKind),
			Object:  runtime.RawExtension{Raw: object},
			Options: runtime.RawExtension{Raw: []byte(`{"kind":"CreateOptions","apiVersion":"meta.k8s.io/v1"}`)},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, webhook.MutatePath+"?timeout=5s", bytes.NewReader(review))
	request.Header.Set("Content-Type", "application/json")
	recorder := httptest.NewRecorder()
	endpoint.ServeHTTP(recorder, request)
	var answer admissionv1.AdmissionReview
	if err := json.Unmarshal(recorder.Body.Bytes(), &answer); err != nil {
		t.Fatalf("%v: %s", err, recorder.Body)
	}
	return answer.Response
}
