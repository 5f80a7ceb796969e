#!/usr/bin/env bash
# kustomize api v0.21.2: the tagSuffix of an image is appended twice to the images of
# containers and init containers, once to those of image volumes, and to an image without a
# tag it makes a reference that is none.
#
# Containers are reached by two of its filters, one for everything named "containers" and one
# by field paths, and each appends. With newTag that does no harm: the second writes the
# same. A digest is dropped, although the suffix makes another tag of the same name.
#
# Seen: the table below. The script fails if it changes.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
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
	"fmt"
	"strings"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

const (
	pod = `apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  initContainers:
  - name: migrate
    image: IMAGE
  containers:
  - name: web
    image: IMAGE
  volumes:
  - name: assets
    image:
      reference: IMAGE
`
	kustomization = `resources: [pod.yaml]
images:
- name: web
  tagSuffix: -alpine
`
)

func main() {
	for _, image := range []string{
		"web:1.2.0",
		"web",
		"web:1.2.0@sha256:" + strings.Repeat("a", 64),
	} {
		files := filesys.MakeFsInMemory()
		for name, text := range map[string]string{
			"/pod.yaml":           strings.ReplaceAll(pod, "IMAGE", image),
			"/kustomization.yaml": kustomization,
		} {
			if err := files.WriteFile(name, []byte(text)); err != nil {
				panic(err)
			}
		}
		built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(files, "/")
		if err != nil {
			panic(err)
		}
		text, err := built.AsYaml()
		if err != nil {
			panic(err)
		}
		fmt.Printf("%.20s\n", image)
		for line := range strings.Lines(string(text)) {
			if strings.Contains(line, "image: ") || strings.Contains(line, "reference: ") {
				fmt.Println("  " + strings.TrimLeft(strings.TrimSpace(line), "- "))
			}
		}
	}
}
EOF
go mod tidy >/dev/null 2>&1
go run . | tee seen
diff seen - <<'EOF'
web:1.2.0
  image: web:1.2.0-alpine-alpine
  image: web:1.2.0-alpine-alpine
  reference: web:1.2.0-alpine
web
  image: web:-alpine-alpine
  image: web:-alpine-alpine
  reference: web:-alpine
web:1.2.0@sha256:aaa
  image: web:1.2.0-alpine-alpine
  image: web:1.2.0-alpine-alpine
  reference: web:1.2.0-alpine
EOF
