#!/usr/bin/env bash
# An image with both a tag and a digest, app:1.2.3@sha256:…, as Renovate and docker compose write it, and
# "pin: digest" of Garboard: skopeo refuses the reference (go.podman.io/image v5.42.1), and which part
# others keep depends on them (distribution/reference v0.6.0 for Docker and the kubelet,
# go-containerregistry v0.22.1, regclient v0.11.7, oras-go v2.7.0, kustomize api v0.21.2).
#
# go-containerregistry has the tag in String() and not in Name(), and oras-go has none at all, so that a
# tool that shows or stores these loses the version. All of them ask for the digest; none tells that
# the tag is another image by now. kustomize drops the digest when it is given a new tag, and the tag
# when it is given a digest, without a word. skopeo: podman-container-tools/container-libs#225.
#
# Seen: the table below, the digests cut short. The script fails if it changes.
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
	oras.land/oras-go/v2 v2.7.0
	sigs.k8s.io/kustomize/api v0.21.2
	sigs.k8s.io/kustomize/kyaml v0.21.2
)
EOF
cat >main.go <<'EOF'
package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"

	"github.com/distribution/reference"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/regclient/regclient"
	"github.com/regclient/regclient/config"
	"github.com/regclient/regclient/types/ref"
	podman "go.podman.io/image/v5/docker"
	orasremote "oras.land/oras-go/v2/registry/remote"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

var (
	ctx  = context.Background()
	one  = "sha256:" + strings.Repeat("1", 64)
	two  = "sha256:" + strings.Repeat("2", 64)
	asks string
)

func main() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v2/" {
			asks = path.Base(r.URL.Path)
			w.Header().Set("Content-Type", "application/vnd.oci.image.index.v1+json")
			w.Header().Set("Docker-Content-Digest", one)
			w.Header().Set("Content-Length", "1000")
		}
	}))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	tell := func(who, text string, err error) {
		if err != nil {
			text = "refused: " + err.Error()
		}
		if asks != "" {
			text += ", and asks for " + asks
		}
		asks = ""
		fmt.Println(strings.NewReplacer(host, "HOST", one, "sha256:11…", two, "sha256:22…").Replace(who + ": " + text))
	}
	image := host + "/app:1.2.3@" + one

	named, err := reference.ParseNormalizedNamed(image)
	tell("distribution/reference", named.String(), err)
	_, err = podman.ParseReference("//" + image)
	tell("go.podman.io/image", "", err)

	byRegistry, err := name.ParseReference(image)
	check(err)
	tell("go-containerregistry, String()", byRegistry.String(), nil)
	_, err = remote.Head(byRegistry)
	tell("go-containerregistry, Name()", byRegistry.Name(), err)

	byRegclient, err := ref.New(image)
	check(err)
	_, err = regclient.New(regclient.WithConfigHost(config.Host{Name: host, TLS: config.TLSDisabled})).ManifestHead(ctx, byRegclient)
	tell("regclient", byRegclient.CommonName(), err)

	repository, err := orasremote.NewRepository(image)
	check(err)
	repository.PlainHTTP = true
	_, err = repository.Resolve(ctx, repository.Reference.Reference)
	tell("oras-go", repository.Reference.String(), err)

	for _, change := range []string{"newTag: 1.2.4", "digest: " + two, "newTag: 1.2.4, digest: " + two} {
		tell("kustomize, "+change, kustomized("app:1.2.3@"+one, change), nil)
	}
}

func kustomized(image, change string) string {
	files := filesys.MakeFsInMemory()
	check(files.WriteFile("/pod.yaml", fmt.Appendf(nil,
		"apiVersion: v1\nkind: Pod\nmetadata: {name: app}\nspec: {containers: [{name: app, image: %q}]}\n", image)))
	check(files.WriteFile("/kustomization.yaml", fmt.Appendf(nil,
		"resources: [pod.yaml]\nimages: [{name: app, %s}]\n", change)))
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(files, "/")
	check(err)
	containers, err := built.Resources()[0].GetSlice("spec.containers")
	check(err)
	return containers[0].(map[string]any)["image"].(string)
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
EOF
go mod tidy >/dev/null 2>&1
go run -tags containers_image_openpgp . | tee seen
diff seen - <<'EOF'
distribution/reference: HOST/app:1.2.3@sha256:11…
go.podman.io/image: refused: Docker references with both a tag and digest are currently not supported
go-containerregistry, String(): HOST/app:1.2.3@sha256:11…
go-containerregistry, Name(): HOST/app@sha256:11…, and asks for sha256:11…
regclient: HOST/app:1.2.3@sha256:11…, and asks for sha256:11…
oras-go: HOST/app@sha256:11…, and asks for sha256:11…
kustomize, newTag: 1.2.4: app:1.2.4
kustomize, digest: sha256:22…: app@sha256:22…
kustomize, newTag: 1.2.4, digest: sha256:22…: app:1.2.4@sha256:22…
EOF
