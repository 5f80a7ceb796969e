package webhook_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/webhook"
)

// rolloutKinds has Argo's Rollout besides the standard kinds.
func rolloutKinds(t testing.TB) workload.Kinds {
	t.Helper()
	kinds, faults := workload.ParseKinds([]string{"Rollout.v1alpha1.argoproj.io=spec.template"})
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	return kinds
}

// asRollout makes a review of a Deployment one of a Rollout.
func asRollout(t testing.TB, in write) []byte {
	t.Helper()
	var review admissionv1.AdmissionReview
	if err := json.Unmarshal(in.review(), &review); err != nil {
		t.Fatal(err)
	}
	review.Request.Kind = metav1.GroupVersionKind{Group: "argoproj.io", Version: "v1alpha1", Kind: "Rollout"}
	data, err := json.Marshal(review)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func rollout(deployment string) string {
	return strings.Replace(deployment, `"apiVersion":"apps/v1","kind":"Deployment"`, `"apiVersion":"argoproj.io/v1alpha1","kind":"Rollout"`, 1)
}

func TestCustomKindIsAnsweredWhereItIsConfigured(t *testing.T) {
	w := newWorld(t, "1.2.0", "1.2.7")
	object := rollout(w.deployment("patch", "1.2.0"))
	if response := w.post(webhook.MutatePath, asRollout(t, write{object: object})); !response.Allowed || len(response.Patch) > 0 {
		t.Errorf("not configured: %+v", response)
	}
	w.kinds = rolloutKinds(t)
	w.serveWith(w.resolver)
	response := w.post(webhook.MutatePath, asRollout(t, write{object: object}))
	if got := w.images(apply(t, object, response.Patch)); got != "1.2.7" {
		t.Errorf("images %q, want 1.2.7", got)
	}
	bad := strings.Replace(object, `"patch"`, `"nonsense"`, 1)
	response = w.post(webhook.ValidatePath, asRollout(t, write{object: bad}))
	if response.Allowed || !strings.Contains(response.Result.Message, "metadata.annotations[garboard.dev/policy]") {
		t.Errorf("a bad policy: %+v", response.Result)
	}
	if response.Result.Details.Kind != "Rollout" || response.Result.Details.Group != "argoproj.io" {
		t.Errorf("it is refused as %+v", response.Result.Details)
	}
}

// A Rollout may take the template of a Deployment by reference, at once or later,
// and its CRD may let things in that no Deployment can have. A patch that does
// not apply is a request refused, whatever the failure policy.
func TestPatchAppliesToCustomObjectsWithoutATemplate(t *testing.T) {
	w := newWorld(t, "1.2.0", "1.2.7")
	w.kinds = rolloutKinds(t)
	w.serveWith(w.resolver)
	full := rollout(w.deployment("patch", "1.2.0"))
	response := w.post(webhook.MutatePath, asRollout(t, write{object: full}))
	stored := apply(t, full, response.Patch)
	var root map[string]any
	if err := json.Unmarshal([]byte(stored), &root); err != nil {
		t.Fatal(err)
	}
	// Written past admission: a bump, and no container to take it off for.
	annotations := root["spec"].(map[string]any)["template"].(map[string]any)["metadata"].(map[string]any)["annotations"].(map[string]any)
	annotations["garboard.dev/bump"] = "c0=1.2.8"
	bumped, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, old := range []string{"", stored, string(bumped)} {
		for _, spec := range []string{`{"workloadRef":{"kind":"Deployment","name":"web"}}`, `{"template":null}`, `{"template":"x"}`, `[]`, `null`, `{"template":{}}`, `{"template":{"metadata":null}}`} {
			root["spec"] = json.RawMessage(spec)
			object, err := json.Marshal(root)
			if err != nil {
				t.Fatal(err)
			}
			in := write{object: string(object), old: old}
			response := w.post(webhook.MutatePath, asRollout(t, in))
			if !response.Allowed {
				t.Errorf("%s: refused: %+v", spec, response.Result)
				continue
			}
			got := apply(t, in.object, response.Patch)
			var after map[string]any
			if err := json.Unmarshal([]byte(got), &after); err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(spec, `{"template":{`) {
				continue // there a template is, and may be annotated
			}
			var want any
			if err := json.Unmarshal([]byte(spec), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, after["spec"]); diff != "" {
				t.Errorf("%s after %.20q: the spec changed (-want +got):\n%s", spec, old, diff)
			}
		}
	}
}

// `kubectl argo rollouts undo` replaces the template alone, so that the object's
// annotations stay as they are.
func TestUndoOfARolloutIsObeyed(t *testing.T) {
	w := newWorld(t, "1.2.0", "1.2.7")
	w.kinds = rolloutKinds(t)
	w.serveWith(w.resolver)
	step := func(object, old, manager string) string {
		t.Helper()
		response := w.post(webhook.MutatePath, asRollout(t, write{object: object, old: old, manager: manager}))
		if !response.Allowed {
			t.Fatalf("refused: %+v", response.Result)
		}
		return apply(t, object, response.Patch)
	}
	manifest := rollout(w.deployment("patch", "1.2.0"))
	first := step(manifest, "", "kubectl-client-side-apply")
	w.push("1.2.8")
	bumped := strings.Replace(first, `"garboard.dev/resolved"`, `"garboard.dev/bump":"c0=1.2.8","garboard.dev/resolved"`, 1)
	second := step(bumped, first, "garboard-updater")
	if got := w.images(second); got != "1.2.8" {
		t.Fatalf("bumped to %s", got)
	}
	var was, is map[string]any
	for text, into := range map[string]*map[string]any{first: &was, second: &is} {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			t.Fatal(err)
		}
	}
	is["spec"].(map[string]any)["template"] = was["spec"].(map[string]any)["template"]
	undo, err := json.Marshal(is)
	if err != nil {
		t.Fatal(err)
	}
	third := step(string(undo), second, "")
	if got := w.images(third); got != "1.2.7" {
		t.Errorf("undone, it runs %s, want 1.2.7", got)
	}
	if got := fmt.Sprint(templateOf(t, third)); got != fmt.Sprint(was["spec"].(map[string]any)["template"]) {
		t.Errorf("the template is not the former one, to the letter: %s", got)
	}
}

func templateOf(t *testing.T, object string) any {
	t.Helper()
	var root map[string]any
	if err := json.Unmarshal([]byte(object), &root); err != nil {
		t.Fatal(err)
	}
	return root["spec"].(map[string]any)["template"]
}
