#!/usr/bin/env bash
# hashicorp/go-version v1.9.0 (Terraform, Packer, Nomad) and Masterminds/semver v3.5.0 (Helm,
# Flux, Argo CD) let other versions in by the same range, and neither raises an error.
#
# "~> 1.2" is everything below 2.0 to the first, and everything below 1.3 to the second, which
# takes it for "~1.2". A short bound is filled up with zeros by the first, where the second takes
# it for a whole line: "> 1" then begins right above 1.0.0 or only at 2.0.0, "<= 1.2" ends at 1.2.0
# or after 1.2.9, and "!= 1.2" leaves out one version or all of 1.2. A Terraform file that
# installs charts holds both: its required_providers are read by the first, and the version of a
# helm_release goes to Helm. For npm (semver 7.8.5) these mean what Masterminds makes of them, but
# that it knows no "!=".
#
# Seen: the table below. The script fails if it changes.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >go.mod <<'EOF'
module finding
go 1.25
require (
	github.com/Masterminds/semver/v3 v3.5.0
	github.com/hashicorp/go-version v1.9.0
)
EOF
cat >main.go <<'EOF'
package main

import (
	"fmt"
	"os"

	"github.com/Masterminds/semver/v3"
	"github.com/hashicorp/go-version"
)

func main() {
	text := os.Args[1]
	hashicorp, err := version.NewConstraint(text)
	if err != nil {
		panic(err)
	}
	masterminds, err := semver.NewConstraint(text)
	if err != nil {
		panic(err)
	}
	var first, second []string
	for _, v := range os.Args[2:] {
		if hashicorp.Check(version.Must(version.NewVersion(v))) {
			first = append(first, v)
		}
		if masterminds.Check(semver.MustParse(v)) {
			second = append(second, v)
		}
	}
	fmt.Printf("%s\n  hashicorp   %v\n  masterminds %v\n", text, first, second)
}
EOF
cat >ask.js <<'EOF'
const semver = require('semver')
const [text, ...versions] = process.argv.slice(2)
const range = semver.validRange(text) && new semver.Range(text)
console.log(`  npm         ${range ? `[${versions.filter((v) => range.test(v)).join(' ')}]` : 'refused'}`)
EOF
npm init -y >/dev/null
npm install --silent --no-fund --no-audit semver@7.8.5 >/dev/null
go mod tidy >/dev/null 2>&1
go build -o ask .
for range in "~> 1.2" "~> 1.2.0" "> 1" "<= 1.2" "!= 1.2"; do
	./ask "$range" 1.0.0 1.1.0 1.2.0 1.2.9 1.3.0 2.0.0
	node ask.js "$range" 1.0.0 1.1.0 1.2.0 1.2.9 1.3.0 2.0.0
done | tee seen
diff seen - <<'EOF'
~> 1.2
  hashicorp   [1.2.0 1.2.9 1.3.0]
  masterminds [1.2.0 1.2.9]
  npm         [1.2.0 1.2.9]
~> 1.2.0
  hashicorp   [1.2.0 1.2.9]
  masterminds [1.2.0 1.2.9]
  npm         [1.2.0 1.2.9]
> 1
  hashicorp   [1.1.0 1.2.0 1.2.9 1.3.0 2.0.0]
  masterminds [2.0.0]
  npm         [2.0.0]
<= 1.2
  hashicorp   [1.0.0 1.1.0 1.2.0]
  masterminds [1.0.0 1.1.0 1.2.0 1.2.9]
  npm         [1.0.0 1.1.0 1.2.0 1.2.9]
!= 1.2
  hashicorp   [1.0.0 1.1.0 1.2.9 1.3.0 2.0.0]
  masterminds [1.0.0 1.1.0 1.3.0 2.0.0]
  npm         refused
EOF
