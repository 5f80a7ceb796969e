#!/usr/bin/env bash
# Where two entries of an OCI layout's index.json have the same name, skopeo's library
# (go.podman.io/image v5.42.1) and regclient v0.11.7 take the first, and oras-go v2.7.0 the last.
#
# Such a layout is what "crane pull --format=oci --annotate-ref" leaves when it is run for one tag
# twice: go-containerregistry v0.22.1 appends an image with its name, whether or not the name is
# there. skopeo and regctl then go on to copy the old image, and oras copies the new one. Nor are
# names compared alike: regclient's tag 2.0 is also what ends in ":2.0", so that of two
# repositories in one layout it takes the one that was written first, where the others find none.
# No tool says that there are two.
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
	github.com/google/go-containerregistry v0.22.1
	github.com/regclient/regclient v0.11.7
	go.podman.io/image/v5 v5.42.1
	oras.land/oras-go/v2 v2.7.0
)
EOF
cat >main.go <<'EOF'
package main

import (
	"context"
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/regclient/regclient"
	"github.com/regclient/regclient/types/ref"
	"go.podman.io/image/v5/manifest"
	podman "go.podman.io/image/v5/oci/layout"
	"oras.land/oras-go/v2/content/oci"
)

func main() {
	ctx := context.Background()
	path, err := layout.Write("store", empty.Index)
	check(err)
	contents := map[string]string{}
	for _, entry := range [][2]string{
		{"1.0", "old image"}, {"1.0", "new image"},
		{"registry.example.com/web:2.0", "web"}, {"registry.example.com/api:2.0", "api"},
	} {
		image, err := mutate.Config(mutate.MediaType(empty.Image, types.OCIManifestSchema1),
			v1.Config{Labels: map[string]string{"is": entry[1]}})
		check(err)
		check(path.AppendImage(image, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": entry[0]})))
		digest, err := image.Digest()
		check(err)
		contents[digest.String()] = entry[1]
	}
	for _, tag := range []string{"1.0", "2.0"} {
		fmt.Println(tag)
		for _, tool := range []struct {
			name string
			find func(ctx context.Context, tag string) (string, error)
		}{{"skopeo's library", findByPodman}, {"regclient", findByRegclient}, {"oras-go", findByOras}} {
			digest, err := tool.find(ctx, tag)
			if err != nil {
				contents[digest] = "none"
			}
			fmt.Printf("  %s: %s\n", tool.name, contents[digest])
		}
	}
}

func findByPodman(ctx context.Context, tag string) (string, error) {
	reference, err := podman.NewReference("store", tag)
	check(err)
	source, err := reference.NewImageSource(ctx, nil)
	if err != nil {
		return "", err
	}
	defer source.Close()
	raw, _, err := source.GetManifest(ctx, nil)
	check(err)
	digest, err := manifest.Digest(raw)
	return digest.String(), err
}

func findByRegclient(ctx context.Context, tag string) (string, error) {
	reference, err := ref.New("ocidir://store:" + tag)
	check(err)
	found, err := regclient.New().ManifestHead(ctx, reference)
	if err != nil {
		return "", err
	}
	return found.GetDescriptor().Digest.String(), nil
}

func findByOras(ctx context.Context, tag string) (string, error) {
	store, err := oci.New("store")
	check(err)
	found, err := store.Resolve(ctx, tag)
	return found.Digest.String(), err
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
1.0
  skopeo's library: old image
  regclient: old image
  oras-go: new image
2.0
  skopeo's library: none
  regclient: web
  oras-go: none
EOF
