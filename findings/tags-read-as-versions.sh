#!/usr/bin/env bash
# Days, build numbers and commits as tags: which of them is a version, and which version, depends on the
# library: Masterminds/semver v3.5.0 (Helm, Argo CD Image Updater), Flux's way to ask the same library
# (fluxcd/pkg/version v0.14.0), hashicorp/go-version v1.9.0, semver(tag, true) in CEL
# (k8s.io/apiserver v0.37.2), k8s.io/apimachinery v0.37.2, and golang.org/x/mod v0.42.0.
#
# A commit that happens to have digits alone, 1234567, is the major version 1234567 to three of them:
# ">=1.0.0" lets it in, and it is above 1.9.0. 2026-11-30 is a pre-release of 2026.0.0 to two, which a
# range without a hyphen leaves out. 1.2.3-01, which semver forbids, is a pre-release, 1.2.3 or nothing,
# and 1.2.3.4 a version to two. x/mod reads no 1.2.0 without a v, and calls any two that it cannot read
# equal.
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
	github.com/fluxcd/pkg/version v0.14.0
	github.com/google/cel-go v0.29.2
	github.com/hashicorp/go-version v1.9.0
	golang.org/x/mod v0.42.0
	k8s.io/apimachinery v0.37.2
	k8s.io/apiserver v0.37.2
)
EOF
cat >main.go <<'EOF'
package main

import (
	"fmt"

	masterminds "github.com/Masterminds/semver/v3"
	flux "github.com/fluxcd/pkg/version"
	"github.com/google/cel-go/cel"
	hashicorp "github.com/hashicorp/go-version"
	"golang.org/x/mod/semver"
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/apiserver/pkg/cel/library"
)

func main() {
	for _, tag := range []string{"1234567", "20261130", "2026-11-30", "2026.01.05", "1.2.3-01", "1.2.3.4"} {
		fmt.Println(tag)
		byMasterminds, err := masterminds.NewVersion(tag)
		tell("Masterminds", byMasterminds, err)
		byFlux, err := flux.ParseVersion(tag)
		tell("Flux", byFlux, err)
		byHashicorp, err := hashicorp.NewVersion(tag)
		tell("hashicorp", byHashicorp, err)
		byCEL, err := evaluate(tag)
		tell("CEL", byCEL, err)
		byMachinery, err := version.ParseGeneric(tag)
		tell("apimachinery", byMachinery, err)
	}
	atLeast, err := masterminds.NewConstraint(">=1.0.0")
	check(err)
	fmt.Println("1234567 is >=1.0.0 to Masterminds:", atLeast.Check(masterminds.MustParse("1234567")))
	fmt.Println("1.2.0 and 1.9.0 to x/mod:", semver.Compare("1.2.0", "1.9.0"))
}

func evaluate(tag string) (any, error) {
	env, err := cel.NewEnv(library.SemverLib(library.SemverVersion(1)), cel.Variable("tag", cel.StringType))
	check(err)
	ast, issues := env.Compile(`[semver(tag, true)].map(v, string(v.major()) + "." + string(v.minor()) + "." + string(v.patch()))[0]`)
	check(issues.Err())
	program, err := env.Program(ast)
	check(err)
	value, _, err := program.Eval(map[string]any{"tag": tag})
	if err != nil {
		return nil, err
	}
	return value.Value(), nil
}

func tell(library string, value any, err error) {
	if err != nil {
		value = "none"
	}
	fmt.Printf("  %s: %v\n", library, value)
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
1234567
  Masterminds: 1234567.0.0
  Flux: none
  hashicorp: 1234567.0.0
  CEL: 1234567.0.0
  apimachinery: none
20261130
  Masterminds: 20261130.0.0
  Flux: none
  hashicorp: 20261130.0.0
  CEL: 20261130.0.0
  apimachinery: none
2026-11-30
  Masterminds: 2026.0.0-11-30
  Flux: none
  hashicorp: 2026.0.0-11-30
  CEL: none
  apimachinery: none
2026.01.05
  Masterminds: 2026.1.5
  Flux: 2026.1.5
  hashicorp: 2026.1.5
  CEL: 2026.1.5
  apimachinery: 2026.1.5
1.2.3-01
  Masterminds: none
  Flux: none
  hashicorp: 1.2.3-01
  CEL: none
  apimachinery: 1.2.3
1.2.3.4
  Masterminds: none
  Flux: none
  hashicorp: 1.2.3.4
  CEL: none
  apimachinery: 1.2.3.4
1234567 is >=1.0.0 to Masterminds: true
1.2.0 and 1.9.0 to x/mod: 0
EOF
