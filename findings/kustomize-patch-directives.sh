#!/usr/bin/env bash
# kustomize api v0.21.2: of the directives of a strategic merge patch it obeys $patch, and writes the
# others into the object that it builds.
#
# $retainKeys, $setElementOrder/LIST and $deleteFromPrimitiveList/LIST are obeyed by kubectl and the
# API server (k8s.io/apimachinery v0.37.2); kubectl apply sends them itself, so that a patch that was
# copied from its log or from a webhook has them. In a kustomization they stay in the manifest as
# keys of the object, the field that should have gone is still there, and there is no error. The
# other way round, "$patch: merge" is kustomize's own, and refused by Kubernetes.
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
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

const stored = `{metadata: {name: web, finalizers: [example.com/a, example.com/b]}, spec: {
	strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1}},
	template: {spec: {initContainers: [{name: first}, {name: second}]}}}}`

func main() {
	for _, question := range []struct{ patch, field string }{
		{`{spec: {strategy: {$patch: replace, type: Recreate}}}`, "spec.strategy"},
		{`{spec: {strategy: {$retainKeys: [type], type: Recreate}}}`, "spec.strategy"},
		{`{metadata: {$deleteFromPrimitiveList/finalizers: [example.com/a]}}`, "metadata"},
		{`{spec: {template: {spec: {$setElementOrder/initContainers: [{name: second}, {name: first}]}}}}`, "spec.template.spec"},
		{`{spec: {strategy: {$patch: merge, type: Recreate}}}`, "spec.strategy"},
	} {
		fmt.Println(question.patch)
		object, patch := deployment(stored), deployment(question.patch)
		merged, err := strategicpatch.StrategicMergePatch(object, patch, appsv1.Deployment{})
		fmt.Println("  Kubernetes:", field(merged, err, question.field))
		merged, err = kustomize(object, patch)
		fmt.Println("  kustomize:", field(merged, err, question.field))
	}
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

// deployment completes a Deployment, or a patch of one.
func deployment(text string) []byte {
	var object map[string]any
	check(yaml.Unmarshal([]byte(strings.ReplaceAll(text, "\t", " ")), &object))
	object["apiVersion"], object["kind"] = "apps/v1", "Deployment"
	metadata, _ := object["metadata"].(map[string]any)
	if metadata == nil {
		metadata = map[string]any{}
	}
	metadata["name"] = "web"
	object["metadata"] = metadata
	completed, err := json.Marshal(object)
	check(err)
	return completed
}

func field(object []byte, err error, path string) string {
	if err != nil {
		return "refused"
	}
	var value any
	check(json.Unmarshal(object, &value))
	for _, key := range strings.Split(path, ".") {
		value = value.(map[string]any)[key]
	}
	text, err := json.Marshal(value)
	check(err)
	return string(text)
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
{spec: {strategy: {$patch: replace, type: Recreate}}}
  Kubernetes: {"type":"Recreate"}
  kustomize: {"type":"Recreate"}
{spec: {strategy: {$retainKeys: [type], type: Recreate}}}
  Kubernetes: {"type":"Recreate"}
  kustomize: {"$retainKeys":["type"],"rollingUpdate":{"maxSurge":1},"type":"Recreate"}
{metadata: {$deleteFromPrimitiveList/finalizers: [example.com/a]}}
  Kubernetes: {"finalizers":["example.com/b"],"name":"web"}
  kustomize: {"$deleteFromPrimitiveList/finalizers":["example.com/a"],"finalizers":["example.com/a","example.com/b"],"name":"web"}
{spec: {template: {spec: {$setElementOrder/initContainers: [{name: second}, {name: first}]}}}}
  Kubernetes: {"initContainers":[{"name":"second"},{"name":"first"}]}
  kustomize: {"$setElementOrder/initContainers":[{"name":"second"},{"name":"first"}],"initContainers":[{"name":"first"},{"name":"second"}]}
{spec: {strategy: {$patch: merge, type: Recreate}}}
  Kubernetes: refused
  kustomize: {"rollingUpdate":{"maxSurge":1},"type":"Recreate"}
EOF
