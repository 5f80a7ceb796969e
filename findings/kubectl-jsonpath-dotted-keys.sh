#!/usr/bin/env bash
# client-go v0.37.2 (kubectl -o jsonpath and custom-columns, the printer columns of a CRD):
# the annotation ['example.com/policy'] is empty, and no error says why.
#
# In the JSONPath of RFC 9535 a name in brackets and quotes is taken as it is written. Here it is
# cut at each dot all the same, so that a dot has to be escaped in brackets, too; as kubectl lets
# keys be missing, the answer is empty. A reader that follows the RFC (theory/jsonpath v0.12.0)
# refuses the escaped dot, and client-go refuses double quotes, which the RFC has as well. So no
# expression serves both.
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
	github.com/theory/jsonpath v0.12.0
	k8s.io/client-go v0.37.2
)
EOF
cat >main.go <<'EOF'
package main

import (
	"bytes"
	"fmt"

	rfc "github.com/theory/jsonpath"
	kubernetes "k8s.io/client-go/util/jsonpath"
)

func main() {
	object := map[string]any{"metadata": map[string]any{"annotations": map[string]any{"example.com/policy": "minor"}}}
	for _, path := range []string{
		`.metadata.annotations['example.com/policy']`,
		`.metadata.annotations['example\.com/policy']`,
		`.metadata.annotations["example.com/policy"]`,
		`.metadata.annotations.example\.com/policy`,
	} {
		fmt.Printf("%s kubernetes=%s rfc=%s\n", path, byKubernetes(path, object), byRFC(path, object))
	}
}

func byKubernetes(path string, object any) string {
	reader, found := kubernetes.New("path").AllowMissingKeys(true), new(bytes.Buffer)
	if err := reader.Parse("{" + path + "}"); err != nil {
		return "refused"
	}
	if err := reader.Execute(found, object); err != nil {
		return "failed"
	}
	return fmt.Sprintf("%q", found)
}

func byRFC(path string, object any) string {
	reader, err := rfc.Parse("$" + path)
	if err != nil {
		return "refused"
	}
	return fmt.Sprintf("%q", reader.Select(object))
}
EOF
go mod tidy >/dev/null 2>&1
go run . | tee seen
diff seen - <<'EOF'
.metadata.annotations['example.com/policy'] kubernetes="" rfc=["minor"]
.metadata.annotations['example\.com/policy'] kubernetes="minor" rfc=refused
.metadata.annotations["example.com/policy"] kubernetes=refused rfc=["minor"]
.metadata.annotations.example\.com/policy kubernetes="minor" rfc=refused
EOF
