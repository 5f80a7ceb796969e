#!/usr/bin/env bash
# A version or tag without quotes, read into a field of a struct that is a text: sigs.k8s.io/yaml v1.6.0
# (Helm's Chart.yaml, and the configuration of most controllers), goccy/go-yaml v1.19.2 and yaml v3.0.6
# have other texts of it, and none refuses the number.
#
# yaml v3 keeps what was written. The first two make a number of it, and a text of that: 1.10 is "1.1",
# and a commit of digits, 0123456, is octal, "42798". sigs.k8s.io/yaml makes "12000" of the commit 12e3
# and "true" of yes. goccy makes "1.1" of 1.10 even where !!str says that it is a text. So
# "appVersion: 1.10" of a chart, which many templates take for the tag, is the image 1.1.
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
	github.com/goccy/go-yaml v1.19.2
	go.yaml.in/yaml/v3 v3.0.6
	sigs.k8s.io/yaml v1.6.0
)
EOF
cat >main.go <<'EOF'
package main

import (
	"fmt"

	goccy "github.com/goccy/go-yaml"
	"go.yaml.in/yaml/v3"
	sigs "sigs.k8s.io/yaml"
)

type chart struct {
	AppVersion string `json:"appVersion" yaml:"appVersion"`
}

func main() {
	for _, version := range []string{"1.10", "!!str 1.10", "0123456", "12e3", "1_000", "20261130", "yes", "2026-11-30"} {
		text := []byte("appVersion: " + version)
		var bySigs, byGoccy, byV3 chart
		check(sigs.Unmarshal(text, &bySigs))
		check(goccy.Unmarshal(text, &byGoccy))
		check(yaml.Unmarshal(text, &byV3))
		fmt.Printf("%s: sigs.k8s.io/yaml=%q goccy/go-yaml=%q yaml v3=%q\n", version, bySigs.AppVersion, byGoccy.AppVersion, byV3.AppVersion)
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
EOF
go mod tidy >/dev/null 2>&1
go run . | tee seen
diff seen - <<'EOF'
1.10: sigs.k8s.io/yaml="1.1" goccy/go-yaml="1.1" yaml v3="1.10"
!!str 1.10: sigs.k8s.io/yaml="1.10" goccy/go-yaml="1.1" yaml v3="1.10"
0123456: sigs.k8s.io/yaml="42798" goccy/go-yaml="42798" yaml v3="0123456"
12e3: sigs.k8s.io/yaml="12000" goccy/go-yaml="12e3" yaml v3="12e3"
1_000: sigs.k8s.io/yaml="1000" goccy/go-yaml="1000" yaml v3="1_000"
20261130: sigs.k8s.io/yaml="20261130" goccy/go-yaml="20261130" yaml v3="20261130"
yes: sigs.k8s.io/yaml="true" goccy/go-yaml="yes" yaml v3="yes"
2026-11-30: sigs.k8s.io/yaml="2026-11-30" goccy/go-yaml="2026-11-30" yaml v3="2026-11-30"
EOF
