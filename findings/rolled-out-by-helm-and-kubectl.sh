#!/usr/bin/env bash
# "Rolled out" is three different things to helm upgrade --wait by Helm v3.22.0, by Helm v4.3.1 (and to
# Flux: kstatus of fluxcd/cli-utils v1.2.2), and to kubectl rollout status (v0.37.2).
#
# Helm 3 counts Pods down by maxUnavailable: a new image that starts nowhere is a success on a DaemonSet
# of one node, with the default settings, and so is one of four replicas that does not start. A
# DaemonSet with OnDelete is never done to Helm 4, which waits until its timeout, and at once to Helm 3;
# a StatefulSet with OnDelete is done at once to both, while none of its Pods has the new image, or
# none is ready. kubectl refuses to judge either. minReadySeconds of a StatefulSet counts for none of
# the three.
#
# Seen: the table below: what each says of an object's status. The script fails if it changes.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >go.mod <<'EOF'
module finding
go 1.26
require (
	github.com/fluxcd/cli-utils v1.2.2
	helm.sh/helm/v3 v3.22.0
	k8s.io/api v0.37.2
	k8s.io/apimachinery v0.37.2
	k8s.io/cli-runtime v0.37.2
	k8s.io/client-go v0.37.2
	k8s.io/kubectl v0.37.2
	sigs.k8s.io/yaml v1.6.0
)
EOF
cat >main.go <<'EOF'
package main

import (
	"context"
	"fmt"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"helm.sh/helm/v3/pkg/kube"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/resource"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/kubectl/pkg/polymorphichelpers"
	"sigs.k8s.io/yaml"
)

const selector = `selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}}`

func main() {
	for _, question := range []struct{ title, object string }{
		{"Deployment of 4, one new Pod is not ready", `
kind: Deployment
spec: {` + selector + `, replicas: 4, progressDeadlineSeconds: 600, strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 25%, maxUnavailable: 25%}}}
status: {observedGeneration: 2, replicas: 4, updatedReplicas: 4, readyReplicas: 3, availableReplicas: 3, conditions: [{type: Available, status: "True"}, {type: Progressing, status: "True", reason: ReplicaSetUpdated}]}`},
		{"DaemonSet of one node, its new Pod is not ready", `
kind: DaemonSet
spec: {` + selector + `, updateStrategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}}
status: {observedGeneration: 2, desiredNumberScheduled: 1, currentNumberScheduled: 1, updatedNumberScheduled: 1, numberReady: 0, numberUnavailable: 1}`},
		{"DaemonSet with OnDelete, no Pod is new", `
kind: DaemonSet
spec: {` + selector + `, updateStrategy: {type: OnDelete}}
status: {observedGeneration: 2, desiredNumberScheduled: 3, currentNumberScheduled: 3, numberReady: 3, numberAvailable: 3}`},
		{"StatefulSet with OnDelete, no Pod is new", `
kind: StatefulSet
spec: {` + selector + `, replicas: 3, updateStrategy: {type: OnDelete}}
status: {observedGeneration: 2, replicas: 3, readyReplicas: 3, availableReplicas: 3, currentReplicas: 3, currentRevision: a, updateRevision: b}`},
		{"StatefulSet with OnDelete, no Pod is ready", `
kind: StatefulSet
spec: {` + selector + `, replicas: 3, updateStrategy: {type: OnDelete}}
status: {observedGeneration: 2, replicas: 3, currentReplicas: 3, currentRevision: a, updateRevision: b}`},
		{"StatefulSet with minReadySeconds, no Pod is available yet", `
kind: StatefulSet
spec: {` + selector + `, replicas: 3, minReadySeconds: 600, updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 0}}}
status: {observedGeneration: 2, replicas: 3, readyReplicas: 3, updatedReplicas: 3, currentReplicas: 3, currentRevision: b, updateRevision: b}`},
	} {
		text, err := yaml.YAMLToJSON([]byte("apiVersion: apps/v1\nmetadata: {name: web, namespace: shop, uid: u, generation: 2}" + question.object))
		check(err)
		object := &unstructured.Unstructured{}
		check(object.UnmarshalJSON(text))
		fmt.Println(question.title)
		fmt.Println("  Helm 3:", byHelm3(object))
		fmt.Println("  Helm 4:", byKstatus(object))
		fmt.Println("  kubectl:", byKubectl(object))
	}
}

func byHelm3(object *unstructured.Unstructured) string {
	typed, err := scheme.Scheme.New(object.GroupVersionKind())
	check(err)
	check(runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, typed))
	stored := []runtime.Object{typed}
	if deployment, ok := typed.(*appsv1.Deployment); ok {
		stored = append(stored, replicaSet(deployment))
	}
	checker := kube.NewReadyChecker(fake.NewClientset(stored...), func(string, ...any) {}, kube.PausedAsReady(true), kube.CheckJobs(true))
	ready, err := checker.IsReady(context.Background(), &resource.Info{Name: "web", Namespace: "shop", Object: typed})
	return told(ready, err)
}

// replicaSet has all Pods of a Deployment.
func replicaSet(deployment *appsv1.Deployment) *appsv1.ReplicaSet {
	owner := *metav1.NewControllerRef(deployment, appsv1.SchemeGroupVersion.WithKind("Deployment"))
	return &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{
			Name: "web-1", Namespace: "shop", Generation: 1, Labels: map[string]string{"app": "web"},
			OwnerReferences: []metav1.OwnerReference{owner},
		},
		Spec:   appsv1.ReplicaSetSpec{Replicas: deployment.Spec.Replicas, Template: deployment.Spec.Template},
		Status: appsv1.ReplicaSetStatus{ObservedGeneration: 1, ReadyReplicas: deployment.Status.ReadyReplicas},
	}
}

func byKstatus(object *unstructured.Unstructured) string {
	result, err := status.Compute(object)
	check(err)
	return told(result.Status == status.CurrentStatus, nil)
}

func byKubectl(object *unstructured.Unstructured) string {
	viewer, err := polymorphichelpers.StatusViewerFor(object.GroupVersionKind().GroupKind())
	check(err)
	_, done, err := viewer.Status(object, 0)
	return told(done, err)
}

func told(done bool, err error) string {
	switch {
	case err != nil:
		return "refuses to say"
	case done:
		return "rolled out"
	default:
		return "waits"
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
Deployment of 4, one new Pod is not ready
  Helm 3: rolled out
  Helm 4: waits
  kubectl: waits
DaemonSet of one node, its new Pod is not ready
  Helm 3: rolled out
  Helm 4: waits
  kubectl: waits
DaemonSet with OnDelete, no Pod is new
  Helm 3: rolled out
  Helm 4: waits
  kubectl: refuses to say
StatefulSet with OnDelete, no Pod is new
  Helm 3: rolled out
  Helm 4: rolled out
  kubectl: refuses to say
StatefulSet with OnDelete, no Pod is ready
  Helm 3: rolled out
  Helm 4: rolled out
  kubectl: refuses to say
StatefulSet with minReadySeconds, no Pod is available yet
  Helm 3: rolled out
  Helm 4: rolled out
  kubectl: rolled out
EOF
