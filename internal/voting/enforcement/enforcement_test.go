package enforcement_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"sigs.k8s.io/yaml"

	"github.com/garboard-dev/garboard/internal/voting/enforcement"
)

// world is the policies as they are installed, and what a test makes of them.
type world struct {
	policies map[string]*admissionregistrationv1.ValidatingAdmissionPolicy
	bindings map[string]*admissionregistrationv1.ValidatingAdmissionPolicyBinding
}

func installed(t *testing.T) *world {
	t.Helper()
	text, err := os.ReadFile("policies.yaml")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{map[string]*admissionregistrationv1.ValidatingAdmissionPolicy{}, map[string]*admissionregistrationv1.ValidatingAdmissionPolicyBinding{}}
	for _, document := range strings.Split(string(text), "\n---\n") {
		policy, binding := &admissionregistrationv1.ValidatingAdmissionPolicy{}, &admissionregistrationv1.ValidatingAdmissionPolicyBinding{}
		if strings.Contains(document, "kind: ValidatingAdmissionPolicyBinding\n") {
			err = yaml.UnmarshalStrict([]byte(document), binding)
			w.bindings[binding.Name] = binding
		} else {
			err = yaml.UnmarshalStrict([]byte(document), policy)
			w.policies[policy.Name] = policy
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func (w *world) client() *fake.Clientset {
	var objects []runtime.Object
	for _, policy := range w.policies {
		objects = append(objects, policy)
	}
	for _, binding := range w.bindings {
		objects = append(objects, binding)
	}
	return fake.NewClientset(objects...)
}

func TestEnforced(t *testing.T) {
	const votes, updates = "garboard-votes", "garboard-updates"
	selector := &metav1.LabelSelector{MatchLabels: map[string]string{"team": "shop"}}
	tests := map[string]struct {
		change  func(*world)
		account string
		// want is the fault; empty for none.
		want string
	}{
		"as it is installed":                {},
		"a policy is missing":               {change: func(w *world) { delete(w.policies, votes) }, want: "validatingadmissionpolicy/garboard-votes is missing"},
		"the other policy is missing":       {change: func(w *world) { delete(w.policies, updates) }, want: "validatingadmissionpolicy/garboard-updates is missing"},
		"a binding is missing":              {change: func(w *world) { delete(w.bindings, votes) }, want: "validatingadmissionpolicybinding/garboard-votes is missing"},
		"the policy on which nothing rests": {change: func(w *world) { delete(w.policies, votes+"-in-time"); delete(w.bindings, votes+"-in-time") }},
		"another updater's account":         {account: "system:serviceaccount:images:garboard-updater", want: "validatingadmissionpolicy/garboard-votes has other variables than this version installs"},
		"a policy that fails open":          {change: func(w *world) { w.policies[votes].Spec.FailurePolicy = new(admissionregistrationv1.Ignore) }, want: "validatingadmissionpolicy/garboard-votes has not the failurePolicy Fail"},
		"a policy that is not asked on a create": {change: func(w *world) {
			w.policies[votes].Spec.MatchConstraints.ResourceRules[0].Operations = []admissionregistrationv1.OperationType{"DELETE"}
		}, want: "validatingadmissionpolicy/garboard-votes is about other objects or operations than this version installs"},
		"a policy of some namespaces": {change: func(w *world) { w.policies[votes].Spec.MatchConstraints.NamespaceSelector = selector }, want: "validatingadmissionpolicy/garboard-votes is about other objects or operations than this version installs"},
		"a policy of some requests": {
			change: func(w *world) {
				w.policies[votes].Spec.MatchConditions = []admissionregistrationv1.MatchCondition{{Name: "never", Expression: "false"}}
			},
			want: "validatingadmissionpolicy/garboard-votes applies under conditions",
		},
		"a policy with parameters": {change: func(w *world) {
			w.policies[votes].Spec.ParamKind = &admissionregistrationv1.ParamKind{APIVersion: "v1", Kind: "ConfigMap"}
		}, want: "validatingadmissionpolicy/garboard-votes applies under conditions"},
		"a policy with one more collector": {change: func(w *world) { w.policies[votes].Spec.Variables[1].Expression = "true" }, want: "validatingadmissionpolicy/garboard-votes has other variables than this version installs"},
		"a validation that is gone":        {change: func(w *world) { w.policies[votes].Spec.Validations = w.policies[votes].Spec.Validations[1:] }, want: "validatingadmissionpolicy/garboard-votes is without a validation that this version installs"},
		"a validation that admits all":     {change: func(w *world) { w.policies[votes].Spec.Validations[0].Expression += " || true" }, want: "validatingadmissionpolicy/garboard-votes is without a validation that this version installs"},
		"a validation more": {change: func(w *world) {
			w.policies[votes].Spec.Validations = append(w.policies[votes].Spec.Validations, admissionregistrationv1.Validation{Expression: "object.spec.comment != ''"})
		}},
		"another message": {change: func(w *world) { w.policies[votes].Spec.Validations[0].Message = "no" }},
		"other spacing": {change: func(w *world) {
			w.policies[updates].Spec.Validations[0].Expression = strings.ReplaceAll(w.policies[updates].Spec.Validations[0].Expression, " ", "\n ")
		}},
		"a binding of another": {change: func(w *world) { w.bindings[votes].Spec.PolicyName = updates }, want: `validatingadmissionpolicybinding/garboard-votes binds "garboard-updates"`},
		"a binding that warns": {change: func(w *world) {
			w.bindings[votes].Spec.ValidationActions = []admissionregistrationv1.ValidationAction{"Warn", "Audit"}
		}, want: "validatingadmissionpolicybinding/garboard-votes does not deny"},
		"a binding that also audits": {change: func(w *world) {
			w.bindings[votes].Spec.ValidationActions = []admissionregistrationv1.ValidationAction{"Audit", "Deny"}
		}},
		"a binding of some namespaces": {
			change: func(w *world) {
				w.bindings[votes].Spec.MatchResources = &admissionregistrationv1.MatchResources{NamespaceSelector: selector}
			},
			want: "validatingadmissionpolicybinding/garboard-votes binds not everywhere",
		},
		"a binding that leaves something out": {
			change: func(w *world) {
				w.bindings[votes].Spec.MatchResources = &admissionregistrationv1.MatchResources{ExcludeResourceRules: []admissionregistrationv1.NamedRuleWithOperations{{ResourceNames: []string{"mine"}}}}
			},
			want: "validatingadmissionpolicybinding/garboard-votes binds not everywhere",
		},
		"a binding with parameters": {change: func(w *world) { w.bindings[votes].Spec.ParamRef = &admissionregistrationv1.ParamRef{Name: "x"} }, want: "validatingadmissionpolicybinding/garboard-votes binds not everywhere"},
		"a binding with defaults of the API server": {change: func(w *world) {
			w.bindings[votes].Spec.MatchResources = &admissionregistrationv1.MatchResources{NamespaceSelector: &metav1.LabelSelector{}, ObjectSelector: &metav1.LabelSelector{}, MatchPolicy: new(admissionregistrationv1.Equivalent)}
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := installed(t)
			if test.change != nil {
				test.change(w)
			}
			policies := enforcement.Policies{Client: w.client().AdmissionregistrationV1(), Account: test.account}
			_, err := policies.Enforced(t.Context())
			var fault *enforcement.Fault
			switch {
			case test.want == "" && err != nil:
				t.Errorf("got the error %q, want none", err)
			case test.want != "" && (!errors.As(err, &fault) || fault.Error() != test.want):
				t.Errorf("got the error %v, want the fault %q", err, test.want)
			}
		})
	}
}

// A vote from before the last of them was there may be anybody's.
func TestEnforcedSinceTheLastOfThemIsThere(t *testing.T) {
	start := time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)
	w := installed(t)
	w.policies["garboard-votes"].CreationTimestamp = metav1.NewTime(start)
	w.bindings["garboard-updates"].CreationTimestamp = metav1.NewTime(start.Add(time.Hour))
	since, err := (&enforcement.Policies{Client: w.client().AdmissionregistrationV1()}).Enforced(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if earliest, latest := start.Add(time.Hour), start.Add(time.Hour+10*time.Second); !since.After(earliest) || since.After(latest) {
		t.Errorf("since: got %s, want it soon after %s", since, earliest)
	}
}

// What could not be read is no fault of the installation, and opens nothing either.
func TestEnforcedIsUnknownWithoutTheRight(t *testing.T) {
	client := installed(t).client()
	client.PrependReactor("get", "validatingadmissionpolicybindings", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, apierrors.NewForbidden(schema.GroupResource{Resource: "validatingadmissionpolicybindings"}, "garboard-votes", errors.New("no"))
	})
	_, err := (&enforcement.Policies{Client: client.AdmissionregistrationV1()}).Enforced(t.Context())
	var fault *enforcement.Fault
	if err == nil || errors.As(err, &fault) || !apierrors.IsForbidden(err) {
		t.Errorf("got the error %v, want one that says that it is forbidden", err)
	}
}
