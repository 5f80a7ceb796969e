#!/usr/bin/env bash
# kustomize api v0.21.2: a strategic merge patch replaces the lists of a Pod that are
# younger than the schema it carries, where kubectl and the API server merge them.
#
# kustomize merges by an OpenAPI document that is built in, of Kubernetes 1.21 unless the
# kustomization names another. schedulingGates and resourceClaims are merged by name in
# Kubernetes' own types (k8s.io/api v0.37.2); kustomize does not know them and takes the
# patch's list alone. imagePullSecrets, which it knows, is merged.
#
# Seen: the names below, of a Pod that has "a" and a patch that has "b".
# The script fails if they change.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
mkdir patched
cat >go.mod <<'EOF'
module finding
go 1.26
require (
	k8s.io/api v0.37.2
	k8s.io/apimachinery v0.37.2
	sigs.k8s.io/kustomize/api v0.21.2
	sigs.k8s.io/kustomize/kyaml v0.21.2
	sigs.k8s.io/yaml v1.6.0
)
EOF
cat >main.go <<'EOF'
package main

import (
	"fmt"
	"os"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

func main() {
	objects, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), "patched")
	must(err)
	text, err := objects.AsYaml()
	must(err)
	show("kustomize ", text)
	text, err = strategicpatch.StrategicMergePatch(asJSON("patched/pod.yaml"), asJSON("patched/patch.yaml"), corev1.Pod{})
	must(err)
	show("kubernetes", text)
}

func asJSON(path string) []byte {
	text, err := os.ReadFile(path)
	must(err)
	text, err = yaml.YAMLToJSON(text)
	must(err)
	return text
}

func show(who string, text []byte) {
	var pod corev1.Pod
	must(yaml.Unmarshal(text, &pod))
	fmt.Printf("%s imagePullSecrets=%d schedulingGates=%d resourceClaims=%d\n", who,
		len(pod.Spec.ImagePullSecrets), len(pod.Spec.SchedulingGates), len(pod.Spec.ResourceClaims))
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
EOF
cat >patched/kustomization.yaml <<'EOF'
resources: [pod.yaml]
patches: [{path: patch.yaml}]
EOF
for name in a b; do
	file=$([ "$name" = a ] && echo pod || echo patch)
	cat >patched/$file.yaml <<EOF
apiVersion: v1
kind: Pod
metadata: {name: pod}
spec:
  imagePullSecrets: [{name: $name}]
  schedulingGates: [{name: example.com/$name}]
  resourceClaims: [{name: $name, resourceClaimName: $name}]
EOF
done
go mod tidy >/dev/null 2>&1
go run . | tee seen
diff seen - <<'EOF'
kustomize  imagePullSecrets=2 schedulingGates=1 resourceClaims=1
kubernetes imagePullSecrets=2 schedulingGates=2 resourceClaims=2
EOF
