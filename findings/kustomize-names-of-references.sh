#!/usr/bin/env bash
# kustomize api v0.21.2: namePrefix renames an object, but not each name by which a
# built-in kind refers to it.
#
# policyName of a ValidatingAdmissionPolicyBinding follows its policy. paramRef.name of the
# same binding does not follow the ConfigMap with the parameters: with
# parameterNotFoundAction: Deny, the binding then refuses every request it matches. Neither
# do runtimeClassName and resourceClaimTemplateName of a Pod follow their objects, while
# priorityClassName does.
#
# Seen: the names below. The script fails if they change.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
mkdir prefixed
cat >go.mod <<'EOF'
module finding
go 1.25
require (
	sigs.k8s.io/kustomize/api v0.21.2
	sigs.k8s.io/kustomize/kyaml v0.21.2
)
EOF
cat >main.go <<'EOF'
package main

import (
	"os"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

func main() {
	objects, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), "prefixed")
	if err != nil {
		panic(err)
	}
	text, err := objects.AsYaml()
	if err != nil {
		panic(err)
	}
	os.Stdout.Write(text)
}
EOF
cat >prefixed/kustomization.yaml <<'EOF'
namePrefix: prod-
resources: [objects.yaml]
EOF
cat >prefixed/objects.yaml <<'EOF'
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: policy}
spec:
  paramKind: {apiVersion: v1, kind: ConfigMap}
  validations: [{expression: "object.metadata.name != params.data.name"}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: binding}
spec:
  policyName: policy
  paramRef: {name: parameters, namespace: shop, parameterNotFoundAction: Deny}
  validationActions: [Deny]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: parameters, namespace: shop}
data: {name: forbidden}
---
apiVersion: v1
kind: Pod
metadata: {name: pod, namespace: shop}
spec:
  containers: [{name: web, image: registry.example.com/web:1.0.0}]
  priorityClassName: priority
  runtimeClassName: runtime
  resourceClaims: [{name: gpu, resourceClaimTemplateName: claims}]
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: priority}
value: 1
---
apiVersion: node.k8s.io/v1
kind: RuntimeClass
metadata: {name: runtime}
handler: runc
---
apiVersion: resource.k8s.io/v1
kind: ResourceClaimTemplate
metadata: {name: claims, namespace: shop}
spec: {spec: {}}
EOF
go mod tidy >/dev/null 2>&1
go run . >built
grep -oE '(policyName|priorityClassName|runtimeClassName|resourceClaimTemplateName): .*|name: (prod-)?parameters' built | tee seen
diff seen - <<'EOF'
name: parameters
policyName: prod-policy
name: prod-parameters
priorityClassName: prod-priority
resourceClaimTemplateName: claims
runtimeClassName: runtime
EOF
