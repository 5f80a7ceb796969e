#!/usr/bin/env bash
# A file with two objects: where one is begun in another way than by a bare "---", kubectl (its reader in
# k8s.io/apimachinery v0.37.2), kustomize (kyaml v0.21.2), yaml v3.0.6 and yaml 2.9.1 (npm) find other
# numbers of them.
#
# Behind "...", YAML's end of a document, kubectl and kustomize drop the rest of the file and report
# success. Of JSON objects one behind the other, as jq prints them, kustomize takes the first alone, and so
# does kubectl once a comment stands above them; without it kubectl takes both. An object on the line
# of the "---" is refused by both, but not by kustomize where it is the first. "%YAML 1.2", which names
# the version that is in use since 2009, is refused by all but the reader of npm.
#
# Seen: the table below: the names that are found. The script fails if it changes.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >go.mod <<'EOF'
module finding
go 1.26
require (
	go.yaml.in/yaml/v3 v3.0.6
	k8s.io/apimachinery v0.37.2
	sigs.k8s.io/kustomize/kyaml v0.21.2
)
EOF
cat >main.go <<'EOF'
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"
	kubernetes "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/kustomize/kyaml/kio"
)

type object struct {
	Metadata struct {
		Name string `json:"name" yaml:"name"`
	} `json:"metadata" yaml:"metadata"`
}

func main() {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		panic(err)
	}
	tell("kubectl", decoded(kubernetes.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096)))
	tell("kustomize", byKustomize(text))
	tell("yaml v3", decoded(yaml.NewDecoder(bytes.NewReader(text))))
}

func decoded(decoder interface{ Decode(any) error }) []string {
	var names []string
	for {
		var read object
		if err := decoder.Decode(&read); errors.Is(err, io.EOF) {
			return names
		} else if err != nil {
			return append(names, "error")
		}
		names = append(names, read.Metadata.Name)
	}
}

func byKustomize(text []byte) []string {
	nodes, err := (&kio.ByteReader{Reader: bytes.NewReader(text), OmitReaderAnnotations: true}).Read()
	if err != nil {
		return []string{"error"}
	}
	var names []string
	for _, node := range nodes {
		names = append(names, node.GetName())
	}
	return names
}

func tell(who string, names []string) {
	fmt.Printf("  %s: %s\n", who, strings.Join(names, ", "))
}
EOF
cat >read.mjs <<'EOF'
import { readFileSync } from 'node:fs'
import YAML from 'yaml'

const names = []
for (const document of YAML.parseAllDocuments(readFileSync(0, 'utf8'))) {
  names.push(document.errors.length ? 'error' : document.toJS().metadata.name)
  if (document.errors.length) break
}
console.log('  yaml (npm):', names.join(', '))
EOF
npm init -y >/dev/null
npm install --silent --no-fund --no-audit yaml@2.9.1 >/dev/null
go mod tidy >/dev/null 2>&1
go build -o read .
a=$'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}'
b=${a/name: a/name: b}
json_a='{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}'
json_b=${json_a/\"a\"/\"b\"}
try() {
	echo "$1"
	printf '%s\n' "${@:2}" >objects.yaml
	./read <objects.yaml
	node read.mjs <objects.yaml
}
{
	try "---" "$a" "---" "$b"
	try "..." "$a" "..." "$b"
	try "JSON and JSON" "$json_a" "$json_b"
	try "a comment, JSON and JSON" "# both" "$json_a" "$json_b"
	try "--- {} behind an object" "$a" "--- $json_b"
	try "--- {} first" "--- $json_a" "---" "$b"
	try "%YAML 1.2" "%YAML 1.2" "---" "$a" "---" "$b"
} | tee seen
diff seen - <<'EOF'
---
  kubectl: a, b
  kustomize: a, b
  yaml v3: a, b
  yaml (npm): a, b
...
  kubectl: a
  kustomize: a
  yaml v3: a, error
  yaml (npm): a, b
JSON and JSON
  kubectl: a, b
  kustomize: a
  yaml v3: a, error
  yaml (npm): error
a comment, JSON and JSON
  kubectl: a
  kustomize: a
  yaml v3: a, error
  yaml (npm): error
--- {} behind an object
  kubectl: error
  kustomize: error
  yaml v3: a, b
  yaml (npm): a, b
--- {} first
  kubectl: error
  kustomize: a, b
  yaml v3: a, b
  yaml (npm): a, b
%YAML 1.2
  kubectl: error
  kustomize: error
  yaml v3: error
  yaml (npm): a, b
EOF
