package try

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	jsonpatch "github.com/evanphx/json-patch/v5"
	admissionv1 "k8s.io/api/admission/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/uuid"

	"github.com/garboard-dev/garboard/webhook"
)

// apiServer plays the API server and the Deployment controller for the one
// Deployment of the story: it asks the webhooks of every write, stores what they
// answer, and keeps the revisions of the pod template.
type apiServer struct {
	hooks *webhooks
	// stored is nil before it is created.
	stored    *unstructured.Unstructured
	revisions []revision
	// revision is the number of the last one.
	revision int
}

// revision is what a ReplicaSet keeps of the Deployment that it was made for.
type revision struct {
	number      int
	template    map[string]any
	annotations map[string]string
}

// write is what a client sends, already merged with what is stored.
type write struct {
	object        *unstructured.Unstructured
	user, manager string
	dryRun        bool
}

// answer is what became of a write.
type answer struct {
	// sent is what the webhooks were asked about, object what they made of it.
	sent     *unstructured.Unstructured
	object   *unstructured.Unstructured
	patch    []patchOperation
	warnings []string
}

// patchOperation is one of a JSON patch, as RFC 6902 has it.
type patchOperation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

// do admits a write and, unless it is a dry run, stores it.
func (s *apiServer) do(ctx context.Context, w write) (*answer, error) {
	object := w.object.DeepCopy()
	if s.stored == nil {
		object.SetUID(uuid.NewUUID())
		object.SetGeneration(1)
	}
	a := &answer{sent: object, object: object}
	mutated, err := s.ask(ctx, webhook.MutatePath, w, a)
	if err != nil {
		return nil, err
	}
	if a.object, a.patch, err = applyPatch(object, mutated.Patch); err != nil {
		return nil, err
	}
	if _, err := s.ask(ctx, webhook.ValidatePath, w, a); err != nil {
		return nil, err
	}
	if s.stored != nil && !reflect.DeepEqual(s.stored.Object["spec"], a.object.Object["spec"]) {
		a.object.SetGeneration(s.stored.GetGeneration() + 1)
	}
	if !w.dryRun {
		s.stored = a.object
		return a, s.roll()
	}
	return a, nil
}

// ask asks one webhook about the answer so far.
func (s *apiServer) ask(ctx context.Context, path string, w write, a *answer) (*admissionv1.AdmissionResponse, error) {
	kind := metav1.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}
	resource := metav1.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}
	request := &admissionv1.AdmissionRequest{
		UID: uuid.NewUUID(), Kind: kind, RequestKind: &kind, Resource: resource, RequestResource: &resource,
		Name: a.object.GetName(), Namespace: a.object.GetNamespace(), Operation: admissionv1.Create,
		UserInfo: authenticationv1.UserInfo{Username: w.user}, DryRun: &w.dryRun,
	}
	options := "CreateOptions"
	var err error
	if request.Object.Raw, err = a.object.MarshalJSON(); err != nil {
		return nil, fmt.Errorf("writing an admission request: %w", err)
	}
	if s.stored != nil {
		request.Operation, options = admissionv1.Update, "UpdateOptions"
		if request.OldObject.Raw, err = s.stored.MarshalJSON(); err != nil {
			return nil, fmt.Errorf("writing an admission request: %w", err)
		}
	}
	request.Options = runtime.RawExtension{Raw: fmt.Appendf(nil,
		`{"apiVersion":"meta.k8s.io/v1","kind":%q,"fieldManager":%q}`, options, w.manager)}
	response, err := s.hooks.review(ctx, path, request)
	if err != nil {
		return nil, err
	}
	if !response.Allowed {
		return nil, fmt.Errorf("webhook %q refused the write: %s", path, response.Result.Message)
	}
	a.warnings = append(a.warnings, response.Warnings...)
	return response, nil
}

// applyPatch applies what a webhook answers.
func applyPatch(object *unstructured.Unstructured, patch []byte) (*unstructured.Unstructured, []patchOperation, error) {
	if len(patch) == 0 {
		return object, nil, nil
	}
	var shown []patchOperation
	if err := json.Unmarshal(patch, &shown); err != nil {
		return nil, nil, fmt.Errorf("reading the webhook's patch: %w", err)
	}
	operations, err := jsonpatch.DecodePatch(patch)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the webhook's patch: %w", err)
	}
	text, err := object.MarshalJSON()
	if err != nil {
		return nil, nil, fmt.Errorf("applying the webhook's patch: %w", err)
	}
	if text, err = operations.Apply(text); err != nil {
		return nil, nil, fmt.Errorf("applying the webhook's patch: %w", err)
	}
	result := &unstructured.Unstructured{}
	if err := result.UnmarshalJSON(text); err != nil {
		return nil, nil, fmt.Errorf("applying the webhook's patch: %w", err)
	}
	return result, shown, nil
}

// roll notes the pod template's revision: one that comes back gets a new number,
// and its ReplicaSet takes over the Deployment's annotations.
func (s *apiServer) roll() error {
	template, _, err := unstructured.NestedMap(s.stored.Object, "spec", "template")
	if err != nil {
		return fmt.Errorf("reading the pod template: %w", err)
	}
	now := revision{number: s.revision, template: template, annotations: s.stored.GetAnnotations()}
	last := len(s.revisions) - 1
	if last >= 0 && reflect.DeepEqual(s.revisions[last].template, template) {
		s.revisions[last] = now
		return nil
	}
	s.revision++
	now.number = s.revision
	s.revisions = slices.DeleteFunc(s.revisions, func(r revision) bool { return reflect.DeepEqual(r.template, template) })
	s.revisions = append(s.revisions, now)
	return nil
}
