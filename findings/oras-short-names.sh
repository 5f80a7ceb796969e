#!/usr/bin/env bash
# oras-go v2.6.4 (oras, and Helm for charts in registries) asks another registry or repository for
# a short name of Docker Hub than Docker, containerd and the kubelet do (distribution/reference
# v0.6.0).
#
# What stands before the first slash is the registry to it, whether or not it looks like a host:
# "library/nginx" leads to a machine called "library" in the local network. A name that says
# docker.io gets no "library/", so that Docker Hub is asked for a repository "nginx". Both are
# read without an error; "nginx" alone is refused.
#
# Seen: the table below: registry, repository, tag. The script fails if it changes.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >go.mod <<'EOF'
module finding
go 1.26
require (
	github.com/distribution/reference v0.6.0
	oras.land/oras-go/v2 v2.6.4
)
EOF
cat >main.go <<'EOF'
package main

import (
	"fmt"

	"github.com/distribution/reference"
	"oras.land/oras-go/v2/registry"
)

func main() {
	for _, image := range []string{
		"docker.io/library/nginx:1.27.0",
		"docker.io/nginx:1.27.0",
		"library/nginx:1.27.0",
		"team/shop/web:1.2.0",
		"nginx:1.27.0",
	} {
		fmt.Println(image)
		named, err := reference.ParseDockerRef(image)
		if err != nil {
			panic(err)
		}
		fmt.Println("  distribution:", reference.Domain(named), reference.Path(named), named.(reference.Tagged).Tag())
		asked, err := registry.ParseReference(image)
		if err != nil {
			fmt.Println("  oras: refused")
			continue
		}
		fmt.Println("  oras:", asked.Host(), asked.Repository, asked.Reference)
	}
}
EOF
go mod tidy >/dev/null 2>&1
go run . | tee seen
diff seen - <<'EOF'
docker.io/library/nginx:1.27.0
  distribution: docker.io library/nginx 1.27.0
  oras: registry-1.docker.io library/nginx 1.27.0
docker.io/nginx:1.27.0
  distribution: docker.io library/nginx 1.27.0
  oras: registry-1.docker.io nginx 1.27.0
library/nginx:1.27.0
  distribution: docker.io library/nginx 1.27.0
  oras: library nginx 1.27.0
team/shop/web:1.2.0
  distribution: docker.io team/shop/web 1.2.0
  oras: team shop/web 1.2.0
nginx:1.27.0
  distribution: docker.io library/nginx 1.27.0
  oras: refused
EOF
