#!/usr/bin/env bash
# Where a container that is added stands in the list depends on how it is added (Kubernetes 1.37.2,
# kustomize api v0.21.2): by a strategic merge patch (kubectl patch, a client-side apply), a server-side
# apply or a patch of kustomize.
#
# A patch that names the new container alone puts it first, a server-side apply last. Where it names
# one that is there as well, the new one is first, behind the one that was first, or all that the patch
# names is before what it does not. The first container is the one that kubectl logs and exec take,
# and that /spec/template/spec/containers/0 and [0] of policies, JSON patches and replacements mean; a
# Pod's containers are started in that order, too.
#
# Seen: the table below, of containers web and log. The script fails if it changes.
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

const stored = `{name: web, image: "web:1.0"}, {name: log, image: "log:1.0"}`

func main() {
	for _, patch := range []string{
		`{name: proxy, image: "proxy:1.0"}`,
		`{name: log, image: "log:1.1"}, {name: web, image: "web:1.1"}`,
		`{name: log, image: "log:1.1"}, {name: proxy, image: "proxy:1.0"}`,
		`{name: proxy, image: "proxy:1.0"}, {name: log, image: "log:1.1"}`,
	} {
		fmt.Println(patch)
		for _, way := range []struct {
			name  string
			write func(object, patch []byte) ([]byte, error)
		}{{"strategic merge patch", strategic}, {"server-side apply", apply}, {"kustomize", kustomize}} {
			written, err := way.write(deployment(stored), deployment(patch))
			check(err)
			var after appsv1.Deployment
			check(json.Unmarshal(written, &after))
			var names []string
			for _, container := range after.Spec.Template.Spec.Containers {
				names = append(names, container.Name)
			}
			fmt.Printf("  %s: %s\n", way.name, strings.Join(names, ", "))
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

func deployment(containers string) []byte {
	object, err := yaml.YAMLToJSON([]byte(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec: {template: {spec: {containers: [` + containers + `]}}}
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
{name: proxy, image: "proxy:1.0"}
  strategic merge patch: proxy, web, log
  server-side apply: web, log, proxy
  kustomize: proxy, web, log
{name: log, image: "log:1.1"}, {name: web, image: "web:1.1"}
  strategic merge patch: log, web
  server-side apply: log, web
  kustomize: log, web
{name: log, image: "log:1.1"}, {name: proxy, image: "proxy:1.0"}
  strategic merge patch: web, log, proxy
  server-side apply: web, log, proxy
  kustomize: log, proxy, web
{name: proxy, image: "proxy:1.0"}, {name: log, image: "log:1.1"}
  strategic merge patch: proxy, web, log
  server-side apply: web, proxy, log
  kustomize: proxy, log, web
EOF
