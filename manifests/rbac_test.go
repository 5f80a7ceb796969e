package manifests_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const rbacHeader = "# What each ServiceAccount may do, and where: a line a resource.\n"

// Rights are widened on purpose or not at all: each one is a line of the golden
// file, so that a review sees it.
func TestRBAC(t *testing.T) {
	path := filepath.Join("testdata", "rbac.golden")
	lines := rights(t, install(t))
	want := rbacHeader + strings.Join(lines, "\n") + "\n"
	if *update {
		must(t, os.WriteFile(path, []byte(want), 0o644))
	}
	got, err := os.ReadFile(path)
	must(t, err)
	if diff := cmp.Diff(string(got), want); diff != "" {
		t.Errorf("rights differ from %s (-golden +manifest):\n%s", path, diff)
	}
	for _, line := range lines {
		if strings.ContainsAny(line, "*") {
			t.Errorf("a wildcard: %s", line)
		}
	}
}

// A webhook that anybody in the cluster network can reach must not be a way to
// write.
func TestWebhookMayNotWrite(t *testing.T) {
	readOnly := []string{"get", "list", "watch"}
	for _, line := range rights(t, install(t)) {
		fields := strings.Fields(line)
		if fields[0] != "garboard-webhook" {
			continue
		}
		for _, verb := range strings.Split(fields[len(fields)-1], ",") {
			if !slices.Contains(readOnly, verb) {
				t.Errorf("verb %q: %s", verb, line)
			}
		}
	}
}

// Secrets are read by name. Whoever narrows the right deletes one binding, and
// must not find another that grants it all the same.
func TestPullSecretsAreReadThroughOneBinding(t *testing.T) {
	objects := install(t)
	binding := one[*rbacv1.ClusterRoleBinding](t, objects, "garboard-pull-secrets")
	want := []string{"secrets get,watch", "serviceaccounts get,watch"}
	if diff := cmp.Diff(want, spelled(t, one[*rbacv1.ClusterRole](t, objects, binding.RoleRef.Name).Rules)); diff != "" {
		t.Errorf("rights (-want +got):\n%s", diff)
	}
	for _, role := range all[*rbacv1.ClusterRole](objects) {
		for _, right := range spelled(t, role.Rules) {
			if role.Name != binding.RoleRef.Name && strings.Contains(right, "secrets") {
				t.Errorf("%s: %s", role.Name, right)
			}
		}
	}
	for _, role := range all[*rbacv1.Role](objects) {
		for _, right := range spelled(t, role.Rules) {
			if strings.Contains(right, "secrets") {
				t.Errorf("%s: %s", role.Name, right)
			}
		}
	}
}

// What garboard status needs is there to be granted, and granted to nobody: it
// shows the workloads of all namespaces.
func TestStatusIsGrantedToNobody(t *testing.T) {
	objects := install(t)
	role := one[*rbacv1.Role](t, objects, "garboard-status")
	want := []string{"coordination.k8s.io/leases list", "pods/proxy get"}
	if diff := cmp.Diff(want, spelled(t, role.Rules)); diff != "" {
		t.Errorf("rights (-want +got):\n%s", diff)
	}
	for _, b := range all[*rbacv1.RoleBinding](objects) {
		if b.RoleRef.Name == role.Name {
			t.Errorf("%s binds it to %+v", b.Name, b.Subjects)
		}
	}
}

func TestTokensAreMountedOnlyWhereUsed(t *testing.T) {
	for _, account := range all[*corev1.ServiceAccount](install(t)) {
		if mounted := account.AutomountServiceAccountToken; mounted == nil || *mounted {
			t.Errorf("%s: the token is mounted into every Pod of the account", account.Name)
		}
	}
}

// rights lists "account, where, resource, verbs", sorted.
func rights(t *testing.T, objects []client.Object) []string {
	t.Helper()
	var lines []string
	for _, b := range all[*rbacv1.ClusterRoleBinding](objects) {
		role := one[*rbacv1.ClusterRole](t, objects, b.RoleRef.Name)
		lines = append(lines, granted(t, b.Subjects, "cluster", role.Rules)...)
	}
	for _, b := range all[*rbacv1.RoleBinding](objects) {
		if b.RoleRef.Kind != "Role" {
			t.Fatalf("%s: role reference: got %+v, want a Role of its namespace", b.Name, b.RoleRef)
		}
		role := one[*rbacv1.Role](t, objects, b.RoleRef.Name)
		lines = append(lines, granted(t, b.Subjects, "namespace/"+b.Namespace, role.Rules)...)
	}
	slices.Sort(lines)
	return lines
}

func granted(t *testing.T, subjects []rbacv1.Subject, where string, rules []rbacv1.PolicyRule) []string {
	t.Helper()
	if len(subjects) == 0 {
		t.Fatal("a binding without subjects")
	}
	var lines []string
	for _, subject := range subjects {
		if subject.Kind != rbacv1.ServiceAccountKind || subject.Namespace != "garboard" {
			t.Fatalf("subject: got %+v, want a ServiceAccount of ours", subject)
		}
		for _, right := range spelled(t, rules) {
			lines = append(lines, fmt.Sprintf("%s %s %s", subject.Name, where, right))
		}
	}
	return lines
}

// spelled lists "resource, verbs".
func spelled(t *testing.T, rules []rbacv1.PolicyRule) []string {
	t.Helper()
	var lines []string
	for _, rule := range rules {
		if len(rule.NonResourceURLs) > 0 {
			t.Fatalf("rule: got %+v, want resources alone", rule)
		}
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				name := strings.TrimPrefix(group+"/"+resource, "/")
				if len(rule.ResourceNames) > 0 {
					name += fmt.Sprintf("[%s]", strings.Join(rule.ResourceNames, ","))
				}
				lines = append(lines, name+" "+strings.Join(rule.Verbs, ","))
			}
		}
	}
	return lines
}
