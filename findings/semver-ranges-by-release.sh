#!/usr/bin/env bash
# Masterminds/semver (Helm, Flux, Argo CD Image Updater): one range lets other versions in by three
# releases of it, v3.3.0, v3.3.1 and v3.5.0.
#
# Up to v3.3.1 each bound of a range must have a hyphen for pre-releases to be let in, and since v3.4.0
# one is enough. So ">=1.0.0-0 <2.0.0" let in none, and now those of 1.x, and 2.0.0-rc.1, which comes
# before 2.0.0; the end has to be "<2.0.0-0". "!=1.5.0" let pre-releases in, and now none. A date with
# zeros, 2026.01.05, is a version to v3.3.0, none to v3.3.1, and one again. Helm v3.17.4 has the first,
# v3.22.0 and v4.3.1 the last: the same dependency of a chart is another chart.
#
# Seen: the table below. The script fails if it changes.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

cat >main.go <<'EOF'
package main

import (
	"fmt"

	"github.com/Masterminds/semver/v3"
)

func main() {
	for _, question := range [][2]string{
		{">=1.0.0-0 <2.0.0", "1.5.0-rc.1"},
		{">=1.0.0-0 <2.0.0", "2.0.0-rc.1"},
		{">=1.0.0-0 <2.0.0-0", "2.0.0-rc.1"},
		{"!=1.5.0", "1.4.0-rc.1"},
		{">=2026.1.0", "2026.01.05"},
	} {
		constraint, err := semver.NewConstraint(question[0])
		if err != nil {
			panic(err)
		}
		version, err := semver.NewVersion(question[1])
		if err != nil {
			fmt.Printf("  %s, %s: no version\n", question[0], question[1])
			continue
		}
		fmt.Printf("  %s, %s: %v\n", question[0], question[1], constraint.Check(version))
	}
}
EOF
for release in v3.3.0 v3.3.1 v3.5.0; do
	echo "$release"
	cat >go.mod <<-EOF
		module finding
		go 1.26
		require github.com/Masterminds/semver/v3 $release
	EOF
	rm -f go.sum
	go mod tidy >/dev/null 2>&1
	go run .
done | tee seen
diff seen - <<'EOF'
v3.3.0
  >=1.0.0-0 <2.0.0, 1.5.0-rc.1: false
  >=1.0.0-0 <2.0.0, 2.0.0-rc.1: false
  >=1.0.0-0 <2.0.0-0, 2.0.0-rc.1: false
  !=1.5.0, 1.4.0-rc.1: true
  >=2026.1.0, 2026.01.05: true
v3.3.1
  >=1.0.0-0 <2.0.0, 1.5.0-rc.1: false
  >=1.0.0-0 <2.0.0, 2.0.0-rc.1: false
  >=1.0.0-0 <2.0.0-0, 2.0.0-rc.1: false
  !=1.5.0, 1.4.0-rc.1: true
  >=2026.1.0, 2026.01.05: no version
v3.5.0
  >=1.0.0-0 <2.0.0, 1.5.0-rc.1: true
  >=1.0.0-0 <2.0.0, 2.0.0-rc.1: true
  >=1.0.0-0 <2.0.0-0, 2.0.0-rc.1: false
  !=1.5.0, 1.4.0-rc.1: false
  >=2026.1.0, 2026.01.05: true
EOF
