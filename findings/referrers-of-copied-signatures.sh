#!/usr/bin/env bash
# A signature that skopeo copies (go.podman.io/image v5.42.1) into a registry without the referrers API
# is there, and is not found: the list of referrers is not kept. go-containerregistry v0.22.1 (crane),
# oras-go v2.7.0 and regclient v0.11.7 keep it.
#
# Where a registry does not answer for the API, as distribution's (registry:3) does not, the
# distribution specification has whoever pushes a manifest with a subject add it to an index under
# the tag sha256-… of that subject. skopeo pushes the manifest alone, without a warning. Whoever asks
# for the image's signatures, SBOMs or provenance then hears that there are none, by any tool, although
# a list of tags shows the copy. So a mirror that skopeo fills fails in a policy that asks for signatures.
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
	"io"
	"log"
	"net/http/httptest"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/regclient/regclient"
	"github.com/regclient/regclient/config"
	"github.com/regclient/regclient/types/ref"
	"go.podman.io/image/v5/copy"
	podman "go.podman.io/image/v5/docker"
	"go.podman.io/image/v5/signature"
	podmantypes "go.podman.io/image/v5/types"
	"oras.land/oras-go/v2"
	orasremote "oras.land/oras-go/v2/registry/remote"
)

var ctx = context.Background()

func main() {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")

	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	digest, err := image.Digest()
	check(err)
	size, err := image.Size()
	check(err)
	signed := mutate.Subject(mutate.ConfigMediaType(image, "application/vnd.example.signature"),
		v1.Descriptor{MediaType: types.OCIManifestSchema1, Digest: digest, Size: size}).(v1.Image)
	source := tagOf(host+"/source", "signature")
	check(remote.Write(source, signed))

	for _, tool := range []struct {
		name string
		copy func(from, to name.Tag) error
	}{{"crane", byCrane}, {"oras", byOras}, {"regctl", byRegctl}, {"skopeo", bySkopeo}} {
		mirror := host + "/" + tool.name
		check(remote.Write(tagOf(mirror, "1.0"), image))
		target := tagOf(mirror, "signature")
		check(tool.copy(source, target))
		tags, err := remote.List(target.Repository)
		check(err)
		referrers, err := remote.Referrers(target.Repository.Digest(digest.String()))
		check(err)
		manifest, err := referrers.IndexManifest()
		check(err)
		fmt.Printf("%s: copied=%t, signatures found=%d\n", tool.name, slices.Contains(tags, "signature"), len(manifest.Manifests))
	}
}

func tagOf(repository, tag string) name.Tag {
	named, err := name.NewTag(repository + ":" + tag)
	check(err)
	return named
}

func byCrane(from, to name.Tag) error {
	image, err := remote.Image(from)
	check(err)
	return remote.Write(to, image)
}

func byOras(from, to name.Tag) error {
	source, err := orasremote.NewRepository(from.Repository.String())
	check(err)
	target, err := orasremote.NewRepository(to.Repository.String())
	check(err)
	source.PlainHTTP, target.PlainHTTP = true, true
	_, err = oras.Copy(ctx, source, from.TagStr(), target, to.TagStr(), oras.DefaultCopyOptions)
	return err
}

func byRegctl(from, to name.Tag) error {
	source, err := ref.New(from.String())
	check(err)
	target, err := ref.New(to.String())
	check(err)
	host := config.Host{Name: from.RegistryStr(), TLS: config.TLSDisabled}
	return regclient.New(regclient.WithConfigHost(host)).ImageCopy(ctx, source, target)
}

func bySkopeo(from, to name.Tag) error {
	source, err := podman.ParseReference("//" + from.String())
	check(err)
	target, err := podman.ParseReference("//" + to.String())
	check(err)
	accept := &signature.Policy{Default: []signature.PolicyRequirement{signature.NewPRInsecureAcceptAnything()}}
	policy, err := signature.NewPolicyContext(accept)
	check(err)
	system := &podmantypes.SystemContext{DockerInsecureSkipTLSVerify: podmantypes.OptionalBoolTrue}
	_, err = copy.Image(ctx, policy, target, source, &copy.Options{
		SourceCtx: system, DestinationCtx: system, ImageListSelection: copy.CopyAllImages, PreserveDigests: true,
	})
	return err
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
crane: copied=true, signatures found=1
oras: copied=true, signatures found=1
regctl: copied=true, signatures found=1
skopeo: copied=true, signatures found=0
EOF
