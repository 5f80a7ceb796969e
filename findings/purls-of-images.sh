#!/usr/bin/env bash
# The package URL of an image, as SBOMs and VEX statements name it: packageurl-go v0.1.7 and
# packageurl-js 2.0.1 write one image in two ways.
#
# The colon before a registry's port is "%3A" in JavaScript and ":" in Go, and the plus of a chart's
# version is "+" in JavaScript and "%2B" in Go; both are read back. A name of the type oci, which is in
# lower case by definition, is made so in JavaScript and left as it was in Go. What looks a statement
# up by the text finds none that was made by the other one's tools, and where both have been at work
# an image has two entries.
#
# Seen: the table below: what each writes of what it has read. The script fails if it changes.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >go.mod <<'EOF'
module finding
go 1.25
require github.com/package-url/packageurl-go v0.1.7
EOF
cat >main.go <<'EOF'
package main

import (
	"fmt"
	"os"

	"github.com/package-url/packageurl-go"
)

func main() {
	read, err := packageurl.FromString(os.Args[1])
	if err != nil {
		fmt.Println("  Go: refused")
		return
	}
	fmt.Println("  Go:", read.ToString())
}
EOF
cat >read.mjs <<'EOF'
import { PackageURL } from 'packageurl-js'

try {
  console.log('  JavaScript:', PackageURL.fromString(process.argv[2]).toString())
} catch {
  console.log('  JavaScript: refused')
}
EOF
npm init -y >/dev/null
npm install --silent --no-fund --no-audit packageurl-js@2.0.1 >/dev/null
go mod tidy >/dev/null 2>&1
go build -o read .
for purl in \
	'pkg:docker/team/app@1.0?repository_url=registry.example.com:5000' \
	'pkg:oci/app@sha256:4d1a?repository_url=registry.example.com:5000/team/app&tag=1.2.3' \
	'pkg:helm/shop@1.0.0+build.1' \
	'pkg:oci/App@sha256:4d1a'; do
	echo "$purl"
	./read "$purl"
	node read.mjs "$purl"
done | tee seen
diff seen - <<'EOF'
pkg:docker/team/app@1.0?repository_url=registry.example.com:5000
  Go: pkg:docker/team/app@1.0?repository_url=registry.example.com:5000
  JavaScript: pkg:docker/team/app@1.0?repository_url=registry.example.com%3A5000
pkg:oci/app@sha256:4d1a?repository_url=registry.example.com:5000/team/app&tag=1.2.3
  Go: pkg:oci/app@sha256:4d1a?repository_url=registry.example.com:5000%2Fteam%2Fapp&tag=1.2.3
  JavaScript: pkg:oci/app@sha256:4d1a?repository_url=registry.example.com%3A5000%2Fteam%2Fapp&tag=1.2.3
pkg:helm/shop@1.0.0+build.1
  Go: pkg:helm/shop@1.0.0%2Bbuild.1
  JavaScript: pkg:helm/shop@1.0.0+build.1
pkg:oci/App@sha256:4d1a
  Go: pkg:oci/App@sha256:4d1a
  JavaScript: pkg:oci/app@sha256:4d1a
EOF
