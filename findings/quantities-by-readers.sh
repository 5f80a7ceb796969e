#!/usr/bin/env bash
# A quantity of a container, read by what judges manifests and draws dashboards: OPA v1.22.4
# (units.parse and units.parse_bytes, for policies of Gatekeeper and Conftest), the JavaScript client
# (quantityToScalar of @kubernetes/client-node 1.4.0) and kubernetes-resource-parser 0.1.0 (npm) have
# other numbers of it than Kubernetes (k8s.io/apimachinery v0.37.2).
#
# Of 1.5Gi the client fails with an error of BigInt, and kubernetes-resource-parser reads one byte. The
# n that metrics and autoscalers write is not known to OPA, so that the rule it stands in has no value,
# and is passed over by kubernetes-resource-parser, which has a thousand million times the CPU. 128e6
# are 128 bytes to it. And m is a thousandth to Kubernetes in memory, too, and a million to
# units.parse_bytes.
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
	github.com/open-policy-agent/opa v1.22.4
	k8s.io/apimachinery v0.37.2
)
EOF
cat >main.go <<'EOF'
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/open-policy-agent/opa/v1/rego"
	"k8s.io/apimachinery/pkg/api/resource"
)

func main() {
	text := os.Args[1]
	quantity := must(resource.ParseQuantity(text))
	fmt.Printf("  Kubernetes: %g\n", quantity.AsApproximateFloat64())
	for _, function := range []string{"units.parse", "units.parse_bytes"} {
		results := must(rego.New(rego.Query(fmt.Sprintf("x = %s(%q)", function, text))).Eval(context.Background()))
		value := "undefined"
		if len(results) > 0 {
			value = fmt.Sprint(results[0].Bindings["x"])
		}
		fmt.Printf("  OPA, %s: %s\n", function, value)
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
EOF
cat >read.mjs <<'EOF'
import { cpuParser, memoryParser } from 'kubernetes-resource-parser'
import { quantityToScalar } from './node_modules/@kubernetes/client-node/dist/util.js'

const text = process.argv[2]
const tell = (who, read) => {
  let value = 'error'
  try {
    value = read(text)
  } catch {}
  console.log(`  ${who}: ${value}`)
}
tell('client-node', quantityToScalar)
tell('kubernetes-resource-parser, CPU', cpuParser)
tell('kubernetes-resource-parser, memory', memoryParser)
EOF
npm init -y >/dev/null
npm install --silent --no-fund --no-audit @kubernetes/client-node@1.4.0 kubernetes-resource-parser@0.1.0 >/dev/null
go mod tidy >/dev/null 2>&1
go build -o read .
for quantity in 1.5Gi 500m 100000000n 128e6; do
	echo "$quantity"
	./read "$quantity"
	node read.mjs "$quantity"
done | tee seen
diff seen - <<'EOF'
1.5Gi
  Kubernetes: 1.610612736e+09
  OPA, units.parse: 1610612736
  OPA, units.parse_bytes: 1610612736
  client-node: error
  kubernetes-resource-parser, CPU: 1.5
  kubernetes-resource-parser, memory: 1
500m
  Kubernetes: 0.5
  OPA, units.parse: 0.5000000000
  OPA, units.parse_bytes: 500000000
  client-node: 0.5
  kubernetes-resource-parser, CPU: 0.5
  kubernetes-resource-parser, memory: NaN
100000000n
  Kubernetes: 0.1
  OPA, units.parse: undefined
  OPA, units.parse_bytes: undefined
  client-node: 0.1
  kubernetes-resource-parser, CPU: 100000000
  kubernetes-resource-parser, memory: NaN
128e6
  Kubernetes: 1.28e+08
  OPA, units.parse: 128000000
  OPA, units.parse_bytes: 128000000
  client-node: 128000000
  kubernetes-resource-parser, CPU: 128000000
  kubernetes-resource-parser, memory: 128
EOF
