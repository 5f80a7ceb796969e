#!/usr/bin/env bash
# A day without quotes as a tag, 2026-11-30, or digits with an underscore, 21_35, read from YAML and written
# again: yaml v3.0.6 and v4.0.0, goccy/go-yaml v1.19.2, sigs.k8s.io/yaml v1.6.0 (kubectl, Helm), and js-yaml
# 4.1.0 and 5.5.0 (npm), of which the newer changed sides.
#
# A day is a moment to yaml v3 and v4 and to js-yaml 4, and each prints it in its own way, so that the
# tag has blanks and colons. What reads a values file by them, changes something else in it and writes
# it again leaves "tag: 2026-11-30T00:00:00Z", of which Helm makes an image that is none. The underscore
# counts for nothing in a number by YAML 1.1: 21_35 is 2135 to all readers in Go and to js-yaml 4, a
# valid tag that nobody has pushed. js-yaml 5 goes by YAML 1.2 and keeps both as they are. 2026-1-5, which
# is no day by either version, is one to yaml v3 and v4 alone. None raises an error.
#
# Seen: the table below: what "app:" and the tag become, and the line that is written. The script fails
# if it changes.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >go.mod <<'EOF'
module finding
go 1.26
require (
	github.com/goccy/go-yaml v1.19.2
	go.yaml.in/yaml/v3 v3.0.6
	go.yaml.in/yaml/v4 v4.0.0
	sigs.k8s.io/yaml v1.6.0
)
EOF
cat >main.go <<'EOF'
package main

import (
	"fmt"
	"os"

	goccy "github.com/goccy/go-yaml"
	yaml3 "go.yaml.in/yaml/v3"
	yaml4 "go.yaml.in/yaml/v4"
	"sigs.k8s.io/yaml"
)

func main() {
	text := []byte("tag: " + os.Args[1] + "\n")
	for _, library := range []struct {
		name  string
		read  func(to any) error
		write func(any) ([]byte, error)
	}{
		{"yaml v3", func(to any) error { return yaml3.Unmarshal(text, to) }, yaml3.Marshal},
		{"yaml v4", func(to any) error { return yaml4.Unmarshal(text, to) }, yaml4.Marshal},
		{"goccy/go-yaml", func(to any) error { return goccy.Unmarshal(text, to) }, goccy.Marshal},
		{"sigs.k8s.io/yaml", func(to any) error { return yaml.Unmarshal(text, to) }, yaml.Marshal},
	} {
		var values map[string]any
		check(library.read(&values))
		written, err := library.write(values)
		check(err)
		fmt.Printf("  %s: app:%v, %s", library.name, values["tag"], written)
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
EOF
cat >read.mjs <<'EOF'
import older from 'js-yaml-4'
import * as newer from 'js-yaml'

for (const [name, { load, dump }] of [['js-yaml 4', older], ['js-yaml 5', newer]]) {
  const values = load(`tag: ${process.argv[2]}\n`)
  const text = values.tag instanceof Date ? values.tag.toString().replace(/ \(.*/, '') : values.tag
  console.log(`  ${name}: app:${text}, ${dump(values).trim()}`)
}
EOF
npm init -y >/dev/null
npm install --silent --no-fund --no-audit js-yaml@5.5.0 js-yaml-4@npm:js-yaml@4.1.0 >/dev/null
go mod tidy >/dev/null 2>&1
go build -o read .
for tag in 2026-11-30 2026-1-5 21_35; do
	echo "$tag"
	./read "$tag"
	TZ=UTC node read.mjs "$tag"
done | tee seen
diff seen - <<'EOF'
2026-11-30
  yaml v3: app:2026-11-30 00:00:00 +0000 UTC, tag: 2026-11-30T00:00:00Z
  yaml v4: app:2026-11-30 00:00:00 +0000 UTC, tag: 2026-11-30T00:00:00Z
  goccy/go-yaml: app:2026-11-30, tag: "2026-11-30"
  sigs.k8s.io/yaml: app:2026-11-30, tag: "2026-11-30"
  js-yaml 4: app:Mon Nov 30 2026 00:00:00 GMT+0000, tag: 2026-11-30T00:00:00.000Z
  js-yaml 5: app:2026-11-30, tag: '2026-11-30'
2026-1-5
  yaml v3: app:2026-01-05 00:00:00 +0000 UTC, tag: 2026-01-05T00:00:00Z
  yaml v4: app:2026-01-05 00:00:00 +0000 UTC, tag: 2026-01-05T00:00:00Z
  goccy/go-yaml: app:2026-1-5, tag: 2026-1-5
  sigs.k8s.io/yaml: app:2026-1-5, tag: "2026-1-5"
  js-yaml 4: app:2026-1-5, tag: 2026-1-5
  js-yaml 5: app:2026-1-5, tag: 2026-1-5
21_35
  yaml v3: app:2135, tag: 2135
  yaml v4: app:2135, tag: 2135
  goccy/go-yaml: app:2135, tag: 2135
  sigs.k8s.io/yaml: app:2135, tag: 2135
  js-yaml 4: app:2135, tag: 2135
  js-yaml 5: app:21_35, tag: '21_35'
EOF
