#!/usr/bin/env bash
# Kubernetes 1.37.2 reads one pattern of resources in three ways: in a webhook's rule (and an
# admission policy's), in an audit policy, and in a Role.
#
# "*" takes subresources in for an audit policy and a Role, and not for a webhook. "*/*" is
# everything for a webhook, and nothing for the other two. "deployments/*", of which the API's own
# description says that it means all subresources of deployments, takes in the deployments
# themselves, too, for a webhook and an audit policy; in a Role it grants nothing at all, and no
# error says so. A name and "*/scale" alone mean the same everywhere.
#
# Seen: the table below. The script fails if it changes.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >go.mod <<'EOF'
module finding
go 1.26
require (
	k8s.io/api v0.37.2
	k8s.io/apimachinery v0.37.2
	k8s.io/apiserver v0.37.2
	k8s.io/kubernetes v1.37.2
)
EOF
for part in api apiextensions-apiserver apimachinery apiserver cli-runtime client-go cloud-provider \
	cluster-bootstrap code-generator component-base component-helpers controller-manager cri-api \
	cri-client cri-streaming csi-translation-lib dynamic-resource-allocation endpointslice \
	externaljwt kms kube-aggregator kube-controller-manager kube-proxy kube-scheduler kubectl \
	kubelet metrics mount-utils pod-security-admission sample-apiserver sample-cli-plugin \
	sample-controller streaming; do
	echo "replace k8s.io/$part => k8s.io/$part v0.37.2"
done >>go.mod
cat >main.go <<'EOF'
package main

import (
	"fmt"
	"strings"

	admission "k8s.io/api/admissionregistration/v1"
	rbac "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	attributes "k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/predicates/rules"
	"k8s.io/apiserver/pkg/apis/audit"
	"k8s.io/apiserver/pkg/audit/policy"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	rbachelpers "k8s.io/kubernetes/pkg/apis/rbac/v1"
)

func main() {
	for _, pattern := range []string{"deployments", "deployments/*", "*", "*/scale", "*/*"} {
		fmt.Println(pattern)
		for _, kind := range []struct {
			name    string
			matches func(pattern, resource, subresource string) bool
		}{{"webhook", webhook}, {"audit policy", auditPolicy}, {"Role", role}} {
			var matched []string
			for _, request := range []string{"deployments", "deployments/scale", "deployments/status", "replicasets", "replicasets/scale"} {
				resource, subresource, _ := strings.Cut(request, "/")
				if kind.matches(pattern, resource, subresource) {
					matched = append(matched, request)
				}
			}
			if matched == nil {
				matched = []string{"nothing"}
			}
			fmt.Printf("  %s: %s\n", kind.name, strings.Join(matched, ", "))
		}
	}
}

func webhook(pattern, resource, subresource string) bool {
	rule := admission.RuleWithOperations{
		Operations: []admission.OperationType{admission.Update},
		Rule:       admission.Rule{APIGroups: []string{"apps"}, APIVersions: []string{"v1"}, Resources: []string{pattern}},
	}
	request := attributes.NewAttributesRecord(nil, nil, schema.GroupVersionKind{}, "shop", "web",
		schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: resource}, subresource,
		attributes.Update, &metav1.UpdateOptions{}, false, nil)
	return (&rules.Matcher{Rule: rule, Attr: request}).Matches()
}

func auditPolicy(pattern, resource, subresource string) bool {
	evaluator := policy.NewPolicyRuleEvaluator(&audit.Policy{Rules: []audit.PolicyRule{{
		Level:     audit.LevelRequest,
		Resources: []audit.GroupResources{{Group: "apps", Resources: []string{pattern}}},
	}}})
	return evaluator.EvaluatePolicyRule(authorizer.AttributesRecord{
		User: &user.DefaultInfo{Name: "ann"}, Verb: "update", Namespace: "shop", Name: "web",
		APIGroup: "apps", APIVersion: "v1", Resource: resource, Subresource: subresource, ResourceRequest: true,
	}).Level == audit.LevelRequest
}

func role(pattern, resource, subresource string) bool {
	combined := resource
	if subresource != "" {
		combined += "/" + subresource
	}
	return rbachelpers.ResourceMatches(&rbac.PolicyRule{Resources: []string{pattern}}, combined, subresource)
}
EOF
go mod tidy >/dev/null 2>&1
go run . | tee seen
diff seen - <<'EOF'
deployments
  webhook: deployments
  audit policy: deployments
  Role: deployments
deployments/*
  webhook: deployments, deployments/scale, deployments/status
  audit policy: deployments, deployments/scale, deployments/status
  Role: nothing
*
  webhook: deployments, replicasets
  audit policy: deployments, deployments/scale, deployments/status, replicasets, replicasets/scale
  Role: deployments, deployments/scale, deployments/status, replicasets, replicasets/scale
*/scale
  webhook: deployments/scale, replicasets/scale
  audit policy: deployments/scale, replicasets/scale
  Role: deployments/scale, replicasets/scale
*/*
  webhook: deployments, deployments/scale, deployments/status, replicasets, replicasets/scale
  audit policy: nothing
  Role: nothing
EOF
