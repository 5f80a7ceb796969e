#!/usr/bin/env bash
# Helm v3.17.4 and v3.22.0 read one values.schema.json otherwise, in both directions.
#
# The older one knows drafts up to 7 alone. It does not refuse a schema that names draft
# 2020-12 by $schema; it passes over the keywords that it does not know, so that
# unevaluatedProperties lets in a misspelt value and dependentRequired asks for nothing.
# The newer one obeys these. It checks no "format" any more where the schema names draft
# 2020-12, by which a format is a remark, while it still does where draft 7 is named. A schema
# without $schema counts as draft 2020-12 there: one with the array form of "items", which the
# older one obeys, is refused as no schema at all, and the chart with it.
#
# Seen: the two tables below. The script fails if they change.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >main.go <<'EOF'
package main

import (
	"fmt"
	"strings"

	"helm.sh/helm/v3/pkg/chartutil"
)

const (
	draft7  = `"$schema":"http://json-schema.org/draft-07/schema#",`
	draft20 = `"$schema":"https://json-schema.org/draft/2020-12/schema",`
)

func main() {
	for _, c := range []struct {
		name, schema string
		values       map[string]any
	}{
		{"2020-12, unevaluatedProperties", `{` + draft20 + `"allOf":[{"properties":{"replicas":{"type":"integer"}}}],"unevaluatedProperties":false}`, map[string]any{"replica": 2}},
		{"2020-12, dependentRequired", `{` + draft20 + `"dependentRequired":{"key":["certificate"]}}`, map[string]any{"key": "tls.key"}},
		{"2020-12, type", `{` + draft20 + `"properties":{"replicas":{"type":"integer"}}}`, map[string]any{"replicas": "two"}},
		{"2020-12, format", `{` + draft20 + `"properties":{"address":{"format":"ipv4"}}}`, map[string]any{"address": "1.2.3"}},
		{"draft 7, format", `{` + draft7 + `"properties":{"address":{"format":"ipv4"}}}`, map[string]any{"address": "1.2.3"}},
		{"no $schema, array of items", `{"properties":{"args":{"items":[{"type":"string"}]}}}`, map[string]any{"args": []any{"-v"}}},
	} {
		err := chartutil.ValidateAgainstSingleSchema(c.values, []byte(c.schema))
		said := "taken"
		switch {
		case err != nil && strings.Contains(err.Error(), "metaschema"):
			said = "no schema"
		case err != nil:
			said = "refused"
		}
		fmt.Printf("%s: %s\n", c.name, said)
	}
}
EOF
look() {
	mkdir "$1"
	cp main.go "$1"
	cd "$1"
	printf 'module finding\ngo 1.25\nrequire helm.sh/helm/v3 %s\n' "$1" >go.mod
	go mod tidy >/dev/null 2>&1
	echo "Helm $1"
	go run .
	cd ..
}
{
	look v3.17.4
	look v3.22.0
} | tee seen
diff seen - <<'EOF'
Helm v3.17.4
2020-12, unevaluatedProperties: taken
2020-12, dependentRequired: taken
2020-12, type: refused
2020-12, format: refused
draft 7, format: refused
no $schema, array of items: taken
Helm v3.22.0
2020-12, unevaluatedProperties: refused
2020-12, dependentRequired: refused
2020-12, type: refused
2020-12, format: taken
draft 7, format: refused
no $schema, array of items: no schema
EOF
