#!/usr/bin/env bash
# distribution/reference v0.6.0 (Docker, containerd and the kubelet read names by it) takes
# "build_host.example.com/app:1.0" without an error, and says that its registry is the empty
# string.
#
# An underscore is no part of a host there. The name is split at the slash first, since what
# comes before it has a dot, and is then valid as a path of two parts, without a registry; a
# normalised name always has one otherwise. With a port it is refused.
# go-containerregistry v0.22.1 sees the host that was meant, and regclient v0.11.7 a
# repository of Docker Hub. Three tools ask three registries.
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
)
EOF
cat >main.go <<'EOF'
package main

import (
	"fmt"

	"github.com/distribution/reference"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/regclient/regclient/types/ref"
)

func main() {
	for _, image := range []string{
		"build-host.example.com/app:1.0",
		"build_host.example.com/app:1.0",
		"build_host.example.com:5000/app:1.0",
	} {
		fmt.Println(image)
		if named, err := reference.ParseDockerRef(image); err != nil {
			fmt.Println("  distribution: refused")
		} else {
			fmt.Printf("  distribution: %q %q\n", reference.Domain(named), reference.Path(named))
		}
		if named, err := name.ParseReference(image); err != nil {
			fmt.Println("  go-containerregistry: refused")
		} else {
			fmt.Printf("  go-containerregistry: %q %q\n", named.Context().RegistryStr(), named.Context().RepositoryStr())
		}
		if named, err := ref.New(image); err != nil {
			fmt.Println("  regclient: refused")
		} else {
			fmt.Printf("  regclient: %q %q\n", named.Registry, named.Repository)
		}
	}
}
EOF
go mod tidy >/dev/null 2>&1
go run . | tee seen
diff seen - <<'EOF'
build-host.example.com/app:1.0
  distribution: "build-host.example.com" "app"
  go-containerregistry: "build-host.example.com" "app"
  regclient: "build-host.example.com" "app"
build_host.example.com/app:1.0
  distribution: "" "build_host.example.com/app"
  go-containerregistry: "build_host.example.com" "app"
  regclient: "docker.io" "build_host.example.com/app"
build_host.example.com:5000/app:1.0
  distribution: refused
  go-containerregistry: "build_host.example.com:5000" "app"
  regclient: refused
EOF
