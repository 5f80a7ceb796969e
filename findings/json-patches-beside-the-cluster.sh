#!/usr/bin/env bash
# JSON patches that the API server carries out and other readers of RFC 6902 refuse, or the reverse:
# evanphx/json-patch v4.13.0 (kube-apiserver, kubectl, kustomize), its v5.9.11,
# and fast-json-patch 3.1.1 and rfc6902 5.4.0 (npm).
#
# To both of evanphx the index -1 is the last container, a "test" for null holds where the field is
# not there at all, by which "only if nobody has set it" can be said, and 1.0 is not 1. v4 alone lets
# "replace" make a field that was missing. So what the cluster takes fails in a check by v5 or by
# Node, and a test of a number that passes in Node fails in the cluster.
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
	github.com/evanphx/json-patch/v5 v5.9.11
	gopkg.in/evanphx/json-patch.v4 v4.13.0
)
EOF
cat >package.json <<'EOF'
{"type": "module"}
EOF
cat >ask.mjs <<'EOF'
import { readFileSync } from 'node:fs'
import fast from 'fast-json-patch'
import { applyPatch } from 'rfc6902'

const object = () => ({ containers: [{ image: 'proxy:1.0' }, { image: 'web:1.0' }], replicas: 1 })
const carriedOut = (apply) => {
  try {
    return apply() ? 'carried out' : 'refused'
  } catch {
    return 'refused'
  }
}
const patch = JSON.parse(readFileSync('cases.json', 'utf8'))[Number(process.argv[2])]
console.log('  fast-json-patch:', carriedOut(() => fast.applyPatch(object(), patch, true)))
console.log('  rfc6902:', carriedOut(() => applyPatch(object(), patch).every((result) => result === null)))
EOF
cat >cases.json <<'EOF'
[
  [{"op": "replace", "path": "/containers/-1/image", "value": "web:1.1"}],
  [{"op": "test", "path": "/labels", "value": null}],
  [{"op": "test", "path": "/replicas", "value": 1.0}],
  [{"op": "replace", "path": "/paused", "value": true}]
]
EOF
cat >main.go <<'EOF'
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"

	v5 "github.com/evanphx/json-patch/v5"
	v4 "gopkg.in/evanphx/json-patch.v4"
)

const object = `{"containers": [{"image": "proxy:1.0"}, {"image": "web:1.0"}], "replicas": 1}`

func main() {
	text, err := os.ReadFile("cases.json")
	check(err)
	var patches []json.RawMessage
	check(json.Unmarshal(text, &patches))
	for at, patch := range patches {
		fmt.Println(string(patch))
		decoded4, err := v4.DecodePatch(patch)
		check(err)
		_, err = decoded4.Apply([]byte(object))
		tell("evanphx v4", err)
		decoded5, err := v5.DecodePatch(patch)
		if err == nil {
			_, err = decoded5.Apply([]byte(object))
		}
		tell("evanphx v5", err)
		node := exec.Command("node", "ask.mjs", strconv.Itoa(at))
		node.Stdout, node.Stderr = os.Stdout, os.Stderr
		check(node.Run())
	}
}

func tell(library string, err error) {
	if err != nil {
		fmt.Printf("  %s: refused\n", library)
		return
	}
	fmt.Printf("  %s: carried out\n", library)
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
EOF
npm install --silent --no-fund --no-audit fast-json-patch@3.1.1 rfc6902@5.4.0 >/dev/null
go mod tidy >/dev/null 2>&1
go run . | tee seen
diff seen - <<'EOF'
[{"op": "replace", "path": "/containers/-1/image", "value": "web:1.1"}]
  evanphx v4: carried out
  evanphx v5: carried out
  fast-json-patch: refused
  rfc6902: refused
[{"op": "test", "path": "/labels", "value": null}]
  evanphx v4: carried out
  evanphx v5: carried out
  fast-json-patch: refused
  rfc6902: refused
[{"op": "test", "path": "/replicas", "value": 1.0}]
  evanphx v4: refused
  evanphx v5: refused
  fast-json-patch: carried out
  rfc6902: carried out
[{"op": "replace", "path": "/paused", "value": true}]
  evanphx v4: carried out
  evanphx v5: refused
  fast-json-patch: refused
  rfc6902: refused
EOF
