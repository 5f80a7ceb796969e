package manifests_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/garboard-dev/garboard/internal/workload"
)

const customKindsFlag = "--custom-kinds="

// customRules are the component's, spelled out once more.
func customRules() []admissionregistrationv1.RuleWithOperations {
	rollouts := rule("argoproj.io", admissionregistrationv1.NamespacedScope, "rollouts")
	clonesets := rule("apps.kruise.io", admissionregistrationv1.NamespacedScope, "clonesets")
	rollouts.APIVersions, clonesets.APIVersions = []string{"v1alpha1"}, []string{"v1alpha1"}
	return []admissionregistrationv1.RuleWithOperations{rollouts, clonesets}
}

func TestCustomKindsAddRulesToBothWebhooks(t *testing.T) {
	objects := rendered(t, "overlays/custom-kinds")
	want := wantScope(admissionregistrationv1.Fail)
	want.Rules = append(want.Rules, customRules()...)
	mutating := one[*admissionregistrationv1.MutatingWebhookConfiguration](t, objects, "garboard").Webhooks
	validating := one[*admissionregistrationv1.ValidatingWebhookConfiguration](t, objects, "garboard").Webhooks
	for name, got := range map[string]scope{mutating[0].Name: mutateScope(mutating[0]), validating[0].Name: validateScope(validating[0])} {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// The kinds of the argument are those of the rules: any other is governed in
// vain, or asked about in vain.
func TestCustomKindsOfTheArgumentAreThoseOfTheRules(t *testing.T) {
	objects := rendered(t, "overlays/custom-kinds")
	var want []string
	for _, r := range customRules() {
		want = append(want, fmt.Sprintf("%s.%s.%s at spec.template", r.Resources[0], r.APIVersions[0], r.APIGroups[0]))
	}
	for _, deployment := range []string{webhookName, updaterName} {
		var entries []string
		for _, arg := range container(t, objects, deployment).Args {
			if list, ok := strings.CutPrefix(arg, customKindsFlag); ok {
				entries = append(entries, strings.Split(list, ",")...)
			}
		}
		kinds, faults := workload.ParseKinds(entries)
		if len(faults) > 0 {
			t.Errorf("%s: %v", deployment, faults)
		}
		var got []string
		for _, kind := range kinds.All() {
			if kinds.Custom(kind) {
				resource, _ := meta.UnsafeGuessKindToResource(kind.GroupVersionKind)
				got = append(got, fmt.Sprintf("%s.%s.%s at %s", resource.Resource, resource.Version, resource.Group, strings.Join(kind.Template, ".")))
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-rules +argument):\n%s", deployment, diff)
		}
	}
}

// All else is the base: two rights, and one argument a Deployment.
func TestCustomKindsChangeNothingElse(t *testing.T) {
	base, with := install(t), rendered(t, "overlays/custom-kinds")
	want := append(rights(t, base),
		"garboard-updater cluster apps.kruise.io/clonesets get,list,watch,patch",
		"garboard-updater cluster argoproj.io/rollouts get,list,watch,patch")
	slices.Sort(want)
	if diff := cmp.Diff(want, rights(t, with)); diff != "" {
		t.Errorf("rights (-want +got):\n%s", diff)
	}
	for _, deployment := range []string{webhookName, updaterName} {
		c := &one[*appsv1.Deployment](t, with, deployment).Spec.Template.Spec.Containers[0]
		c.Args = slices.DeleteFunc(c.Args, func(arg string) bool { return strings.HasPrefix(arg, customKindsFlag) })
	}
	changed := func(o client.Object) bool {
		switch o.(type) {
		case *admissionregistrationv1.MutatingWebhookConfiguration, *admissionregistrationv1.ValidatingWebhookConfiguration, *rbacv1.ClusterRole:
			return true // looked at above
		}
		return false
	}
	if diff := cmp.Diff(slices.DeleteFunc(base, changed), slices.DeleteFunc(with, changed)); diff != "" {
		t.Errorf("other objects (-base +overlay):\n%s", diff)
	}
}
