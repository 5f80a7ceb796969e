package manifests_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

// The updater proposes what is voted on, and never votes by itself. It deletes votes of which
// there are too many.
func TestUpdaterDoesNotVote(t *testing.T) {
	for _, line := range rights(t, install(t)) {
		fields := strings.Fields(line)
		if fields[2] != "garboard.dev/imageupdatevotes" {
			continue
		}
		if got, want := fields[3], "get,list,watch,delete"; got != want {
			t.Errorf("%s: verbs: got %s, want %s", fields[0], got, want)
		}
	}
}

// The owner of the cluster decides who may vote.
func TestVotesAreGrantedToNobody(t *testing.T) {
	objects := install(t)
	role := one[*rbacv1.ClusterRole](t, objects, "garboard-voter")
	want := []string{"garboard.dev/imageupdates get,list,watch", "garboard.dev/imageupdatevotes get,list,watch,create,delete"}
	if diff := cmp.Diff(want, spelled(t, role.Rules)); diff != "" {
		t.Errorf("rights (-want +got):\n%s", diff)
	}
	for key := range role.Labels {
		if strings.HasPrefix(key, "rbac.authorization.k8s.io/aggregate-to-") {
			t.Errorf("label %s grants it to others", key)
		}
	}
	for _, b := range all[*rbacv1.ClusterRoleBinding](objects) {
		if b.RoleRef.Name == role.Name {
			t.Errorf("%s binds it to %+v", b.Name, b.Subjects)
		}
	}
}

// A text without a limit is one that fills etcd, and makes a rule on it too dear to check.
func TestEveryTextOfTheDefinitionsIsBounded(t *testing.T) {
	for _, definition := range all[*apiextensionsv1.CustomResourceDefinition](install(t)) {
		for _, version := range definition.Spec.Versions {
			root := version.Schema.OpenAPIV3Schema
			for _, name := range []string{"spec", "status"} {
				if part, ok := root.Properties[name]; ok {
					wantBounded(t, definition.Spec.Names.Kind+"."+name, part)
				}
			}
		}
	}
}

func wantBounded(t *testing.T, path string, schema apiextensionsv1.JSONSchemaProps) {
	t.Helper()
	switch {
	case schema.Type == "string" && schema.MaxLength == nil && len(schema.Enum) == 0 && schema.Format != "date-time":
		t.Errorf("%s has no maxLength and no enum", path)
	case schema.Type == "array" && schema.MaxItems == nil:
		t.Errorf("%s has no maxItems", path)
	case schema.Type == "array":
		wantBounded(t, path+"[]", *schema.Items.Schema)
	}
	for name, property := range schema.Properties {
		wantBounded(t, path+"."+name, property)
	}
}

// What votes rest on is refused where it cannot be checked, everywhere, and is judged by
// the objects of approvals alone.
func TestAdmissionPolicyOfApprovalsFailsClosed(t *testing.T) {
	objects := install(t)
	for name, want := range map[string]admissionregistrationv1.FailurePolicyType{
		"garboard-votes": admissionregistrationv1.Fail, "garboard-updates": admissionregistrationv1.Fail,
		"garboard-votes-in-time": admissionregistrationv1.Ignore, // nothing rests on it
	} {
		policy := one[*admissionregistrationv1.ValidatingAdmissionPolicy](t, objects, name).Spec
		if got := *policy.FailurePolicy; got != want {
			t.Errorf("%s: failure policy: got %s, want %s", name, got, want)
		}
		for _, rule := range policy.MatchConstraints.ResourceRules {
			if !slices.Equal(rule.APIGroups, []string{"garboard.dev"}) {
				t.Errorf("%s is about the groups %q", name, rule.APIGroups)
			}
		}
	}
}
