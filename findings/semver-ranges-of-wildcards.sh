#!/usr/bin/env bash
# blang/semver v4.0.0: the range "!=1.2.x" matches no version at all, and "1.x" takes in
# the pre-releases of 2.0.0.
#
# A wildcard is rewritten into two bounds that are both asked for. For "!=1.2.x" these are
# "below 1.2.0" and "1.3.0 or above", which no version is at once; no error is returned.
# "1.x" becomes ">=1.0.0 <2.0.0", and 2.0.0-rc.1 comes before 2.0.0, while 1.0.0-rc.1 is
# left out. Masterminds/semver v3.5.0 reads both ranges otherwise.
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
	github.com/blang/semver/v4 v4.0.0
)
EOF
cat >main.go <<'EOF'
package main

import (
	"fmt"

	masterminds "github.com/Masterminds/semver/v3"
	blang "github.com/blang/semver/v4"
)

func main() {
	for _, text := range []string{"!=1.2.x", "1.x"} {
		matches, err := blang.ParseRange(text)
		if err != nil {
			panic(err)
		}
		constraint, err := masterminds.NewConstraint(text)
		if err != nil {
			panic(err)
		}
		for _, version := range []string{"1.0.0-rc.1", "1.1.0", "1.2.5", "1.3.0", "2.0.0-rc.1"} {
			fmt.Printf("%s %s blang=%t masterminds=%t\n", text, version,
				matches(blang.MustParse(version)), constraint.Check(masterminds.MustParse(version)))
		}
	}
}
EOF
go mod tidy >/dev/null 2>&1
go run . | tee seen
diff seen - <<'EOF'
!=1.2.x 1.0.0-rc.1 blang=false masterminds=false
!=1.2.x 1.1.0 blang=false masterminds=true
!=1.2.x 1.2.5 blang=false masterminds=false
!=1.2.x 1.3.0 blang=false masterminds=true
!=1.2.x 2.0.0-rc.1 blang=false masterminds=false
1.x 1.0.0-rc.1 blang=false masterminds=false
1.x 1.1.0 blang=true masterminds=true
1.x 1.2.5 blang=true masterminds=true
1.x 1.3.0 blang=true masterminds=true
1.x 2.0.0-rc.1 blang=true masterminds=false
EOF
