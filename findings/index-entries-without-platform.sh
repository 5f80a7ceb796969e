#!/usr/bin/env bash
# An entry of an OCI index that names no platform, which the image specification allows, is another
# image's to each of five libraries: here it is built for arm64, as its configuration says.
#
# containerd v2.4.2 reads the configuration, and runs it on arm64 alone. go-containerregistry v0.22.1
# (crane, and what scans and signs by it) takes an entry without a platform for linux/amd64, so it
# hands the arm64 image to who asks for amd64, and has none for arm64. go.podman.io/image v5.42.1
# (CRI-O, podman, skopeo) takes it for any platform, and regclient v0.11.7 and oras-go v2.7.0 for none.
# So a check before a rollout passes where the Pod cannot start, and fails where it would.
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
	github.com/containerd/containerd/v2 v2.4.2
	github.com/containerd/platforms v1.0.0-rc.5
	github.com/google/go-containerregistry v0.22.1
	github.com/opencontainers/go-digest v1.0.0
	github.com/opencontainers/image-spec v1.1.1
	github.com/regclient/regclient v0.11.7
	go.podman.io/image/v5 v5.42.1
	oras.land/oras-go/v2 v2.7.0
)
EOF
cat >main.go <<'EOF'
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"strings"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/platforms"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/regclient/regclient"
	"github.com/regclient/regclient/config"
	"github.com/regclient/regclient/types/platform"
	"github.com/regclient/regclient/types/ref"
	podman "go.podman.io/image/v5/docker"
	"go.podman.io/image/v5/image"
	podmantypes "go.podman.io/image/v5/types"
	"oras.land/oras-go/v2"
	orasremote "oras.land/oras-go/v2/registry/remote"
)

var ctx = context.Background()

func main() {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	tag, err := name.NewTag(strings.TrimPrefix(server.URL, "http://") + "/app:1.0")
	check(err)
	push(tag)
	for _, architecture := range []string{"amd64", "arm64", "s390x"} {
		fmt.Println("linux/" + architecture)
		wanted := ocispec.Platform{OS: "linux", Architecture: architecture}
		tell("containerd", byContainerd(tag, wanted))
		_, err := remote.Image(tag, remote.WithPlatform(v1.Platform{OS: "linux", Architecture: architecture}))
		tell("go-containerregistry", err)
		tell("go.podman.io/image", byPodman(tag, architecture))
		tell("regclient", byRegclient(tag, architecture))
		tell("oras-go", byOras(tag, wanted))
	}
}

// push makes an index with one image, for linux/arm64, and nothing said of it.
func push(tag name.Tag) {
	built := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	built, err := mutate.ConfigFile(built, &v1.ConfigFile{OS: "linux", Architecture: "arm64"})
	check(err)
	entry := mutate.IndexAddendum{Add: built, Descriptor: v1.Descriptor{MediaType: types.OCIManifestSchema1}}
	check(remote.WriteIndex(tag, mutate.IndexMediaType(mutate.AppendManifests(empty.Index, entry), types.OCIImageIndex)))
}

func byContainerd(tag name.Tag, wanted ocispec.Platform) error {
	index, err := remote.Get(tag)
	check(err)
	_, err = images.Manifest(ctx, provider{tag.Repository}, ocispec.Descriptor{
		MediaType: string(index.MediaType), Digest: digest.Digest(index.Digest.String()), Size: index.Size,
	}, platforms.OnlyStrict(wanted))
	return err
}

func byPodman(tag name.Tag, architecture string) error {
	reference, err := podman.ParseReference("//" + tag.String())
	check(err)
	system := &podmantypes.SystemContext{DockerInsecureSkipTLSVerify: podmantypes.OptionalBoolTrue, OSChoice: "linux", ArchitectureChoice: architecture}
	source, err := reference.NewImageSource(ctx, system)
	check(err)
	defer source.Close()
	_, err = image.FromUnparsedImage(ctx, system, image.UnparsedInstance(source, nil))
	return err
}

func byRegclient(tag name.Tag, architecture string) error {
	reference, err := ref.New(tag.String())
	check(err)
	client := regclient.New(regclient.WithConfigHost(config.Host{Name: tag.RegistryStr(), TLS: config.TLSDisabled}))
	_, err = client.ManifestGet(ctx, reference, regclient.WithManifestPlatform(platform.Platform{OS: "linux", Architecture: architecture}))
	return err
}

func byOras(tag name.Tag, wanted ocispec.Platform) error {
	repository, err := orasremote.NewRepository(tag.Repository.String())
	check(err)
	repository.PlainHTTP = true
	_, err = oras.Resolve(ctx, repository, tag.TagStr(), oras.ResolveOptions{TargetPlatform: &wanted})
	return err
}

// provider is containerd's view of the registry.
type provider struct{ repository name.Repository }

func (p provider) ReaderAt(_ context.Context, d ocispec.Descriptor) (content.ReaderAt, error) {
	digest := p.repository.Digest(d.Digest.String())
	if images.IsConfigType(d.MediaType) {
		blob, err := remote.Layer(digest)
		check(err)
		body, err := blob.Compressed()
		check(err)
		defer body.Close()
		text, err := io.ReadAll(body)
		return readerAt{bytes.NewReader(text)}, err
	}
	manifest, err := remote.Get(digest)
	check(err)
	return readerAt{bytes.NewReader(manifest.Manifest)}, nil
}

type readerAt struct{ *bytes.Reader }

func (readerAt) Close() error { return nil }

func tell(who string, err error) {
	verdict := "takes it"
	if err != nil {
		verdict = "has none"
	}
	fmt.Printf("  %s: %s\n", who, verdict)
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
linux/amd64
  containerd: has none
  go-containerregistry: takes it
  go.podman.io/image: takes it
  regclient: has none
  oras-go: has none
linux/arm64
  containerd: takes it
  go-containerregistry: has none
  go.podman.io/image: takes it
  regclient: has none
  oras-go: has none
linux/s390x
  containerd: has none
  go-containerregistry: has none
  go.podman.io/image: takes it
  regclient: has none
  oras-go: has none
EOF
