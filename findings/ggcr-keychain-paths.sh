#!/usr/bin/env bash
# go-containerregistry v0.22.1: authn.DefaultKeychain picks among several paths of one
# host in a Docker configuration without an order.
#
# Docker's own configuration is keyed by host. podman and buildah also write keys with a
# path, HOST/team-a, and look for the longest that matches. DefaultKeychain reads both
# files. With entries for two paths of one host it is asked for a repository below one
# of them; in some runs it answers with the credential of the other path. The
# configuration and the reference are valid, and no error is returned.
#
# Seen: of 200 processes, some answer "a" and some "b" for HOST/team-a/app.
# The script fails if all of them agree.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >go.mod <<'EOF'
module finding
go 1.25
require github.com/google/go-containerregistry v0.22.1
EOF
cat >main.go <<'EOF'
package main

import (
	"fmt"
	"os"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
)

func main() {
	repository, err := name.NewRepository("registry.example.com/team-a/app")
	if err != nil {
		panic(err)
	}
	found, err := authn.DefaultKeychain.Resolve(repository)
	if err != nil {
		panic(err)
	}
	config, err := found.Authorization()
	if err != nil {
		panic(err)
	}
	fmt.Fprintln(os.Stdout, config.Username)
}
EOF
mkdir docker
cat >docker/config.json <<EOF
{"auths": {
  "registry.example.com/team-a": {"auth": "$(printf a:one | base64)"},
  "registry.example.com/team-b": {"auth": "$(printf b:two | base64)"}
}}
EOF
go mod tidy >/dev/null 2>&1
go build -o finding .
for _ in $(seq 200); do DOCKER_CONFIG=$dir/docker ./finding; done | sort | uniq -c | tee answers
test "$(wc -l <answers)" -gt 1
