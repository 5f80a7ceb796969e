// Package enforcement tells whether the API server holds what votes rest on: that
// each user votes in their own name, and that the updater alone says what is voted on.
package enforcement

import (
	"bytes"
	"context"
	_ "embed" // the policies
	"fmt"
	"slices"
	"strings"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	admissionregistrationclient "k8s.io/client-go/kubernetes/typed/admissionregistration/v1"
	coordinationclient "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"sigs.k8s.io/yaml"
)

// DefaultUpdaterAccount is the updater's user name as manifests/base installs it.
const DefaultUpdaterAccount = "system:serviceaccount:garboard:garboard-updater"

// Names are those of the policies that votes rest on, and of their bindings.
func Names() []string { return []string{"garboard-votes", "garboard-updates"} }

// settles is how long the API servers may take to heed a policy that is new to them.
const settles = 5 * time.Second

//go:embed policies.yaml
var shipped []byte

// Fault is what is wrong with a policy or with its binding.
type Fault struct {
	// Object names it as kubectl does.
	Object string
	// Message is a clause about it.
	Message string
}

// Error implements error.
func (f *Fault) Error() string { return f.Object + " " + f.Message }

// Policies reads the policies of a cluster.
type Policies struct {
	Client admissionregistrationclient.AdmissionregistrationV1Interface
	// Account is the updater's user name. The default is DefaultUpdaterAccount.
	Account string
	// Leases are those of Garboard's own namespace. Without them no vote counts once a
	// policy was changed.
	Leases coordinationclient.LeaseInterface
	// ReadOnly leaves it to another to note since when changed policies are as they are.
	ReadOnly bool
}

// State is since when votes are protected.
type State struct {
	// Since is when that began: no vote from before is to be trusted.
	Since time.Time
	// Changed: a policy or binding was changed since it was made, and may have let
	// anything through until then.
	Changed bool
}

// Enforced returns since when all policies are in force: no vote from before that is to
// be trusted. The error is a *Fault where one is missing, is not bound or was changed,
// and anything else where that could not be read.
func (p *Policies) Enforced(ctx context.Context) (since time.Time, err error) {
	state, err := p.Look(ctx)
	return state.Since, err
}

// Look is Enforced, and tells whether a policy was changed.
func (p *Policies) Look(ctx context.Context) (State, error) {
	since, seen, err := p.look(ctx)
	if err != nil || !seen.changed {
		return State{Since: since}, err
	}
	noted, err := p.notedSince(ctx, seen)
	if err != nil {
		return State{}, err
	}
	if at := noted.Add(settles); at.After(since) {
		since = at
	}
	return State{Since: since, Changed: true}, nil
}

// look compares all that votes rest on with what is shipped, and returns since when the
// last of it is there.
func (p *Policies) look(ctx context.Context) (since time.Time, seen *versions, err error) {
	seen = &versions{}
	wanted, err := p.wanted()
	if err != nil {
		return time.Time{}, nil, err
	}
	for _, name := range Names() {
		policy, err := p.Client.ValidatingAdmissionPolicies().Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return time.Time{}, nil, unread("validatingadmissionpolicy/"+name, err)
		}
		binding, err := p.Client.ValidatingAdmissionPolicyBindings().Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return time.Time{}, nil, unread("validatingadmissionpolicybinding/"+name, err)
		}
		if message := changedPart(&policy.Spec, &wanted[name].Spec); message != "" {
			return time.Time{}, nil, &Fault{"validatingadmissionpolicy/" + name, message}
		}
		if message := unbound(&binding.Spec, name); message != "" {
			return time.Time{}, nil, &Fault{"validatingadmissionpolicybinding/" + name, message}
		}
		seen.add("policy "+name, &policy.ObjectMeta)
		seen.add("binding "+name, &binding.ObjectMeta)
		for _, created := range []time.Time{policy.CreationTimestamp.Time, binding.CreationTimestamp.Time} {
			if at := created.Add(settles); at.After(since) {
				since = at
			}
		}
	}
	return since, seen, nil
}

func unread(object string, err error) error {
	if apierrors.IsNotFound(err) {
		return &Fault{object, "is missing"}
	}
	return fmt.Errorf("reading %s: %w", object, err)
}

// changedPart says in what a policy differs from the one that is shipped, such that it may
// admit more.
func changedPart(got, want *admissionregistrationv1.ValidatingAdmissionPolicySpec) string {
	switch {
	case got.FailurePolicy == nil || *got.FailurePolicy != admissionregistrationv1.Fail:
		return "has not the failurePolicy Fail"
	case got.ParamKind != nil || len(got.MatchConditions) > 0:
		return "applies under conditions"
	case !equality.Semantic.DeepEqual(got.MatchConstraints, want.MatchConstraints):
		return "is about other objects or operations than this version installs"
	case !slices.EqualFunc(got.Variables, want.Variables, sameVariable):
		return "has other variables than this version installs"
	}
	for _, validation := range want.Validations {
		if !slices.ContainsFunc(got.Validations, func(v admissionregistrationv1.Validation) bool { return sameCEL(v.Expression, validation.Expression) }) {
			return "is without a validation that this version installs"
		}
	}
	return ""
}

func sameVariable(a, b admissionregistrationv1.Variable) bool {
	return a.Name == b.Name && sameCEL(a.Expression, b.Expression)
}

// sameCEL compares all but spacing: kustomize doubles line breaks.
func sameCEL(a, b string) bool { return slices.Equal(strings.Fields(a), strings.Fields(b)) }

// unbound says why a binding does not bind everything.
func unbound(got *admissionregistrationv1.ValidatingAdmissionPolicyBindingSpec, policy string) string {
	switch {
	case got.PolicyName != policy:
		return fmt.Sprintf("binds %q", got.PolicyName)
	case !slices.Contains(got.ValidationActions, admissionregistrationv1.Deny):
		return "does not deny"
	case got.ParamRef != nil || got.MatchResources != nil && !bindsAll(got.MatchResources):
		return "binds not everywhere"
	}
	return ""
}

func bindsAll(m *admissionregistrationv1.MatchResources) bool {
	selects := func(s *metav1.LabelSelector) bool { return s != nil && len(s.MatchLabels)+len(s.MatchExpressions) > 0 }
	return !selects(m.NamespaceSelector) && !selects(m.ObjectSelector) && len(m.ResourceRules)+len(m.ExcludeResourceRules) == 0
}

// wanted are the policies that are shipped, with the updater's account.
func (p *Policies) wanted() (map[string]*admissionregistrationv1.ValidatingAdmissionPolicy, error) {
	found := map[string]*admissionregistrationv1.ValidatingAdmissionPolicy{}
	for _, document := range bytes.Split(shipped, []byte("\n---\n")) {
		policy := &admissionregistrationv1.ValidatingAdmissionPolicy{}
		if err := yaml.Unmarshal(document, policy); err != nil {
			return nil, fmt.Errorf("reading the policies that this version installs: %w", err)
		}
		if policy.Kind != "ValidatingAdmissionPolicy" {
			continue
		}
		for i, variable := range policy.Spec.Variables {
			if variable.Name == "updater" && p.Account != "" {
				policy.Spec.Variables[i].Expression = strings.ReplaceAll(variable.Expression, DefaultUpdaterAccount, p.Account)
			}
		}
		found[policy.Name] = policy
	}
	for _, name := range Names() {
		if found[name] == nil {
			return nil, fmt.Errorf("the policies that this version installs are without %q", name)
		}
	}
	return found, nil
}
