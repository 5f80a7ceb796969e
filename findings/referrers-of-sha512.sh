#!/usr/bin/env bash
# Signatures and SBOMs of an image with a sha512 digest, in a registry without the referrers API: only
# regclient v0.11.7 asks for the tag by which the distribution specification has them listed.
#
# That tag is the algorithm and the first 64 characters of the digest. go-containerregistry v0.22.1
# (crane) and oras-go v2.7.0 (oras) put the whole digest into it, which makes 135 characters, seven
# more than a tag may have. oras-go then fails with "invalid tag"; go-containerregistry asks the
# registry for it, and takes the 404 for an image without referrers. For sha256 the three agree.
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
	github.com/opencontainers/go-digest v1.0.0
	github.com/opencontainers/image-spec v1.1.1
	github.com/regclient/regclient v0.11.7
	oras.land/oras-go/v2 v2.7.0
)
EOF
cat >main.go <<'EOF'
package main

import (
	"context"
	_ "crypto/sha512"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/regclient/regclient"
	"github.com/regclient/regclient/config"
	"github.com/regclient/regclient/types/ref"
	orasremote "oras.land/oras-go/v2/registry/remote"
)

func main() {
	for _, algorithm := range []digest.Algorithm{digest.SHA256, digest.SHA512} {
		fmt.Println(algorithm)
		for _, client := range []struct {
			name string
			list func(ctx context.Context, host string, subject digest.Digest) (int, error)
		}{{"go-containerregistry", listByGGCR}, {"oras-go", listByOras}, {"regclient", listByRegclient}} {
			asked := "asks for no tag"
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if _, tag, ok := strings.Cut(r.URL.Path, "/manifests/"); ok {
					asked = fmt.Sprintf("asks for a tag of %d characters", len(tag))
				}
				if r.URL.Path != "/v2/" {
					w.WriteHeader(http.StatusNotFound)
				}
			}))
			found, err := client.list(context.Background(), strings.TrimPrefix(server.URL, "http://"), algorithm.FromString("manifest"))
			server.Close()
			answer := fmt.Sprintf("%d referrers", found)
			if err != nil {
				answer = "an error"
			}
			fmt.Printf("  %s: %s, answers %s\n", client.name, asked, answer)
		}
	}
}

func listByGGCR(ctx context.Context, host string, subject digest.Digest) (int, error) {
	reference, err := name.NewDigest(host + "/app@" + subject.String())
	check(err)
	index, err := remote.Referrers(reference, remote.WithContext(ctx))
	if err != nil {
		return 0, err
	}
	manifest, err := index.IndexManifest()
	check(err)
	return len(manifest.Manifests), nil
}

func listByOras(ctx context.Context, host string, subject digest.Digest) (int, error) {
	repository, err := orasremote.NewRepository(host + "/app")
	check(err)
	repository.PlainHTTP = true
	found := 0
	err = repository.Referrers(ctx, ocispec.Descriptor{Digest: subject, MediaType: ocispec.MediaTypeImageManifest, Size: 1}, "",
		func(referrers []ocispec.Descriptor) error {
			found += len(referrers)
			return nil
		})
	return found, err
}

func listByRegclient(ctx context.Context, host string, subject digest.Digest) (int, error) {
	reference, err := ref.New(host + "/app@" + subject.String())
	check(err)
	client := regclient.New(regclient.WithConfigHost(config.Host{Name: host, TLS: config.TLSDisabled}))
	list, err := client.ReferrerList(ctx, reference)
	return len(list.Descriptors), err
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
sha256
  go-containerregistry: asks for a tag of 71 characters, answers 0 referrers
  oras-go: asks for a tag of 71 characters, answers 0 referrers
  regclient: asks for a tag of 71 characters, answers 0 referrers
sha512
  go-containerregistry: asks for a tag of 135 characters, answers 0 referrers
  oras-go: asks for no tag, answers an error
  regclient: asks for a tag of 71 characters, answers 0 referrers
EOF
