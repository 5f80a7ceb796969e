#!/usr/bin/env bash
# A tag in an .env file that compose and a cluster share: compose-go v2.16.2 and dotenv 18.0.10 (npm) read
# another value of it than docker run --env-file (docker/cli v29.9.3), kubectl create configmap
# --from-env-file (k8s.io/kubectl v0.37.2) and a configMapGenerator of kustomize (api v0.21.2).
#
# The latter three take the rest of the line as it is: quotes, and a comment behind the value, are in the
# ConfigMap, and so in the image that Flux's substituteFrom or a replacement makes of it. compose and
# dotenv take both away, and dotenv also what follows a "#" without a space. ${VERSION} is put in by
# compose alone. "export TAG" is a key with a space to kustomize, which builds a ConfigMap that no
# cluster takes; docker and kubectl refuse it. A key that stands twice is refused by kustomize alone.
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
	github.com/compose-spec/compose-go/v2 v2.16.2
	github.com/docker/cli v29.9.3+incompatible
	k8s.io/kubectl v0.37.2
	sigs.k8s.io/kustomize/api v0.21.2
	sigs.k8s.io/kustomize/kyaml v0.21.2
)
EOF
cat >main.go <<'EOF'
package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	compose "github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/docker/cli/pkg/kvfile"
	kubectl "k8s.io/kubectl/pkg/cmd/util"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

func main() {
	text, err := os.ReadFile(".env")
	if err != nil {
		panic(err)
	}
	values, err := compose.UnmarshalBytesWithLookup(text, nil)
	tell("compose", values, err)
	lines, err := kvfile.Parse(".env", func(string) (string, bool) { return "", false })
	values = map[string]string{}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, "=")
		values[name] = value
	}
	tell("docker run", values, err)
	values = map[string]string{}
	err = kubectl.AddFromEnvFile(".env", func(name, value string) error {
		values[name] = value
		return nil
	})
	tell("kubectl", values, err)
	values, err = byKustomize(text)
	tell("kustomize", values, err)
}

func byKustomize(text []byte) (map[string]string, error) {
	files := filesys.MakeFsInMemory()
	for name, content := range map[string][]byte{
		"/.env":               text,
		"/kustomization.yaml": []byte("configMapGenerator: [{name: app, envs: [.env]}]\n"),
	} {
		if err := files.WriteFile(name, content); err != nil {
			panic(err)
		}
	}
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(files, "/")
	if err != nil {
		return nil, err
	}
	return built.Resources()[0].GetDataMap(), nil
}

func tell(who string, values map[string]string, err error) {
	if err != nil {
		fmt.Printf("  %s: refused\n", who)
		return
	}
	var told []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		told = append(told, fmt.Sprintf("[%s]=[%s]", name, values[name]))
	}
	fmt.Printf("  %s: %s\n", who, strings.Join(told, " "))
}
EOF
cat >read.mjs <<'EOF'
import { readFileSync } from 'node:fs'
import { parse } from 'dotenv'

const values = parse(readFileSync('.env', 'utf8'))
console.log('  dotenv:', Object.keys(values).sort().map((name) => `[${name}]=[${values[name]}]`).join(' '))
EOF
npm init -y >/dev/null
npm install --silent --no-fund --no-audit dotenv@18.0.10 >/dev/null
go mod tidy >/dev/null 2>&1
go build -o read .
try() {
	printf '%s\n' "$@" | tee .env
	./read
	node read.mjs
}
{
	try "TAG=1.2.3"
	try 'TAG="1.2.3"'
	try "TAG=1.2.3 # the last one"
	try "TAG=1.2.3#4"
	try "VERSION=1.2" "TAG=\${VERSION}.3"
	try "export TAG=1.2.3"
	try "TAG=1.2.3" "TAG=1.2.4"
} | tee seen
diff seen - <<'EOF'
TAG=1.2.3
  compose: [TAG]=[1.2.3]
  docker run: [TAG]=[1.2.3]
  kubectl: [TAG]=[1.2.3]
  kustomize: [TAG]=[1.2.3]
  dotenv: [TAG]=[1.2.3]
TAG="1.2.3"
  compose: [TAG]=[1.2.3]
  docker run: [TAG]=["1.2.3"]
  kubectl: [TAG]=["1.2.3"]
  kustomize: [TAG]=["1.2.3"]
  dotenv: [TAG]=[1.2.3]
TAG=1.2.3 # the last one
  compose: [TAG]=[1.2.3]
  docker run: [TAG]=[1.2.3 # the last one]
  kubectl: [TAG]=[1.2.3 # the last one]
  kustomize: [TAG]=[1.2.3 # the last one]
  dotenv: [TAG]=[1.2.3]
TAG=1.2.3#4
  compose: [TAG]=[1.2.3#4]
  docker run: [TAG]=[1.2.3#4]
  kubectl: [TAG]=[1.2.3#4]
  kustomize: [TAG]=[1.2.3#4]
  dotenv: [TAG]=[1.2.3]
VERSION=1.2
TAG=${VERSION}.3
  compose: [TAG]=[1.2.3] [VERSION]=[1.2]
  docker run: [TAG]=[${VERSION}.3] [VERSION]=[1.2]
  kubectl: [TAG]=[${VERSION}.3] [VERSION]=[1.2]
  kustomize: [TAG]=[${VERSION}.3] [VERSION]=[1.2]
  dotenv: [TAG]=[${VERSION}.3] [VERSION]=[1.2]
export TAG=1.2.3
  compose: [TAG]=[1.2.3]
  docker run: refused
  kubectl: refused
  kustomize: [export TAG]=[1.2.3]
  dotenv: [TAG]=[1.2.3]
TAG=1.2.3
TAG=1.2.4
  compose: [TAG]=[1.2.4]
  docker run: [TAG]=[1.2.4]
  kubectl: [TAG]=[1.2.4]
  kustomize: refused
  dotenv: [TAG]=[1.2.4]
EOF
