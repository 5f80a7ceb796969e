#!/usr/bin/env bash
# A variable that stands twice in a container's env, which the API server takes: a patch of its value
# has another end by each of three ways of writing (Kubernetes 1.37.2, kustomize api v0.21.2).
#
# Of two entries with one name the last is what the process sees. kubectl's strategic merge patch
# writes the new value to the first, so that nothing changes for the process. A server-side apply
# puts one entry in the place of both. kustomize passes over the new value and keeps the last; it
# also takes the first entry away where the patch names another field, the image alone. An apply
# that has the name twice itself is refused; none of the others raises an error.
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
	sigs.k8s.io/kustomize/api v0.21.2
	sigs.k8s.io/kustomize/kyaml v0.21.2
	sigs.k8s.io/yaml v1.6.0
)
EOF
cat >main.go <<'EOF'
package main

import (
	"encoding/json"
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/managedfields/managedfieldstest"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/client-go/applyconfigurations"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

const stored = `{name: web, image: "web:1.0", env: [{name: LEVEL, value: info}, {name: LEVEL, value: warn}]}`

func main() {
	for _, patch := range []string{
		`{name: web, env: [{name: LEVEL, value: debug}]}`,
		`{name: web, image: "web:1.1"}`,
		`{name: web, env: [{name: LEVEL, value: debug}, {name: LEVEL, value: trace}]}`,
	} {
		fmt.Println(patch)
		for _, way := range []struct {
			name  string
			write func(object, patch []byte) ([]byte, error)
		}{{"strategic merge patch", strategic}, {"server-side apply", apply}, {"kustomize", kustomize}} {
			written, err := way.write(deployment(stored), deployment(patch))
			if err != nil {
				fmt.Printf("  %s: refused\n", way.name)
				continue
			}
			var after appsv1.Deployment
			check(json.Unmarshal(written, &after))
			var values []string
			for _, variable := range after.Spec.Template.Spec.Containers[0].Env {
				values = append(values, variable.Value)
			}
			fmt.Printf("  %s: %s\n", way.name, strings.Join(values, ", "))
		}
	}
}

func strategic(object, patch []byte) ([]byte, error) {
	return strategicpatch.StrategicMergePatch(object, patch, appsv1.Deployment{})
}

func apply(object, patch []byte) ([]byte, error) {
	manager := managedfieldstest.NewTestFieldManager(applyconfigurations.NewTypeConverter(scheme.Scheme),
		appsv1.SchemeGroupVersion.WithKind("Deployment"))
	var live, wanted unstructured.Unstructured
	check(json.Unmarshal(object, &live.Object))
	check(json.Unmarshal(patch, &wanted.Object))
	check(manager.Update(&live, "editor"))
	if err := manager.Apply(&wanted, "ci", true); err != nil {
		return nil, err
	}
	return json.Marshal(manager.Live())
}

func kustomize(object, patch []byte) ([]byte, error) {
	files := filesys.MakeFsInMemory()
	check(files.WriteFile("kustomization.yaml", []byte("resources: [object.yaml]\npatches: [{path: patch.yaml}]\n")))
	check(files.WriteFile("object.yaml", object))
	check(files.WriteFile("patch.yaml", patch))
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(files, ".")
	if err != nil {
		return nil, err
	}
	text, err := built.AsYaml()
	check(err)
	return yaml.YAMLToJSON(text)
}

func deployment(container string) []byte {
	object, err := yaml.YAMLToJSON([]byte(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec: {template: {spec: {containers: [` + container + `]}}}
`))
	check(err)
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
{name: web, env: [{name: LEVEL, value: debug}]}
  strategic merge patch: debug, warn
  server-side apply: debug
  kustomize: warn
{name: web, image: "web:1.1"}
  strategic merge patch: info, warn
  server-side apply: info, warn
  kustomize: warn
{name: web, env: [{name: LEVEL, value: debug}, {name: LEVEL, value: trace}]}
  strategic merge patch: trace, warn
  server-side apply: refused
  kustomize: warn
EOF
