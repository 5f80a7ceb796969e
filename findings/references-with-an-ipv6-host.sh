#!/usr/bin/env bash
# go.podman.io/image v5.42.1 (CRI-O, podman, skopeo and buildah read names by it) refuses image
# names that distribution/reference v0.6.0 (Docker, containerd) takes: those of a registry that
# has an IPv6 address, or a host in upper case without a dot.
#
# Its grammar is a copy of its own. So one manifest can name an image to the nodes with containerd
# and none to those with CRI-O, and what one family of tools has pushed the other cannot copy.
# go-containerregistry v0.22.1 takes the address and refuses the upper case, unless there is a
# port; regclient v0.11.7 takes all. In lower case and without a dot the same name means Docker
# Hub to all of them.
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
	github.com/distribution/reference v0.6.0
	github.com/google/go-containerregistry v0.22.1
	github.com/regclient/regclient v0.11.7
	go.podman.io/image/v5 v5.42.1
)
EOF
cat >main.go <<'EOF'
package main

import (
	"fmt"

	"github.com/distribution/reference"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/regclient/regclient/types/ref"
	podman "go.podman.io/image/v5/docker/reference"
)

func main() {
	for _, image := range []string{"[fd00::1]:5000/web:1.2.0", "Mirror/web:1.2.0", "Mirror:5000/web:1.2.0", "mirror/web:1.2.0"} {
		fmt.Println(image)
		if named, err := reference.ParseDockerRef(image); err != nil {
			tell("distribution", err)
		} else {
			tell("distribution", nil, reference.Domain(named), reference.Path(named))
		}
		if named, err := podman.ParseNormalizedNamed(image); err != nil {
			tell("podman", err)
		} else {
			tell("podman", nil, podman.Domain(named), podman.Path(named))
		}
		if named, err := name.ParseReference(image); err != nil {
			tell("go-containerregistry", err)
		} else {
			tell("go-containerregistry", nil, named.Context().RegistryStr(), named.Context().RepositoryStr())
		}
		if named, err := ref.New(image); err != nil {
			tell("regclient", err)
		} else {
			tell("regclient", nil, named.Registry, named.Repository)
		}
	}
}

func tell(tool string, err error, parts ...string) {
	if err != nil {
		parts = []string{"refused"}
	}
	fmt.Println("  "+tool+":", parts)
}
EOF
go mod tidy >/dev/null 2>&1
go run . | tee seen
diff seen - <<'EOF'
[fd00::1]:5000/web:1.2.0
  distribution: [[fd00::1]:5000 web]
  podman: [refused]
  go-containerregistry: [[fd00::1]:5000 web]
  regclient: [[fd00::1]:5000 web]
Mirror/web:1.2.0
  distribution: [Mirror web]
  podman: [refused]
  go-containerregistry: [refused]
  regclient: [Mirror web]
Mirror:5000/web:1.2.0
  distribution: [Mirror:5000 web]
  podman: [Mirror:5000 web]
  go-containerregistry: [Mirror:5000 web]
  regclient: [Mirror:5000 web]
mirror/web:1.2.0
  distribution: [docker.io mirror/web]
  podman: [docker.io mirror/web]
  go-containerregistry: [index.docker.io mirror/web]
  regclient: [docker.io mirror/web]
EOF
