#!/usr/bin/env bash
# go-containerregistry v0.22.1, deletions in its in-process registry: a manifest that is
# deleted by its digest stays under its tags, and a list that goes on behind the last tag of
# all begins anew.
#
# The registry keeps a copy under each name of a manifest. After the deletion its digest is
# not found, while each tag answers as before, with that digest in its header: a client that
# reads a tag's digest first and the manifest by it fails, though the tag is in the list.
# Other registries take the tags away with the manifest. And where the page that is asked for
# would be empty, since "last" is the highest tag or was it before its deletion, the answer is
# the list from its start.
#
# Seen: the lines below. The script fails if they change.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >go.mod <<'EOF'
module finding
go 1.26
require github.com/google/go-containerregistry v0.22.1
EOF
cat >main.go <<'EOF'
package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

func main() {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	repository, err := name.NewRepository(strings.TrimPrefix(server.URL, "http://") + "/shop/web")
	if err != nil {
		panic(err)
	}
	image, err := random.Image(8, 1)
	if err != nil {
		panic(err)
	}
	for _, tag := range []string{"1.0", "1.1", "1.2"} {
		if err := remote.Write(repository.Tag(tag), image); err != nil {
			panic(err)
		}
	}
	digest, err := image.Digest()
	if err != nil {
		panic(err)
	}
	ask := func(method, path string) {
		request, err := http.NewRequest(method, server.URL+"/v2/shop/web/"+path, nil)
		if err != nil {
			panic(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			panic(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			panic(err)
		}
		if method == http.MethodHead || response.StatusCode >= 300 {
			body = nil
		}
		fmt.Println(strings.TrimSpace(fmt.Sprintln(method, strings.Replace(path, digest.String(), "DIGEST", 1), response.StatusCode,
			response.Header.Get("Docker-Content-Digest") == digest.String(), strings.TrimSpace(string(body)))))
	}
	ask(http.MethodDelete, "manifests/1.2")
	ask(http.MethodGet, "tags/list?n=2&last=1.0")
	ask(http.MethodGet, "tags/list?n=2&last=1.2")
	ask(http.MethodDelete, "manifests/"+digest.String())
	ask(http.MethodHead, "manifests/"+digest.String())
	ask(http.MethodHead, "manifests/1.0")
	ask(http.MethodGet, "tags/list")
}
EOF
go mod tidy >/dev/null 2>&1
go run . | tee seen
diff seen - <<'EOF'
DELETE manifests/1.2 202 false
GET tags/list?n=2&last=1.0 200 false {"name":"shop/web","tags":["1.1"]}
GET tags/list?n=2&last=1.2 200 false {"name":"shop/web","tags":["1.0","1.1"]}
DELETE manifests/DIGEST 202 false
HEAD manifests/DIGEST 404 false
HEAD manifests/1.0 200 true
GET tags/list 200 false {"name":"shop/web","tags":["1.0","1.1"]}
EOF
