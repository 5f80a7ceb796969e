#!/usr/bin/env bash
# kustomize api v0.21.2, replacements: "[name=web]" in a target's path is a regular expression that may
# match anywhere, so that the containers webhook and my-web get the value, too.
#
# In a source's path the same selector means the container of that name alone, and the images of a
# kustomization are anchored. "[name=^web$]" is what a target has to say to mean one container; as a
# source that finds none and fails. "create: true" helps as little, and with a delimiter each of the
# containers keeps its own part of the image, so that only the tag of a sidecar is wrong. There is no
# error and no warning.
#
# Seen: the table below: the images that are built, and what is read by the two selectors of a source.
# The script fails if it changes.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >go.mod <<'EOF'
module finding
go 1.26
require (
	sigs.k8s.io/kustomize/api v0.21.2
	sigs.k8s.io/kustomize/kyaml v0.21.2
)
EOF
cat >main.go <<'EOF'
package main

import (
	"fmt"
	"strings"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

const objects = `
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {tag: "2.0", read: ""}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      containers:
      - {name: webhook, image: "hook:1.0"}
      - {name: web, image: "app:1.0"}
      - {name: my-web, image: "other:1.0"}
`

func main() {
	for _, selector := range []string{"[name=web]", "[name=^web$]"} {
		path := "spec.template.spec.containers." + selector + ".image"
		fmt.Println(selector)
		built, err := build(`{kind: ConfigMap, fieldPath: data.tag}`, `{kind: Deployment}`, path, `{delimiter: ":", index: 1}`)
		check(err)
		fmt.Println("  target:", strings.Join(built["Deployment"], ", "))
		built, err = build(`{kind: Deployment, fieldPath: "`+path+`"}`, `{kind: ConfigMap}`, "data.read", `{}`)
		if err != nil {
			fmt.Println("  source: error")
			continue
		}
		fmt.Println("  source:", strings.Join(built["ConfigMap"], ", "))
	}
}

// build returns the images of the Deployment, and what the ConfigMap was given.
func build(source, target, path, options string) (map[string][]string, error) {
	files := filesys.MakeFsInMemory()
	check(files.WriteFile("objects.yaml", []byte(objects)))
	check(files.WriteFile("kustomization.yaml", []byte(`
resources: [objects.yaml]
replacements:
- source: `+source+`
  targets:
  - select: `+target+`
    fieldPaths: ["`+path+`"]
    options: `+options+`
`)))
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(files, ".")
	if err != nil {
		return nil, err
	}
	found := map[string][]string{}
	for _, object := range built.Resources() {
		if object.GetKind() == "ConfigMap" {
			found["ConfigMap"] = append(found["ConfigMap"], object.GetDataMap()["read"])
			continue
		}
		containers, err := object.Pipe(yaml.Lookup("spec", "template", "spec", "containers"))
		check(err)
		check(containers.VisitElements(func(container *yaml.RNode) error {
			image, err := container.GetString("image")
			found["Deployment"] = append(found["Deployment"], image)
			return err
		}))
	}
	return found, nil
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
[name=web]
  target: hook:2.0, app:2.0, other:2.0
  source: app:1.0
[name=^web$]
  target: hook:1.0, app:2.0, other:1.0
  source: error
EOF
