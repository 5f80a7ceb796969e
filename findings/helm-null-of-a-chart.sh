#!/usr/bin/env bash
# Helm v4.3.1 passes over a null in the values of a chart that depends on another, where v3.22.0 takes
# the default of the subchart away by it.
#
# A chart says "sub: {image: {tag: null}}" in its own values.yaml to get rid of a tag, a limit or a
# port that its dependency sets. With Helm 3 the key is gone; with Helm 4 the dependency's default is
# back, the same chart renders another image, and no warning says so. A null of the user (-f, --set)
# works in both. Nor is a null that a chart has in its own defaults a key any more: hasKey is false
# for "digest:" with nothing behind it.
#
# Seen: the values that a template sees, of the subchart and of the chart. The script fails if they
# change.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >values.txt <<'EOF'

type values = map[string]any

func main() {
	for _, given := range []struct {
		by          string
		chart, user values
	}{
		{"nobody", nil, values{}},
		{"the chart", values{"sub": values{"image": values{"tag": nil}}}, values{}},
		{"the user", nil, values{"sub": values{"image": values{"tag": nil}}}},
	} {
		sub := &chart.Chart{
			Metadata: &chart.Metadata{APIVersion: "v2", Name: "sub", Version: "1.0.0"},
			Values:   values{"image": values{"tag": "1.0"}},
		}
		whole := &chart.Chart{
			Metadata: &chart.Metadata{APIVersion: "v2", Name: "web", Version: "1.0.0", Dependencies: []*chart.Dependency{{Name: "sub"}}},
			Values:   values{"image": values{"tag": "2.0", "digest": nil}},
		}
		for key, value := range given.chart {
			whole.Values[key] = value
		}
		whole.SetDependencies(sub)
		seen, err := chartutil.ToRenderValues(whole, given.user, common.ReleaseOptions{Name: "web", Namespace: "shop"}, nil)
		if err != nil {
			panic(err)
		}
		all, err := seen.Table("Values")
		if err != nil {
			panic(err)
		}
		below, err := all.Table("sub")
		if err != nil {
			panic(err)
		}
		fmt.Printf("  null by %s: %s %s\n", given.by, text(below["image"]), text(all["image"]))
	}
}

func text(value any) string {
	out, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(out)
}
EOF
# ask VERSION TYPES: the two have the same types in other packages.
ask() {
	mkdir "$1"
	cat >"$1/go.mod" <<-EOF
		module finding
		go 1.26
		require helm.sh/helm/${1%%.*} $1
	EOF
	{
		printf 'package main\n\nimport (\n\t"encoding/json"\n\t"fmt"\n\n'
		printf '\t%s\n' "${@:2}"
		printf ')\n'
		cat values.txt
	} >"$1/main.go"
	(cd "$1" && go mod tidy >/dev/null 2>&1 && go run .)
}
{
	echo v3.22.0
	ask v3.22.0 '"helm.sh/helm/v3/pkg/chart"' 'common "helm.sh/helm/v3/pkg/chartutil"' 'chartutil "helm.sh/helm/v3/pkg/chartutil"'
	echo v4.3.1
	ask v4.3.1 'chart "helm.sh/helm/v4/pkg/chart/v2"' '"helm.sh/helm/v4/pkg/chart/common"' 'chartutil "helm.sh/helm/v4/pkg/chart/common/util"'
} | tee seen
diff seen - <<'EOF'
v3.22.0
  null by nobody: {"tag":"1.0"} {"digest":null,"tag":"2.0"}
  null by the chart: {} {"digest":null,"tag":"2.0"}
  null by the user: {} {"digest":null,"tag":"2.0"}
v4.3.1
  null by nobody: {"tag":"1.0"} {"tag":"2.0"}
  null by the chart: {"tag":"1.0"} {"tag":"2.0"}
  null by the user: {} {"tag":"2.0"}
EOF
