package chaos

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// mirror is a webhook of a policy engine that is called after ours and puts mirror/
// before the path of every image.
type mirror struct {
	server        *httptest.Server
	configuration *admissionregistrationv1.MutatingWebhookConfiguration
}

func newMirror(t *testing.T, namespace string) *mirror {
	t.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var review admissionv1.AdmissionReview
		d := &appsv1.Deployment{}
		err := json.NewDecoder(r.Body).Decode(&review)
		if err == nil {
			err = json.Unmarshal(review.Request.Object.Raw, d)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		review.Response = &admissionv1.AdmissionResponse{UID: review.Request.UID, Allowed: true}
		image := d.Spec.Template.Spec.Containers[0].Image
		if to := mirrored(image); to != image {
			review.Response.PatchType = ptr.To(admissionv1.PatchTypeJSONPatch)
			review.Response.Patch = fmt.Appendf(nil, `[{"op":"replace","path":"/spec/template/spec/containers/0/image","value":%q}]`, to)
		}
		review.Request = nil
		_ = json.NewEncoder(w).Encode(review) // the API server tells of an answer that breaks off
	}))
	t.Cleanup(server.Close)
	return &mirror{server, &admissionregistrationv1.MutatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: "kyverno-resource-mutating-webhook-cfg"},
		Webhooks: []admissionregistrationv1.MutatingWebhook{{
			Name: "mirror.example.com",
			ClientConfig: admissionregistrationv1.WebhookClientConfig{
				URL: &server.URL, CABundle: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}),
			},
			Rules: []admissionregistrationv1.RuleWithOperations{{
				Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create, admissionregistrationv1.Update},
				Rule:       admissionregistrationv1.Rule{APIGroups: []string{"apps"}, APIVersions: []string{"v1"}, Resources: []string{"deployments"}},
			}},
			NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: namespace}},
			// As it is where the engine itself comes and goes.
			FailurePolicy: ptr.To(admissionregistrationv1.Ignore), AdmissionReviewVersions: []string{"v1"},
			SideEffects: ptr.To(admissionregistrationv1.SideEffectClassNone),
		}},
	}}
}

// mirrored is an image under the mirror's path: what is there already stays.
func mirrored(image string) string {
	host, path, _ := strings.Cut(image, "/")
	return host + "/mirror/" + strings.TrimPrefix(path, "mirror/")
}

// comesAndGoes has all images rewritten for a while. No write may fail, and no image
// may go down.
func (t *troubles) comesAndGoes(ctx context.Context) error {
	configurations := t.client.AdmissionregistrationV1().MutatingWebhookConfigurations()
	created, err := configurations.Create(ctx, t.mirror.configuration, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	if err := t.after(ctx, int64(40+t.random.IntN(60))); err != nil {
		return err
	}
	return configurations.Delete(ctx, created.Name, metav1.DeleteOptions{})
}
