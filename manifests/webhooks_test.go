package manifests_test

import (
	"bytes"
	"os"
	"testing"

	cmv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	"github.com/google/go-cmp/cmp"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/garboard-dev/garboard/certs/certmanager"
)

// scope is what decides whether a request comes to a webhook.
type scope struct {
	Namespaces *metav1.LabelSelector
	Objects    *metav1.LabelSelector
	Rules      []admissionregistrationv1.RuleWithOperations
	Conditions []admissionregistrationv1.MatchCondition
	Match      *admissionregistrationv1.MatchPolicyType
	Failure    *admissionregistrationv1.FailurePolicyType
	Timeout    *int32
	Effects    *admissionregistrationv1.SideEffectClass
	Versions   []string
}

func mutateScope(w admissionregistrationv1.MutatingWebhook) scope {
	return scope{w.NamespaceSelector, w.ObjectSelector, w.Rules, w.MatchConditions, w.MatchPolicy,
		w.FailurePolicy, w.TimeoutSeconds, w.SideEffects, w.AdmissionReviewVersions}
}

func validateScope(w admissionregistrationv1.ValidatingWebhook) scope {
	return scope{w.NamespaceSelector, w.ObjectSelector, w.Rules, w.MatchConditions, w.MatchPolicy,
		w.FailurePolicy, w.TimeoutSeconds, w.SideEffects, w.AdmissionReviewVersions}
}

func rule(group string, level admissionregistrationv1.ScopeType, resources ...string) admissionregistrationv1.RuleWithOperations {
	return admissionregistrationv1.RuleWithOperations{
		Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create, admissionregistrationv1.Update},
		Rule: admissionregistrationv1.Rule{
			APIGroups: []string{group}, APIVersions: []string{"v1"}, Resources: resources, Scope: &level,
		},
	}
}

// wantScope is the scope of the design, spelled out once more: a change of it is
// to be seen in two places.
func wantScope(failure admissionregistrationv1.FailurePolicyType) scope {
	match, effects, timeout := admissionregistrationv1.Equivalent, admissionregistrationv1.SideEffectClassNone, int32(5)
	return scope{
		Namespaces: &metav1.LabelSelector{
			MatchLabels: map[string]string{"garboard.dev/enabled": "true"},
			MatchExpressions: []metav1.LabelSelectorRequirement{{
				Key: corev1.LabelMetadataName, Operator: metav1.LabelSelectorOpNotIn,
				Values: []string{"garboard", "cert-manager", "kube-system", "kube-node-lease"},
			}},
		},
		Rules: []admissionregistrationv1.RuleWithOperations{
			rule("apps", admissionregistrationv1.NamespacedScope, "daemonsets", "deployments", "replicasets", "statefulsets"),
			rule("", admissionregistrationv1.NamespacedScope, "pods", "replicationcontrollers"),
			rule("batch", admissionregistrationv1.NamespacedScope, "cronjobs", "jobs"),
		},
		Conditions: []admissionregistrationv1.MatchCondition{{
			Name: "not-owned-by-a-controller",
			Expression: "!has(object.metadata.ownerReferences) || " +
				"!object.metadata.ownerReferences.exists(owner, has(owner.controller) && owner.controller)",
		}},
		Match: &match, Failure: &failure, Timeout: &timeout, Effects: &effects, Versions: []string{"v1"},
	}
}

func TestWebhookScopes(t *testing.T) {
	tests := map[string]struct {
		objects []client.Object
		want    scope
	}{
		"the install manifest fails closed for workloads":     {install(t), wantScope(admissionregistrationv1.Fail)},
		"overlays/ignore differs in the failure policy alone": {rendered(t, "overlays/ignore"), wantScope(admissionregistrationv1.Ignore)},
		"overlays/files has the same scope":                   {rendered(t, "overlays/files"), wantScope(admissionregistrationv1.Fail)},
		"overlays/admission-policy has the same scope":        {rendered(t, "overlays/admission-policy"), wantScope(admissionregistrationv1.Fail)},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			mutating := one[*admissionregistrationv1.MutatingWebhookConfiguration](t, tc.objects, "garboard").Webhooks
			if len(mutating) != 1 || mutating[0].Name != "mutate.garboard.dev" {
				t.Fatalf("mutating webhooks: got %+v, want mutate.garboard.dev alone", mutating)
			}
			if diff := cmp.Diff(tc.want, mutateScope(mutating[0])); diff != "" {
				t.Errorf("mutating scope (-want +got):\n%s", diff)
			}
			if got := mutating[0].ReinvocationPolicy; got == nil || *got != admissionregistrationv1.IfNeededReinvocationPolicy {
				t.Errorf("reinvocation policy: got %v, want %v", got, admissionregistrationv1.IfNeededReinvocationPolicy)
			}

			validating := one[*admissionregistrationv1.ValidatingWebhookConfiguration](t, tc.objects, "garboard").Webhooks
			if len(validating) != 2 || validating[0].Name != "validate.garboard.dev" {
				t.Fatalf("validating webhooks: got %+v, want validate.garboard.dev and one for namespaces", validating)
			}
			if diff := cmp.Diff(tc.want, validateScope(validating[0])); diff != "" {
				t.Errorf("validating scope (-want +got):\n%s", diff)
			}
		})
	}
}

// The reference to a controller is the writer's own: where images are enforced,
// it counts only where one of kube-system's controllers or a kubelet writes it.
func TestEnforceLooksAtTheWriterOfOwnedObjects(t *testing.T) {
	objects := rendered(t, "overlays/enforce")
	want := wantScope(admissionregistrationv1.Fail)
	mutating := one[*admissionregistrationv1.MutatingWebhookConfiguration](t, objects, "garboard").Webhooks[0]
	if diff := cmp.Diff(want, mutateScope(mutating)); diff != "" {
		t.Errorf("mutating scope (-want +got):\n%s", diff)
	}
	want.Conditions = []admissionregistrationv1.MatchCondition{{
		Name: "not-written-by-a-controller-of-kube-system",
		Expression: want.Conditions[0].Expression + " || !(request.userInfo.username == 'system:kube-controller-manager' || " +
			"request.userInfo.username.startsWith('system:serviceaccount:kube-system:') || " +
			"request.userInfo.username.startsWith('system:node:'))",
	}}
	validating := one[*admissionregistrationv1.ValidatingWebhookConfiguration](t, objects, "garboard").Webhooks
	if diff := cmp.Diff(want, validateScope(validating[0])); diff != "" {
		t.Errorf("validating scope (-want +got):\n%s", diff)
	}
	if got := len(validating[1].MatchConditions); got > 0 {
		t.Errorf("the namespaces' webhook has %d conditions, want none", got)
	}
}

// An outage of Garboard must never block a namespace.
func TestNamespaceWebhookOnlyWarns(t *testing.T) {
	got := one[*admissionregistrationv1.ValidatingWebhookConfiguration](t, install(t), "garboard").Webhooks[1]
	if got.Name != "validate-namespace.garboard.dev" {
		t.Errorf("name: got %q, want %q", got.Name, "validate-namespace.garboard.dev")
	}
	want := wantScope(admissionregistrationv1.Ignore)
	want.Rules = []admissionregistrationv1.RuleWithOperations{rule("", admissionregistrationv1.ClusterScope, "namespaces")}
	want.Conditions = nil
	if diff := cmp.Diff(want, validateScope(got)); diff != "" {
		t.Errorf("scope (-want +got):\n%s", diff)
	}
}

func TestWebhooksAreReachedThroughTheService(t *testing.T) {
	objects := install(t)
	service := one[*corev1.Service](t, objects, "garboard-webhook")
	paths := map[string]string{}
	check := func(name string, c admissionregistrationv1.WebhookClientConfig) {
		if c.URL != nil || c.Service == nil || c.Service.Path == nil || c.Service.Port == nil {
			t.Fatalf("%s: client configuration: got %+v, want a service with path and port", name, c)
		}
		if c.Service.Name != service.Name || c.Service.Namespace != service.Namespace || *c.Service.Port != service.Spec.Ports[0].Port {
			t.Errorf("%s: service: got %+v, want %s/%s", name, c.Service, service.Namespace, service.Name)
		}
		paths[name] = *c.Service.Path
	}
	for _, w := range one[*admissionregistrationv1.MutatingWebhookConfiguration](t, objects, "garboard").Webhooks {
		check(w.Name, w.ClientConfig)
	}
	for _, w := range one[*admissionregistrationv1.ValidatingWebhookConfiguration](t, objects, "garboard").Webhooks {
		check(w.Name, w.ClientConfig)
	}
	want := map[string]string{
		"mutate.garboard.dev": "/mutate", "validate.garboard.dev": "/validate", "validate-namespace.garboard.dev": "/validate",
	}
	if diff := cmp.Diff(want, paths); diff != "" {
		t.Errorf("paths (-want +got):\n%s", diff)
	}
}

// A caBundle in the manifest, even an empty one, would be written over
// cainjector's at each apply, and every call would fail until it is back.
func TestCABundleIsLeftToCertManager(t *testing.T) {
	text, err := os.ReadFile(installFile)
	must(t, err)
	if bytes.Contains(text, []byte("caBundle")) {
		t.Error("install.yaml spells caBundle")
	}
	objects := install(t)
	serving := one[*cmv1.Certificate](t, objects, certmanager.Serving)
	want := serving.Namespace + "/" + serving.Name
	for _, o := range webhookConfigurations(t, objects) {
		if got := o.GetAnnotations()[cmv1.WantInjectAnnotation]; got != want {
			t.Errorf("%T: %s: got %q, want %q", o, cmv1.WantInjectAnnotation, got, want)
		}
	}
}

func TestOverlayFilesNeedsNoCertManager(t *testing.T) {
	objects := rendered(t, "overlays/files")
	for _, o := range objects {
		if group := o.GetObjectKind().GroupVersionKind().Group; group == cmv1.SchemeGroupVersion.Group {
			t.Errorf("%T %q is still there", o, o.GetName())
		}
	}
	for _, o := range webhookConfigurations(t, objects) {
		if got := o.GetAnnotations(); len(got) != 0 {
			t.Errorf("%T: annotations: got %v, want none", o, got)
		}
	}
	if got, want := len(objects), len(install(t))-len(certmanager.Objects(certmanager.Options{})); got != want {
		t.Errorf("objects: got %d, want %d", got, want)
	}
}

func webhookConfigurations(t *testing.T, objects []client.Object) []client.Object {
	t.Helper()
	return []client.Object{
		one[*admissionregistrationv1.MutatingWebhookConfiguration](t, objects, "garboard"),
		one[*admissionregistrationv1.ValidatingWebhookConfiguration](t, objects, "garboard"),
	}
}
