#!/usr/bin/env bash
# Helm v4.3.1: a tag of digits is one text in a values file and another by --set, and the one of
# the file is often no tag at all. Renovate's YAML reader (yaml 2.9.1, npm) reads a third.
#
# Values from a file become floating point numbers, and a template prints one of seven digits or
# more with an exponent: "tag: 20261130" makes app:2.026113e+07, whose plus no tag may hold. A
# leading zero means octal there, so that the first seven digits of a commit, 0123456, become
# 42798. --set keeps both as they were written. What reads the same file by YAML 1.2 sees 123456,
# and infinity in the commit 12e3456, which Helm takes for text. No tool raises an error.
#
# Seen: the table below: the tag, what Helm renders by a file and by --set, and what yaml reads.
# The script fails if it changes.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >go.mod <<'EOF'
module finding
go 1.26
require helm.sh/helm/v4 v4.3.1
EOF
cat >main.go <<'EOF'
package main

import (
	"fmt"
	"os"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/cli/values"
	"helm.sh/helm/v4/pkg/engine"
)

func main() {
	for _, tag := range os.Args[1:] {
		if err := os.WriteFile("values.yaml", []byte("tag: "+tag+"\n"), 0o600); err != nil {
			panic(err)
		}
		file := render(values.Options{ValueFiles: []string{"values.yaml"}})
		flag := render(values.Options{Values: []string{"tag=" + tag}})
		fmt.Println(tag, file, flag)
	}
}

func render(options values.Options) string {
	given, err := options.MergeValues(nil)
	if err != nil {
		panic(err)
	}
	web := &chart.Chart{
		Metadata:  &chart.Metadata{Name: "web", Version: "1.0.0"},
		Templates: []*common.File{{Name: "templates/image", Data: []byte("app:{{ .Values.tag }}")}},
	}
	scope, err := util.ToRenderValues(web, given, common.ReleaseOptions{}, nil)
	if err != nil {
		panic(err)
	}
	rendered, err := engine.Render(web, scope)
	if err != nil {
		panic(err)
	}
	return rendered["web/templates/image"]
}
EOF
go mod tidy >/dev/null 2>&1
npm init -y >/dev/null
npm install --silent --no-fund --no-audit yaml@2.9.1 >/dev/null
tags="123456 1234567 20261130 0123456 12e3456 7e1 1_000"
paste -d ' ' <(go run . $tags) <(node -e '
for (const tag of process.argv.slice(1)) {
  const read = require("yaml").parse(`tag: ${tag}`).tag
  console.log(typeof read, read)
}' $tags) | tee seen
diff seen - <<'EOF'
123456 app:123456 app:123456 number 123456
1234567 app:1.234567e+06 app:1234567 number 1234567
20261130 app:2.026113e+07 app:20261130 number 20261130
0123456 app:42798 app:0123456 number 123456
12e3456 app:12e3456 app:12e3456 number Infinity
7e1 app:70 app:7e1 number 70
1_000 app:1000 app:1_000 string 1_000
EOF
