#!/usr/bin/env bash
# A tag that is written as a number, and put into an image's name: CUE v0.17.1, Jsonnet (go-jsonnet
# v0.22.0), HCL v2.25.0 (Terraform, Packer) and Starlark (89a6a09, of ytt, Tilt and Bazel) make other
# tags of it, and none of them says so.
#
# Jsonnet prints a number with all the digits that tell it apart, so that 1.10 becomes
# 1.1000000000000001, which is a valid tag, and a time stamp with milliseconds the next one. CUE keeps
# the digits, and writes an exponent in its own way, with a plus that no tag can have: 12e3, the start
# of a commit, is 1.2E+4; 1K is 1000 to it. Starlark keeps the zero of 2.0 and not that of 1.10. A
# leading zero is dropped by HCL, and is an error to the others.
#
# Seen: the table below: what "app:" and the tag become. The script fails if it changes.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >go.mod <<'EOF'
module finding
go 1.26
require (
	cuelang.org/go v0.17.1
	github.com/google/go-jsonnet v0.22.0
	github.com/hashicorp/hcl/v2 v2.25.0
	go.starlark.net v0.0.0-20260908191801-89a6a09411d5
)
EOF
cat >main.go <<'EOF'
package main

import (
	"fmt"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"
	"github.com/google/go-jsonnet"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

func main() {
	for _, tag := range []string{"1.10", "2.0", "0.3", "20261130", "20261130080002123", "12e3", "1K", "0123456"} {
		fmt.Println(tag)
		tell("CUE", byCUE, tag)
		tell("Jsonnet", byJsonnet, tag)
		tell("HCL", byHCL, tag)
		tell("Starlark", byStarlark, tag)
	}
}

func byCUE(tag string) (string, error) {
	return cuecontext.New().CompileString("tag: " + tag + "\nimage: \"app:\\(tag)\"").LookupPath(cue.ParsePath("image")).String()
}

func byJsonnet(tag string) (string, error) {
	vm := jsonnet.MakeVM()
	vm.StringOutput = true
	image, err := vm.EvaluateAnonymousSnippet("app.jsonnet", "local tag = "+tag+"; 'app:' + tag")
	return strings.TrimSpace(image), err
}

func byHCL(tag string) (string, error) {
	template, problems := hclsyntax.ParseTemplate([]byte("app:${"+tag+"}"), "app.tf", hcl.InitialPos)
	if problems.HasErrors() {
		return "", problems
	}
	value, problems := template.Value(nil)
	if problems.HasErrors() {
		return "", problems
	}
	return value.AsString(), nil
}

func byStarlark(tag string) (string, error) {
	value, err := starlark.EvalOptions(&syntax.FileOptions{}, &starlark.Thread{}, "app.star", `"app:{}".format(`+tag+`)`, nil)
	if err != nil {
		return "", err
	}
	image, _ := starlark.AsString(value)
	return image, nil
}

func tell(who string, render func(string) (string, error), tag string) {
	image, err := render(tag)
	if err != nil {
		image = "refused"
	}
	fmt.Printf("  %s: %s\n", who, image)
}
EOF
go mod tidy >/dev/null 2>&1
go run . | tee seen
diff seen - <<'EOF'
1.10
  CUE: app:1.10
  Jsonnet: app:1.1000000000000001
  HCL: app:1.1
  Starlark: app:1.1
2.0
  CUE: app:2.0
  Jsonnet: app:2
  HCL: app:2
  Starlark: app:2.0
0.3
  CUE: app:0.3
  Jsonnet: app:0.29999999999999999
  HCL: app:0.3
  Starlark: app:0.3
20261130
  CUE: app:20261130
  Jsonnet: app:20261130
  HCL: app:20261130
  Starlark: app:20261130
20261130080002123
  CUE: app:20261130080002123
  Jsonnet: app:20261130080002124
  HCL: app:20261130080002123
  Starlark: app:20261130080002123
12e3
  CUE: app:1.2E+4
  Jsonnet: app:12000
  HCL: app:12000
  Starlark: app:12000.0
1K
  CUE: app:1000
  Jsonnet: refused
  HCL: refused
  Starlark: refused
0123456
  CUE: refused
  Jsonnet: refused
  HCL: app:123456
  Starlark: refused
EOF
