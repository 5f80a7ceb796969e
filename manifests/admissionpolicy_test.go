package manifests_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/garboard-dev/garboard/internal/voting/enforcement"
	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/settings"
)

const (
	policyFile     = "components/admission-policy/policy.yaml"
	policyName     = "garboard-settings"
	beginGenerated = "  # begin generated: make manifests\n"
	endGenerated   = "  # end generated\n"
)

// A setting that the code knows and the policy does not would be refused by the
// one and admitted by the other.
func TestAdmissionPolicyKnowsTheSettings(t *testing.T) {
	text, err := os.ReadFile(policyFile)
	must(t, err)
	before, rest, begins := strings.Cut(string(text), beginGenerated)
	_, after, ends := strings.Cut(rest, endGenerated)
	if !begins || !ends {
		t.Fatalf("%s has no generated part", policyFile)
	}
	want := before + beginGenerated + staticVariables(settings.StaticSettings()) + endGenerated + after
	if *update {
		must(t, os.WriteFile(policyFile, []byte(want), 0o644))
		text = []byte(want)
	}
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("%s knows other settings than the code; run: make manifests (-want +got):\n%s", policyFile, diff)
	}
}

// staticVariables writes the settings as variables in CEL.
func staticVariables(static settings.Static) string {
	var choices []string
	for _, name := range slices.Sorted(maps.Keys(static.Choices)) {
		choices = append(choices, celText(name)+": "+celList(static.Choices[name]))
	}
	var all strings.Builder
	for _, v := range []struct{ name, expression string }{
		{"prefix", celText(workload.Prefix)},
		{"known", celList(static.Known)},
		{"later", celList(static.Later)},
		{"written", celList(static.Written)},
		{"labelKeys", celList(static.Labels)},
		{"choices", "{" + strings.Join(choices, ", ") + "}"},
		{"policies", celList(static.Policies)},
		{"patterns", celList(static.Patterns)},
	} {
		fmt.Fprintf(&all, "  - name: %s\n    expression: >-\n      %s\n", v.name, v.expression)
	}
	return all.String()
}

func celList(texts []string) string {
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = celText(text)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// celText quotes a text. All here are plain letters and punctuation.
func celText(text string) string { return "'" + text + "'" }

// With another scope the policy would refuse what no webhook is asked about, or
// miss what one is.
func TestAdmissionPolicyHasTheScopeOfTheWebhook(t *testing.T) {
	objects := rendered(t, "overlays/admission-policy")
	webhook := one[*admissionregistrationv1.ValidatingWebhookConfiguration](t, objects, "garboard").Webhooks[0]
	policy := one[*admissionregistrationv1.ValidatingAdmissionPolicy](t, objects, policyName).Spec
	type scope struct {
		Namespaces, Objects, Match any
		Rules                      []admissionregistrationv1.RuleWithOperations
	}
	got := scope{policy.MatchConstraints.NamespaceSelector, policy.MatchConstraints.ObjectSelector, policy.MatchConstraints.MatchPolicy, nil}
	for _, rule := range policy.MatchConstraints.ResourceRules {
		if len(rule.ResourceNames) > 0 {
			t.Errorf("a rule is for the names %q alone", rule.ResourceNames)
		}
		got.Rules = append(got.Rules, rule.RuleWithOperations)
	}
	want := scope{webhook.NamespaceSelector, webhook.ObjectSelector, webhook.MatchPolicy, webhook.Rules}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("scope (-webhook +policy):\n%s", diff)
	}
	conditions := append(slices.Clone(webhook.MatchConditions), admissionregistrationv1.MatchCondition{
		Name: "not-on-its-way-out", Expression: "!has(object.metadata.deletionTimestamp)",
	})
	if diff := cmp.Diff(conditions, policy.MatchConditions); diff != "" {
		t.Errorf("conditions (-webhook's and deletion +policy):\n%s", diff)
	}
	if len(policy.MatchConstraints.ExcludeResourceRules) > 0 || policy.ParamKind != nil {
		t.Errorf("exclusions %v, parameters %v; want none", policy.MatchConstraints.ExcludeResourceRules, policy.ParamKind)
	}
}

// A policy without a binding that denies does nothing, and one that fails
// closed would refuse what it cannot judge.
func TestAdmissionPolicyIsInForce(t *testing.T) {
	objects := rendered(t, "overlays/admission-policy")
	if got, want := len(objects), len(install(t))+2; got != want {
		t.Errorf("objects: got %d, want those of the base, a policy and a binding: %d", got, want)
	}
	binding := one[*admissionregistrationv1.ValidatingAdmissionPolicyBinding](t, objects, policyName).Spec
	want := admissionregistrationv1.ValidatingAdmissionPolicyBindingSpec{
		PolicyName: policyName, ValidationActions: []admissionregistrationv1.ValidationAction{admissionregistrationv1.Deny},
	}
	if diff := cmp.Diff(want, binding); diff != "" {
		t.Errorf("binding (-want +got):\n%s", diff)
	}
	policy := one[*admissionregistrationv1.ValidatingAdmissionPolicy](t, objects, policyName).Spec
	if got := policy.FailurePolicy; got == nil || *got != admissionregistrationv1.Ignore {
		t.Errorf("failure policy: got %v, want %v", got, admissionregistrationv1.Ignore)
	}
}

const approvalPolicies = "base/policy-approvals.yaml"

// approvalPolicyCopies are what the updater compares those of the cluster with, and the
// chart's.
func approvalPolicyCopies() []string {
	return []string{"../internal/voting/enforcement/policies.yaml", "chart/files/policy-approvals.yaml"}
}

// Otherwise the updater would take the policies that are installed for changed ones, and
// no vote would count.
func TestAdmissionPolicyOfApprovalsIsTheOneThatTheUpdaterLooksFor(t *testing.T) {
	want, err := os.ReadFile(approvalPolicies)
	must(t, err)
	for _, path := range approvalPolicyCopies() {
		if *update {
			must(t, os.WriteFile(path, want, 0o644))
		}
		got, err := os.ReadFile(path)
		must(t, err)
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s is not %s; run: make manifests (-want +got):\n%s", path, approvalPolicies, diff)
		}
	}
}

// The rendered policies are enforced, in the namespace of the chart as in that of the
// manifests. With one changed in any way that may admit more, they are not.
func TestAdmissionPolicyOfApprovalsIsInForce(t *testing.T) {
	for name, test := range map[string]struct {
		objects []client.Object
		account string
	}{
		"manifests":                  {install(t), ""},
		"chart":                      {decode(t, []byte(template(t, ""))), ""},
		"chart in another namespace": {decode(t, []byte(template(t, "", "--namespace=images"))), "system:serviceaccount:images:garboard-updater"},
	} {
		t.Run(name, func(t *testing.T) {
			var objects []runtime.Object
			for _, name := range enforcement.Names() {
				objects = append(objects, one[*admissionregistrationv1.ValidatingAdmissionPolicy](t, test.objects, name),
					one[*admissionregistrationv1.ValidatingAdmissionPolicyBinding](t, test.objects, name))
			}
			policies := enforcement.Policies{Client: fake.NewClientset(objects...).AdmissionregistrationV1(), Account: test.account}
			if _, err := policies.Enforced(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}
