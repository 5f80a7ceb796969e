#!/usr/bin/env bash
# An anchor that is merged by "<<" into a container: which image it then has depends on the reader, and
# on whether "image" stands before or behind the "<<".
#
# By YAML's merge key a key of the map itself wins, wherever it stands. sigs.k8s.io/yaml v1.6.0 (kubectl,
# Helm) lets what comes last win, so that an image above the "<<" is overwritten by the anchor's; yaml
# v3.0.6 and kyaml v0.21.2 (kustomize) do not. yaml 2.9.1 and js-yaml 5.5.0 (npm; Renovate reads by the
# former) merge nothing and have a key "<<". So one file is another image to kubectl and kustomize, and
# what looks for updates sees none of an anchor; sorting the keys changes what is deployed. None raises
# an error.
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
	go.yaml.in/yaml/v3 v3.0.6
	sigs.k8s.io/kustomize/kyaml v0.21.2
	sigs.k8s.io/yaml v1.6.0
)
EOF
cat >main.go <<'EOF'
package main

import (
	"fmt"
	"os"

	"go.yaml.in/yaml/v3"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"
	sigs "sigs.k8s.io/yaml"
)

type file struct {
	Web struct {
		Image string `json:"image" yaml:"image"`
	} `json:"web" yaml:"web"`
}

func main() {
	text, err := os.ReadFile(os.Args[1])
	check(err)
	for _, reader := range []struct {
		name string
		read func([]byte, *file) error
	}{
		{"sigs.k8s.io/yaml", func(text []byte, into *file) error { return sigs.Unmarshal(text, into) }},
		{"yaml v3", func(text []byte, into *file) error { return yaml.Unmarshal(text, into) }},
		{"kyaml", byKyaml},
	} {
		var read file
		check(reader.read(text, &read))
		fmt.Printf("  %s: %s\n", reader.name, read.Web.Image)
	}
}

func byKyaml(text []byte, into *file) error {
	node, err := kyaml.Parse(string(text))
	check(err)
	check(node.DeAnchor())
	return node.YNode().Decode(into)
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
EOF
cat >read.mjs <<'EOF'
import { readFileSync } from 'node:fs'
import * as jsyaml from 'js-yaml'
import YAML from 'yaml'

const text = readFileSync(process.argv[2], 'utf8')
console.log('  yaml (npm):', YAML.parse(text).web.image ?? 'none')
console.log('  js-yaml:', jsyaml.load(text).web.image ?? 'none')
EOF
npm init -y >/dev/null
npm install --silent --no-fund --no-audit yaml@2.9.1 js-yaml@5.5.0 >/dev/null
go mod tidy >/dev/null 2>&1
go build -o read .
anchors='one: &one {image: "app:1"}
two: &two {image: "app:2"}'
for web in '{image: "app:3", <<: *one}' '{<<: *one, image: "app:3"}' '{<<: [*one, *two]}'; do
	printf '%s\nweb: %s\n' "$anchors" "$web" >web.yaml
	echo "$web"
	./read web.yaml
	node read.mjs web.yaml
done | tee seen
diff seen - <<'EOF'
{image: "app:3", <<: *one}
  sigs.k8s.io/yaml: app:1
  yaml v3: app:3
  kyaml: app:3
  yaml (npm): app:3
  js-yaml: app:3
{<<: *one, image: "app:3"}
  sigs.k8s.io/yaml: app:3
  yaml v3: app:3
  kyaml: app:3
  yaml (npm): app:3
  js-yaml: app:3
{<<: [*one, *two]}
  sigs.k8s.io/yaml: app:1
  yaml v3: app:1
  kyaml: app:1
  yaml (npm): none
  js-yaml: none
EOF
