package updater

import (
	"fmt"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/updater/watched"
)

// movedBefore is a workload "web" that the updater moved from 1.2.6 to 1.2.7 so long before
// noon; people want it taken back where that fails.
func movedBefore(t *testing.T, apiVersion, kind string, ago time.Duration, status string) *unstructured.Unstructured {
	t.Helper()
	return object(t, fmt.Sprintf(`
apiVersion: %s
kind: %s
metadata:
  name: web
  namespace: on
  uid: "1"
  generation: 4
  annotations:
    garboard.dev/policy: patch
    garboard.dev/rollback: auto
    kubernetes.io/change-cause: "garboard: c 1.2.6 -> 1.2.7 (policy patch)"
    garboard.dev/state: '{"c":{"healthy":"1.2.6","from":"example.com/app:1.2.0","results":[{"result":"1.2.6","from":"example.com/app:1.2.0","repository":"example.com/app"},{"result":"1.2.7","from":"example.com/app:1.2.0","repository":"example.com/app"}]}}'
  managedFields:
  - {manager: kubectl, time: "2025-12-01T00:00:00Z", fieldsV1: {"f:spec": {}}}
  - {manager: garboard-updater, time: %q, fieldsV1: {"f:spec": {}}}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {annotations: {garboard.dev/resolved: "c=1.2.7"}}
    spec: {containers: [{name: c, image: "example.com/app:1.2.7"}]}
status: %s
`, apiVersion, kind, noon.Add(-ago).Format(time.RFC3339), status))
}

// statuses of a Deployment of three Pods, by when its Progressing condition is from.
func complete3(at time.Time) string {
	return deploymentStatus("3", "NewReplicaSetAvailable", at)
}

func deploymentStatus(ready, reason string, at time.Time) string {
	return fmt.Sprintf(`{observedGeneration: 4, replicas: 3, updatedReplicas: 3, readyReplicas: %[1]s, availableReplicas: %[1]s,
  conditions: [{type: Available, status: "True"}, {type: Progressing, status: "True", reason: %s, lastUpdateTime: %q}]}`, ready, reason, at.Format(time.RFC3339))
}

// admits is an admission that moves containers, by their places, to tags.
func admits(tags ...string) func(*unstructured.Unstructured, bool) error {
	return func(o *unstructured.Unstructured, _ bool) error {
		containers, _, err := unstructured.NestedSlice(o.Object, "spec", "template", "spec", "containers")
		if err != nil {
			return err
		}
		results := record.Record{}
		for i, tag := range tags {
			container := containers[i].(map[string]any)
			container["image"] = "example.com/app:" + tag
			results[container["name"].(string)] = record.Result{Tag: tag}
		}
		o.SetGeneration(o.GetGeneration() + 1)
		if err := unstructured.SetNestedSlice(o.Object, containers, "spec", "template", "spec", "containers"); err != nil {
			return err
		}
		return unstructured.SetNestedField(o.Object, results.String(), "spec", "template", "metadata", "annotations", "garboard.dev/resolved")
	}
}

func keyIs(o *unstructured.Unstructured) watched.Key {
	return watched.NewKey(o.GroupVersionKind(), o.GetNamespace(), o.GetName())
}

// set writes one field of an object.
func set(t *testing.T, o *unstructured.Unstructured, value any, path ...string) {
	t.Helper()
	if err := unstructured.SetNestedField(o.Object, value, path...); err != nil {
		t.Fatal(err)
	}
}

func key(name string) watched.Key {
	return watched.NewKey(workload.StandardKinds().All()[0].GroupVersionKind, "on", name)
}

func object(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	data, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	o := &unstructured.Unstructured{}
	if err := o.UnmarshalJSON(data); err != nil { // numbers as the API server's
		t.Fatal(err)
	}
	return o
}
