#!/usr/bin/env bash
# distribution v3.1.2 (the image registry:3): what it says of a tag depends on the Accept header in
# another way for each of four kinds of manifest, although all four are stored as they were pushed.
#
# Of a Docker manifest list, a client that asks for Docker manifests alone is told the digest of
# the image for linux/amd64, with the list's own tag and without an error; one that asks for
# nothing, or for */*, as curl does, gets 400. Of an OCI index everybody gets the index. Of an OCI
# image only those get it who name its type: the others read 404, which says that the tag is not
# there. A Docker image everybody gets. So a script that watches a tag's digest by curl reads three
# kinds of answer, and one with a header for Docker manifests sees the digest change when a list
# takes the place of an image, though what amd64 runs is the same.
#
# Seen: the table below, of HEAD by tag. The script fails if it changes.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >go.mod <<'EOF'
module finding
go 1.26
require (
	github.com/distribution/distribution/v3 v3.1.2
	github.com/google/go-containerregistry v0.22.1
)
EOF
cat >main.go <<'EOF'
package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/distribution/distribution/v3/configuration"
	"github.com/distribution/distribution/v3/registry/handlers"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/inmemory"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/sirupsen/logrus"
)

func main() {
	logrus.SetOutput(io.Discard)
	config := &configuration.Configuration{Storage: configuration.Storage{"inmemory": nil}}
	config.Log.AccessLog.Disabled = true
	server := httptest.NewServer(handlers.NewApp(context.Background(), config))
	defer server.Close()
	repository, err := name.NewRepository(strings.TrimPrefix(server.URL, "http://") + "/app")
	check(err)
	kinds := map[string]string{}
	push(repository, "docker", types.DockerManifestSchema2, types.DockerManifestList, kinds)
	push(repository, "oci", types.OCIManifestSchema1, types.OCIImageIndex, kinds)
	for _, tag := range []string{"docker-list", "docker-image", "oci-list", "oci-image"} {
		fmt.Println(tag)
		for _, accept := range []string{"", "*/*", string(types.DockerManifestSchema2)} {
			request, err := http.NewRequest(http.MethodHead, server.URL+"/v2/app/manifests/"+tag, nil)
			check(err)
			if accept != "" {
				request.Header.Set("Accept", accept)
			}
			response, err := http.DefaultClient.Do(request)
			check(err)
			fmt.Printf("  Accept %q: %s\n", accept, strings.TrimSpace(fmt.Sprint(response.StatusCode, " ", kinds[response.Header.Get("Docker-Content-Digest")])))
		}
	}
}

// push makes two tags: a list of an arm64 and an amd64 image, and the amd64 image alone.
func push(repository name.Repository, tag string, image, list types.MediaType, kinds map[string]string) {
	arm := mutate.MediaType(empty.Image, image)
	amd, err := mutate.Config(arm, v1.Config{User: "1"})
	check(err)
	index := mutate.IndexMediaType(mutate.AppendManifests(empty.Index,
		mutate.IndexAddendum{Add: arm, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "arm64"}}},
		mutate.IndexAddendum{Add: amd, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "amd64"}}},
	), list)
	check(remote.WriteIndex(repository.Tag(tag+"-list"), index))
	check(remote.Write(repository.Tag(tag+"-image"), amd))
	for kind, stored := range map[string]interface{ Digest() (v1.Hash, error) }{"the list": index, "the amd64 image": amd} {
		digest, err := stored.Digest()
		check(err)
		kinds[digest.String()] = kind
	}
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
docker-list
  Accept "": 400
  Accept "*/*": 400
  Accept "application/vnd.docker.distribution.manifest.v2+json": 200 the amd64 image
docker-image
  Accept "": 200 the amd64 image
  Accept "*/*": 200 the amd64 image
  Accept "application/vnd.docker.distribution.manifest.v2+json": 200 the amd64 image
oci-list
  Accept "": 200 the list
  Accept "*/*": 200 the list
  Accept "application/vnd.docker.distribution.manifest.v2+json": 200 the list
oci-image
  Accept "": 404
  Accept "*/*": 404
  Accept "application/vnd.docker.distribution.manifest.v2+json": 404
EOF
