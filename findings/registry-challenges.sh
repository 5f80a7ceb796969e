#!/usr/bin/env bash
# Which way of signing in a registry client takes, if it is offered two, depends on the client and on
# their order; with one of them it is no way at all (go-containerregistry v0.22.1, oras-go v2.7.0
# for oras and Helm, regclient v0.11.7, go.podman.io/image v5.42.1 for skopeo, podman and CRI-O).
#
# A registry may name several challenges. oras-go reads the first header alone: behind a proxy that
# offers Negotiate before Basic it fails with 401, and the password that it has is never sent. Where
# both stand in one header, the library of skopeo fails, too. With Bearer before Basic, regclient
# takes Basic, the others the token, and all take Basic where that comes first, so that what a
# registry logs as a token's user for one tool is a password's for another.
#
# Seen: the table below: what the request for a manifest is signed in with. The script fails if it
# changes.
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
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/regclient/regclient"
	"github.com/regclient/regclient/config"
	"github.com/regclient/regclient/types/ref"
	"go.podman.io/image/v5/docker"
	"go.podman.io/image/v5/types"
	orasremote "oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
)

const digest = "sha256:0000000000000000000000000000000000000000000000000000000000000000"

func main() {
	for _, offered := range [][]string{
		{`Negotiate`, `Basic realm="shop"`},
		{`Negotiate, Basic realm="shop"`},
		{`Basic realm="shop"`, `Bearer realm="TOKEN",service="shop"`},
		{`Bearer realm="TOKEN",service="shop"`, `Basic realm="shop"`},
	} {
		fmt.Println(strings.Join(offered, " and "))
		for _, client := range []struct {
			name string
			read func(ctx context.Context, host string) error
		}{
			{"go-containerregistry", ggcr}, {"oras-go", oras}, {"regclient", reg}, {"skopeo's library", image},
		} {
			seen := ""
			var server *httptest.Server
			server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " ")
				if r.URL.Path == "/token" {
					fmt.Fprint(w, `{"token":"t"}`)
					return
				}
				if scheme == "" {
					for _, o := range offered {
						w.Header().Add("WWW-Authenticate", strings.ReplaceAll(o, "TOKEN", server.URL+"/token"))
					}
					w.WriteHeader(http.StatusUnauthorized)
					return
				}
				if strings.Contains(r.URL.Path, "manifests") {
					seen = scheme
				}
				w.Header().Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
				w.Header().Set("Docker-Content-Digest", digest)
				w.Header().Set("Content-Length", "2")
				if r.Method != http.MethodHead {
					fmt.Fprint(w, "{}")
				}
			}))
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			err := client.read(ctx, strings.TrimPrefix(server.URL, "http://"))
			cancel()
			server.Close()
			if err != nil {
				seen = "refused"
			}
			fmt.Printf("  %s: %s\n", client.name, seen)
		}
	}
}

func ggcr(ctx context.Context, host string) error {
	tag, err := name.NewTag(host + "/app:1.0")
	if err != nil {
		return err
	}
	_, err = remote.Head(tag, remote.WithContext(ctx), remote.WithAuth(&authn.Basic{Username: "user", Password: "password"}))
	return err
}

func oras(ctx context.Context, host string) error {
	repo, err := orasremote.NewRepository(host + "/app")
	if err != nil {
		return err
	}
	repo.PlainHTTP = true
	repo.Client = &auth.Client{Credential: auth.StaticCredential(host, auth.Credential{Username: "user", Password: "password"})}
	_, err = repo.Resolve(ctx, "1.0")
	return err
}

func reg(ctx context.Context, host string) error {
	r, err := ref.New(host + "/app:1.0")
	if err != nil {
		return err
	}
	rc := regclient.New(regclient.WithConfigHost(config.Host{Name: host, TLS: config.TLSDisabled, User: "user", Pass: "password"}))
	_, err = rc.ManifestHead(ctx, r)
	return err
}

func image(ctx context.Context, host string) error {
	r, err := docker.ParseReference("//" + host + "/app:1.0")
	if err != nil {
		return err
	}
	_, err = docker.GetDigest(ctx, &types.SystemContext{
		DockerInsecureSkipTLSVerify: types.OptionalBoolTrue,
		DockerAuthConfig:            &types.DockerAuthConfig{Username: "user", Password: "password"},
	}, r)
	return err
}
EOF
go mod tidy >/dev/null 2>&1
go run . 2>/dev/null | tee seen
diff seen - <<'EOF'
Negotiate and Basic realm="shop"
  go-containerregistry: Basic
  oras-go: refused
  regclient: Basic
  skopeo's library: Basic
Negotiate, Basic realm="shop"
  go-containerregistry: Basic
  oras-go: refused
  regclient: Basic
  skopeo's library: refused
Basic realm="shop" and Bearer realm="TOKEN",service="shop"
  go-containerregistry: Basic
  oras-go: Basic
  regclient: Basic
  skopeo's library: Basic
Bearer realm="TOKEN",service="shop" and Basic realm="shop"
  go-containerregistry: Bearer
  oras-go: Bearer
  regclient: Basic
  skopeo's library: Bearer
EOF
