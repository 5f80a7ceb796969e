#!/usr/bin/env bash
# go-containerregistry v0.22.1 (crane, ko, cosign and what else checks images by it) reads image names that
# are none to Docker, containerd and the kubelet (distribution/reference v0.6.0), regclient v0.11.7 and
# oras-go v2.7.0: it looks at the characters of a repository and of a tag, and not at where they stand.
#
# So a typing error passes where a name is checked by it, "app..web", "web-" or the tag "-1.0", and the
# Pod stops at InvalidImageName. A scheme that was left in front, as skopeo and Helm want it, becomes the
# registry "oci:". A name that ends behind the port is an image of Docker Hub to all but oras-go, with
# the port as its tag. 255 characters are the limit of a name to the first two; the others have none,
# and a name that they take is one that a Pod cannot have.
#
# Seen: the table below: the repository that is found. The script fails if it changes.
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
	oras.land/oras-go/v2 v2.7.0
)
EOF
cat >main.go <<'EOF'
package main

import (
	"fmt"
	"strings"

	"github.com/distribution/reference"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/regclient/regclient/types/ref"
	"oras.land/oras-go/v2/registry"
)

var long = strings.Repeat("long/", 52) + "web"

func main() {
	for _, image := range []string{
		"registry.example.com/app..web:1.0",
		"registry.example.com/web-:1.0",
		"registry.example.com/app//web:1.0",
		"registry.example.com/web:-1.0",
		"oci://registry.example.com/web:1.0",
		"registry.example.com:5000",
		"registry.example.com/" + long + ":1.0",
	} {
		fmt.Println(strings.Replace(image, long, "… (263 characters)", 1))
		named, err := reference.ParseNormalizedNamed(image)
		if err != nil {
			tell("distribution/reference", "", "", err)
		} else {
			tell("distribution/reference", reference.Domain(named), reference.Path(named), nil)
		}
		byRegistry, err := name.ParseReference(image)
		if err != nil {
			tell("go-containerregistry", "", "", err)
		} else {
			tell("go-containerregistry", byRegistry.Context().RegistryStr(), byRegistry.Context().RepositoryStr(), nil)
		}
		byRegclient, err := ref.New(image)
		tell("regclient", byRegclient.Registry, byRegclient.Repository, err)
		byOras, err := registry.ParseReference(image)
		tell("oras-go", byOras.Registry, byOras.Repository, err)
	}
}

func tell(who, host, repository string, err error) {
	told := fmt.Sprintf("%s of %s", strings.Replace(repository, long, "…", 1), host)
	if err != nil {
		told = "refused"
	}
	fmt.Printf("  %s: %s\n", who, told)
}
EOF
go mod tidy >/dev/null 2>&1
go run . | tee seen
diff seen - <<'EOF'
registry.example.com/app..web:1.0
  distribution/reference: refused
  go-containerregistry: app..web of registry.example.com
  regclient: refused
  oras-go: refused
registry.example.com/web-:1.0
  distribution/reference: refused
  go-containerregistry: web- of registry.example.com
  regclient: refused
  oras-go: refused
registry.example.com/app//web:1.0
  distribution/reference: refused
  go-containerregistry: app//web of registry.example.com
  regclient: refused
  oras-go: refused
registry.example.com/web:-1.0
  distribution/reference: refused
  go-containerregistry: web of registry.example.com
  regclient: refused
  oras-go: refused
oci://registry.example.com/web:1.0
  distribution/reference: refused
  go-containerregistry: /registry.example.com/web of oci:
  regclient: refused
  oras-go: refused
registry.example.com:5000
  distribution/reference: library/registry.example.com of docker.io
  go-containerregistry: library/registry.example.com of index.docker.io
  regclient: library/registry.example.com of docker.io
  oras-go: refused
registry.example.com/… (263 characters):1.0
  distribution/reference: refused
  go-containerregistry: refused
  regclient: … of registry.example.com
  oras-go: … of registry.example.com
EOF
