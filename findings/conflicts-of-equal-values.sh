#!/usr/bin/env bash
# Server-side apply (Kubernetes 1.37.2) finds a conflict between two managers who want the same, and none
# between two whose wishes exclude each other.
#
# The value that is applied is compared as it is written. cpu 0.5 and 500m, 1Gi and 1024Mi, or 1 with
# quotes and without, are two values there, although they are stored as one: a second tool that sets
# the limit that Git has fails with a conflict, and with --force-conflicts takes the field away from
# it. A variable with a value from one manager and a valueFrom from another is two fields, as are two
# ports of one name: both applies pass this check, and validation refuses what they make together.
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
	k8s.io/client-go v0.37.2
	sigs.k8s.io/yaml v1.6.0
)
EOF
cat >main.go <<'EOF'
package main

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/managedfields/managedfieldstest"
	"k8s.io/client-go/applyconfigurations"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"
)

func main() {
	for _, c := range []struct{ first, second string }{
		{`resources: {limits: {cpu: 500m}}`, `resources: {limits: {cpu: 500m}}`},
		{`resources: {limits: {cpu: 500m}}`, `resources: {limits: {cpu: "0.5"}}`},
		{`resources: {limits: {cpu: "1"}}`, `resources: {limits: {cpu: 1}}`},
		{`resources: {limits: {memory: 1Gi}}`, `resources: {limits: {memory: 1024Mi}}`},
		{`env: [{name: A, value: x}]`, `env: [{name: A, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]`},
		{`ports: [{name: http, containerPort: 80}]`, `ports: [{name: http, containerPort: 8080}]`},
	} {
		manager := managedfieldstest.NewTestFieldManager(applyconfigurations.NewTypeConverter(scheme.Scheme),
			appsv1.SchemeGroupVersion.WithKind("Deployment"))
		check(manager.Apply(deployment(c.first), "git", false))
		verdict := "no conflict"
		if err := manager.Apply(deployment(c.second), "autoscaler", false); errors.IsConflict(err) {
			verdict = "conflict"
		} else {
			check(err)
		}
		fmt.Printf("%s and %s: %s\n", c.first, c.second, verdict)
	}
}

func deployment(of string) *unstructured.Unstructured {
	object := &unstructured.Unstructured{}
	check(yaml.Unmarshal([]byte(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec: {template: {spec: {containers: [{name: web, `+of+`}]}}}
`), &object.Object))
	return object
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
EOF
go mod tidy >/dev/null 2>&1
go run . | tee seen
diff seen - <<'EOF'
resources: {limits: {cpu: 500m}} and resources: {limits: {cpu: 500m}}: no conflict
resources: {limits: {cpu: 500m}} and resources: {limits: {cpu: "0.5"}}: conflict
resources: {limits: {cpu: "1"}} and resources: {limits: {cpu: 1}}: conflict
resources: {limits: {memory: 1Gi}} and resources: {limits: {memory: 1024Mi}}: conflict
env: [{name: A, value: x}] and env: [{name: A, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]: no conflict
ports: [{name: http, containerPort: 80}] and ports: [{name: http, containerPort: 8080}]: no conflict
EOF
