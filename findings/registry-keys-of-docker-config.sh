#!/usr/bin/env bash
# A key of a pull Secret or of Docker's config.json: who finds a credential under it depends on the tool,
# and under one spelling alone do all of them find Docker Hub's (docker/cli v29.7.2, the kubelet
# 1.37.2, go-containerregistry v0.22.1 for crane, oras-go v2.7.0 for oras and Helm, regclient v0.11.7,
# go.podman.io/image v5.42.1 for skopeo, podman and CRI-O).
#
# That is https://index.docker.io/v1/. "docker.io", which "kubectl create secret docker-registry
# --docker-server=docker.io" writes, serves the kubelet, so that Pods start, while docker, crane and
# oras with the same file are anonymous and meet the limits for that. Without its last slash the one
# right key is found by skopeo alone. For other registries a /v2 behind the host is no part of the key
# to four of them, and is to the kubelet, unless a slash follows; and *.example.com is for the kubelet
# alone. No tool says that an entry was passed over.
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
	github.com/distribution/reference v0.6.0
	github.com/docker/cli v29.7.2+incompatible
	github.com/google/go-containerregistry v0.22.1
	github.com/regclient/regclient v0.11.7
	go.podman.io/image/v5 v5.42.1
	k8s.io/kubernetes v1.37.2
	oras.land/oras-go/v2 v2.7.0
)
EOF
for part in api apiextensions-apiserver apimachinery apiserver cli-runtime client-go cloud-provider \
	cluster-bootstrap code-generator component-base component-helpers controller-manager cri-api \
	cri-client cri-streaming csi-translation-lib dynamic-resource-allocation endpointslice \
	externaljwt kms kube-aggregator kube-controller-manager kube-proxy kube-scheduler kubectl \
	kubelet metrics mount-utils pod-security-admission sample-apiserver sample-cli-plugin \
	sample-controller streaming; do
	echo "replace k8s.io/$part => k8s.io/$part v0.37.2"
done >>go.mod
cat >main.go <<'EOF'
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/distribution/reference"
	dockerconfig "github.com/docker/cli/cli/config"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	regclient "github.com/regclient/regclient/config"
	"go.podman.io/image/v5/pkg/docker/config"
	"go.podman.io/image/v5/types"
	"k8s.io/kubernetes/pkg/credentialprovider"
	"oras.land/oras-go/v2/registry/remote/credentials"
)

var dir = os.Getenv("DOCKER_CONFIG")

func main() {
	for _, question := range []struct {
		image string
		keys  []string
	}{
		{"docker.io/library/nginx", []string{
			"https://index.docker.io/v1/", "https://index.docker.io/v1", "https://index.docker.io/v2/",
			"index.docker.io", "docker.io", "docker.io/library", "registry-1.docker.io",
		}},
		{"registry.example.com/team/app", []string{
			"registry.example.com", "https://registry.example.com/v2", "https://registry.example.com/v2/", "*.example.com",
		}},
	} {
		fmt.Println(question.image)
		for _, key := range question.keys {
			text := fmt.Sprintf(`{"auths": {%q: {"auth": "dXNlcjpwYXNzd29yZA=="}}}`, key)
			check(os.WriteFile(filepath.Join(dir, "config.json"), []byte(text), 0o600))
			var finders []string
			for _, tool := range []struct {
				name string
				find func(image, config string) bool
			}{{"docker", byDocker}, {"kubelet", byKubelet}, {"crane", byCrane}, {"oras", byOras}, {"regctl", byRegctl}, {"skopeo", bySkopeo}} {
				if tool.find(question.image, text) {
					finders = append(finders, tool.name)
				}
			}
			fmt.Printf("  %s: %s\n", key, strings.Join(finders, ", "))
		}
	}
}

// hostOf is the registry of an image.
func hostOf(image string) string {
	named, err := reference.ParseNormalizedNamed(image)
	check(err)
	return reference.Domain(named)
}

func byDocker(image, _ string) bool {
	host := hostOf(image)
	if host == "docker.io" {
		host = "https://index.docker.io/v1/" // as docker's own commands ask
	}
	file, err := dockerconfig.Load(dir)
	check(err)
	found, err := file.GetAuthConfig(host)
	check(err)
	return found.Username != ""
}

func byKubelet(image, text string) bool {
	var secret credentialprovider.DockerConfigJSON
	check(json.Unmarshal([]byte(text), &secret))
	keyring := &credentialprovider.BasicDockerKeyring{}
	keyring.Add(nil, secret.Auths)
	_, found := keyring.Lookup(image)
	return found
}

func byCrane(image, _ string) bool {
	repository, err := name.NewRepository(image)
	check(err)
	found, err := authn.DefaultKeychain.Resolve(repository)
	check(err)
	return found != authn.Anonymous
}

func byOras(image, _ string) bool {
	store, err := credentials.NewStoreFromDocker(credentials.StoreOptions{})
	check(err)
	host := hostOf(image)
	if host == "docker.io" {
		host = "registry-1.docker.io" // where oras sends its requests
	}
	found, err := credentials.Credential(store)(context.Background(), host)
	check(err)
	return found.Username != ""
}

func byRegctl(image, _ string) bool {
	hosts, err := regclient.DockerLoad()
	check(err)
	for _, host := range hosts {
		if host.Name == hostOf(image) {
			return host.User != ""
		}
	}
	return false
}

func bySkopeo(image, _ string) bool {
	named, err := reference.ParseNormalizedNamed(image)
	check(err)
	found, err := config.GetCredentialsForRef(&types.SystemContext{AuthFilePath: filepath.Join(dir, "config.json")}, named)
	check(err)
	return found.Username != ""
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
EOF
go mod tidy >/dev/null 2>&1
mkdir config
DOCKER_CONFIG=$dir/config go run . | tee seen
diff seen - <<'EOF'
docker.io/library/nginx
  https://index.docker.io/v1/: docker, kubelet, crane, oras, regctl, skopeo
  https://index.docker.io/v1: skopeo
  https://index.docker.io/v2/: kubelet, skopeo
  index.docker.io: kubelet, skopeo
  docker.io: kubelet, regctl, skopeo
  docker.io/library: kubelet, skopeo
  registry-1.docker.io: regctl, skopeo
registry.example.com/team/app
  registry.example.com: docker, kubelet, crane, oras, regctl, skopeo
  https://registry.example.com/v2: docker, crane, oras, skopeo
  https://registry.example.com/v2/: docker, kubelet, crane, oras, skopeo
  *.example.com: kubelet
EOF
