package e2e

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	admissionv1 "k8s.io/api/admission/v1"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// rewriting is what another webhook, or a policy of the API server, makes of images.
type rewriting struct {
	mirror bool // the registry's path mirror/ before the repository
	digest bool // the digest that the tag points at
	bare   bool // in place of the tag
}

// of is an image as it is rewritten: what is rewritten already stays.
func (r rewriting) of(ctx context.Context, image string) (string, error) {
	registry, path, _ := strings.Cut(image, "/")
	if r.mirror && !strings.HasPrefix(path, "mirror/") {
		path = "mirror/" + path
	}
	image = registry + "/" + path
	if !r.digest || strings.Contains(image, "@") {
		return image, nil
	}
	reference, err := name.NewTag(image, name.Insecure)
	if err != nil {
		return "", err
	}
	descriptor, err := remote.Head(reference, remote.WithContext(ctx))
	if err != nil {
		return "", err
	}
	if r.bare {
		image = reference.Repository.Name()
	}
	return image + "@" + descriptor.Digest.String(), nil
}

// rewriter serves webhooks that rewrite the images of Deployments, one a path.
type rewriter struct {
	server *httptest.Server
	ca     []byte
}

func newRewriter(t *testing.T) *rewriter {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		how := rewriting{
			mirror: strings.Contains(r.URL.Path, "mirror"), digest: strings.Contains(r.URL.Path, "digest"), bare: strings.Contains(r.URL.Path, "bare"),
		}
		var review admissionv1.AdmissionReview
		if err := json.NewDecoder(r.Body).Decode(&review); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		review.Response = how.answer(r.Context(), review.Request)
		review.Request = nil
		_ = json.NewEncoder(w).Encode(review) // the API server tells of an answer that breaks off
	}))
	server.StartTLS()
	t.Cleanup(server.Close)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	return &rewriter{server, ca}
}

func (r rewriting) answer(ctx context.Context, request *admissionv1.AdmissionRequest) *admissionv1.AdmissionResponse {
	response := &admissionv1.AdmissionResponse{UID: request.UID, Allowed: true}
	refuse := func(err error) *admissionv1.AdmissionResponse {
		response.Allowed, response.Result = false, &metav1.Status{Message: err.Error()}
		return response
	}
	d := &appsv1.Deployment{}
	if err := json.Unmarshal(request.Object.Raw, d); err != nil {
		return refuse(err)
	}
	var patch []map[string]any
	for i, c := range d.Spec.Template.Spec.Containers {
		image, err := r.of(ctx, c.Image)
		if err != nil {
			return refuse(err)
		}
		if image != c.Image {
			patch = append(patch, map[string]any{"op": "replace", "path": fmt.Sprintf("/spec/template/spec/containers/%d/image", i), "value": image})
		}
	}
	if len(patch) > 0 {
		data, err := json.Marshal(patch)
		if err != nil {
			return refuse(err)
		}
		response.Patch, response.PatchType = data, ptr.To(admissionv1.PatchTypeJSONPatch)
	}
	return response
}

// behind has the API server call a rewriting for the space's Deployments, after ours:
// under the name that Kyverno gives its own configuration.
func (r *rewriter) behind(s *space, path string, again admissionregistrationv1.ReinvocationPolicyType) {
	s.t.Helper()
	url := r.server.URL + "/" + path
	configuration := &admissionregistrationv1.MutatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: "kyverno-resource-mutating-webhook-cfg-" + s.name},
		Webhooks: []admissionregistrationv1.MutatingWebhook{{
			Name: "rewrite.e2e.garboard.dev", ClientConfig: admissionregistrationv1.WebhookClientConfig{URL: &url, CABundle: r.ca},
			Rules: []admissionregistrationv1.RuleWithOperations{{
				Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create, admissionregistrationv1.Update},
				Rule:       admissionregistrationv1.Rule{APIGroups: []string{"apps"}, APIVersions: []string{"v1"}, Resources: []string{"deployments"}},
			}},
			NamespaceSelector:  &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: s.name}},
			ReinvocationPolicy: &again, AdmissionReviewVersions: []string{"v1"}, TimeoutSeconds: ptr.To(int32(5)),
			SideEffects: ptr.To(admissionregistrationv1.SideEffectClassNone),
		}},
	}
	api := s.Client().AdmissionregistrationV1().MutatingWebhookConfigurations()
	if _, err := api.Create(s.t.Context(), configuration, metav1.CreateOptions{}); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if err := api.Delete(context.WithoutCancel(s.t.Context()), configuration.Name, metav1.DeleteOptions{}); err != nil {
			s.t.Error(err)
		}
	})
}

// before has the API server rewrite the images of the space's Deployments by a
// MutatingAdmissionPolicy, which it asks before all webhooks.
func before(s *space, again admissionregistrationv1.ReinvocationPolicyType) {
	s.t.Helper()
	const image = "object.spec.template.spec.containers[0].image"
	prefix := s.Registry + "/"
	policy := fmt.Sprintf(`apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicy
metadata: {name: mirror-%[1]s}
spec:
  failurePolicy: Fail
  reinvocationPolicy: %[2]s
  matchConstraints:
    namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: %[1]s}}
    resourceRules:
    - {apiGroups: [apps], apiVersions: [v1], resources: [deployments], operations: [CREATE, UPDATE]}
  matchConditions:
  - {name: elsewhere, expression: '!%[3]s.startsWith("%[4]smirror/")'}
  mutations:
  - patchType: JSONPatch
    jsonPatch:
      expression: '[JSONPatch{op: "replace", path: "/spec/template/spec/containers/0/image", value: %[3]s.replace("%[4]s", "%[4]smirror/", 1)}]'
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicyBinding
metadata: {name: mirror-%[1]s}
spec: {policyName: mirror-%[1]s}
`, s.name, again, image, prefix)
	s.must(policy, "apply", "-f", "-")
	s.t.Cleanup(func() {
		if _, _, err := s.Kubectl(context.WithoutCancel(s.t.Context()), policy, "delete", "-f", "-"); err != nil {
			s.t.Error(err)
		}
	})
}
