#!/usr/bin/env bash
# kustomize api v0.21.2: the name of an entry of "images" is a pattern, and is compared as it
# is written.
#
# It is put into a regular expression, so that the dots of registry.example.com stand for any
# character: an entry for one registry moves the images of another whose name differs in such
# a place. With newName they are sent to another registry. It is anchored, and a name that
# ends early reaches nothing. Nor is it read as a reference: nginx, library/nginx and
# docker.io/library/nginx are three names, where Docker and Kubernetes see one.
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

func main() {
	for _, c := range []struct{ name, image string }{
		{"registry.example.com/web", "registry.example.com/web:1.0"},
		{"registry.example.com/web", "registry-example.com/web:1.0"},
		{"registry.example.com/we", "registry.example.com/web:1.0"},
		{"team-.*/web", "team-a/web:1.0"},
		{"nginx", "nginx:1.0"},
		{"nginx", "docker.io/library/nginx:1.0"},
		{"docker.io/library/nginx", "nginx:1.0"},
	} {
		files := filesys.MakeFsInMemory()
		for name, text := range map[string]string{
			"/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  containers:\n" +
				"  - name: web\n    image: " + c.image + "\n",
			"/kustomization.yaml": "resources: [pod.yaml]\nimages:\n" +
				"- name: " + c.name + "\n  newTag: '2.0'\n",
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
		fmt.Printf("%s for %s: moved=%t\n", c.name, c.image, strings.Contains(string(text), ":2.0"))
	}
}
EOF
go mod tidy >/dev/null 2>&1
go run . | tee seen
diff seen - <<'EOF'
registry.example.com/web for registry.example.com/web:1.0: moved=true
registry.example.com/web for registry-example.com/web:1.0: moved=true
registry.example.com/we for registry.example.com/web:1.0: moved=false
team-.*/web for team-a/web:1.0: moved=true
nginx for nginx:1.0: moved=true
nginx for docker.io/library/nginx:1.0: moved=false
docker.io/library/nginx for nginx:1.0: moved=false
EOF
