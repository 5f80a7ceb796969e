#!/usr/bin/env bash
# What stands behind a version, 1.2.3-r1, makes it an older or a newer one, depending on whose library
# reads the tag: Masterminds/semver v3.5.0 (Helm, Flux), hashicorp/go-version v1.9.0, semver 7.8.6
# (npm), k8s.io/apimachinery v0.37.2, or those that scanners like Trivy take for the packages of
# Alpine (go-apk-version 041fdbb), Debian (go-deb-version 6f4aee6) and Python (go-pep440-version v0.0.1).
#
# A revision of a build comes after its version in all three kinds of packages, and before it by semver,
# to which it is a pre-release: 1.2.3 is then an "update" of 1.2.3-1. Tags of images that were named
# after such packages go back by it. r10 comes before r9 to the first three, since digits behind a
# letter are compared as text, and rc10 before rc9. apimachinery, by which controllers compare versions,
# calls them all the same, and 1.2.3-rc.1 the same as 1.2.3.
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
	github.com/Masterminds/semver/v3 v3.5.0
	github.com/aquasecurity/go-pep440-version v0.0.1
	github.com/hashicorp/go-version v1.9.0
	github.com/knqyf263/go-apk-version v0.0.0-20200609155635-041fdbb8563f
	github.com/knqyf263/go-deb-version v0.0.0-20241115132648-6f4aee6ccd23
	k8s.io/apimachinery v0.37.2
)
EOF
cat >main.go <<'EOF'
package main

import (
	"fmt"
	"os"

	masterminds "github.com/Masterminds/semver/v3"
	python "github.com/aquasecurity/go-pep440-version"
	hashicorp "github.com/hashicorp/go-version"
	alpine "github.com/knqyf263/go-apk-version"
	debian "github.com/knqyf263/go-deb-version"
	"k8s.io/apimachinery/pkg/util/version"
)

func main() {
	tell("Masterminds", masterminds.NewVersion, (*masterminds.Version).Compare)
	tell("hashicorp", func(text string) (*hashicorp.Version, error) { return hashicorp.NewVersion(text) }, (*hashicorp.Version).Compare)
	tell("apimachinery", version.ParseGeneric, func(a, b *version.Version) int {
		order, err := a.Compare(b.String())
		if err != nil {
			panic(err)
		}
		return order
	})
	tell("Alpine", alpine.NewVersion, func(a, b alpine.Version) int { return a.Compare(b) })
	tell("Debian", debian.NewVersion, func(a, b debian.Version) int { return a.Compare(b) })
	tell("Python", python.Parse, func(a, b python.Version) int { return a.Compare(b) })
}

func tell[V any](who string, parse func(string) (V, error), compare func(a, b V) int) {
	told := "refused"
	if a, err := parse(os.Args[1]); err == nil {
		if b, err := parse(os.Args[2]); err == nil {
			switch order := compare(a, b); {
			case order < 0:
				told = "older"
			case order == 0:
				told = "the same"
			default:
				told = "newer"
			}
		}
	}
	fmt.Printf("  %s: %s\n", who, told)
}
EOF
cat >compare.js <<'EOF'
const semver = require('semver')
console.log('  npm:', { '-1': 'older', 0: 'the same', 1: 'newer' }[semver.compare(process.argv[2], process.argv[3])])
EOF
npm init -y >/dev/null
npm install --silent --no-fund --no-audit semver@7.8.6 >/dev/null
go mod tidy >/dev/null 2>&1
go build -o compare .
try() {
	echo "$1 beside $2"
	./compare "$1" "$2"
	node compare.js "$1" "$2"
}
{
	try 1.2.3-1 1.2.3
	try 1.2.3-r1 1.2.3
	try 1.2.3-r10 1.2.3-r9
	try 1.2.3-rc10 1.2.3-rc9
	try 1.2.3-rc.1 1.2.3
} | tee seen
diff seen - <<'EOF'
1.2.3-1 beside 1.2.3
  Masterminds: older
  hashicorp: older
  apimachinery: the same
  Alpine: newer
  Debian: newer
  Python: newer
  npm: older
1.2.3-r1 beside 1.2.3
  Masterminds: older
  hashicorp: older
  apimachinery: the same
  Alpine: newer
  Debian: newer
  Python: newer
  npm: older
1.2.3-r10 beside 1.2.3-r9
  Masterminds: older
  hashicorp: older
  apimachinery: the same
  Alpine: newer
  Debian: newer
  Python: newer
  npm: older
1.2.3-rc10 beside 1.2.3-rc9
  Masterminds: older
  hashicorp: older
  apimachinery: the same
  Alpine: refused
  Debian: newer
  Python: newer
  npm: older
1.2.3-rc.1 beside 1.2.3
  Masterminds: older
  hashicorp: older
  apimachinery: the same
  Alpine: refused
  Debian: newer
  Python: older
  npm: older
EOF
