#!/usr/bin/env bash
# A variable in a manifest, ${TAG:?no tag} or ${SHA:0:7}: Flux (postBuild, fluxcd/pkg/envsubst v1.7.1),
# envsubst of CI images (a8m/envsubst v1.4.3), Docker Compose (compose-go v2.16.2) and a shell
# (mvdan.cc/sh v3.12.0) put other things in its place.
#
# Flux makes the message of ${NONE:?no tag} the value, where a shell ends with an error, and a8m the
# empty string. ${TAG:+-x} is "-x" where TAG is set, and the tag itself to Flux; ${NONE-1.0} is an
# error there. a8m passes over what it does not know: "the first seven digits of the commit" are all
# of them, "the tag without its patch" is the tag, and of a variable in a default a bracket is left.
# Nor is a backslash an escape to any of the three: \${TAG} is a backslash and the value.
#
# Seen: the table below, with TAG=1.2.3 and SHA=0123456789abcdef. The script fails if it changes.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >go.mod <<'EOF'
module finding
go 1.26
require (
	github.com/a8m/envsubst v1.4.3
	github.com/compose-spec/compose-go/v2 v2.16.2
	github.com/fluxcd/pkg/envsubst v1.7.1
	mvdan.cc/sh/v3 v3.12.0
)
EOF
cat >main.go <<'EOF'
package main

import (
	"fmt"

	"github.com/a8m/envsubst/parse"
	"github.com/compose-spec/compose-go/v2/template"
	flux "github.com/fluxcd/pkg/envsubst"
	"mvdan.cc/sh/v3/shell"
)

var variables = map[string]string{"TAG": "1.2.3", "SHA": "0123456789abcdef"}

func main() {
	for _, text := range []string{
		"$TAG", "${NONE:?no tag}", "${NONE-1.0}", "${NONE:-1.0}", "${NONE:-${TAG}}", "${TAG:+-x}",
		"${SHA:0:7}", "${TAG%.*}", `\${TAG}`,
	} {
		fmt.Println(text)
		tell("Flux", func() (string, error) { return flux.Eval(text, known) })
		tell("a8m", func() (string, error) { return parse.New("manifest", environment(), &parse.Restrictions{}).Parse(text) })
		tell("Compose", func() (string, error) { return template.Substitute(text, known) })
		tell("shell", func() (string, error) { return shell.Expand(text, func(name string) string { return variables[name] }) })
	}
}

func known(name string) (string, bool) {
	value, ok := variables[name]
	return value, ok
}

func environment() []string {
	var all []string
	for name, value := range variables {
		all = append(all, name+"="+value)
	}
	return all
}

func tell(who string, substitute func() (string, error)) {
	text, err := substitute()
	if err != nil {
		fmt.Printf("  %s: error\n", who)
		return
	}
	fmt.Printf("  %s: %q\n", who, text)
}
EOF
go mod tidy >/dev/null 2>&1
go run . 2>/dev/null | tee seen
diff seen - <<'EOF'
$TAG
  Flux: "$TAG"
  a8m: "1.2.3"
  Compose: "1.2.3"
  shell: "1.2.3"
${NONE:?no tag}
  Flux: "no tag"
  a8m: ""
  Compose: error
  shell: error
${NONE-1.0}
  Flux: error
  a8m: "1.0"
  Compose: "1.0"
  shell: "1.0"
${NONE:-1.0}
  Flux: "1.0"
  a8m: "1.0"
  Compose: "1.0"
  shell: "1.0"
${NONE:-${TAG}}
  Flux: "1.2.3"
  a8m: "}"
  Compose: "1.2.3"
  shell: "1.2.3"
${TAG:+-x}
  Flux: "1.2.3"
  a8m: "-x"
  Compose: "-x"
  shell: "-x"
${SHA:0:7}
  Flux: "0123456"
  a8m: "0123456789abcdef"
  Compose: error
  shell: "0123456"
${TAG%.*}
  Flux: "1.2"
  a8m: "1.2.3"
  Compose: error
  shell: "1.2"
\${TAG}
  Flux: "\\1.2.3"
  a8m: "\\1.2.3"
  Compose: "\\1.2.3"
  shell: "${TAG}"
EOF
