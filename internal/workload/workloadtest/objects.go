// Package workloadtest makes objects for tests of what reads them.
package workloadtest

import (
	"encoding/json"
	"testing"

	"github.com/garboard-dev/garboard/internal/workload"
)

// Keys are annotations or labels.
type Keys map[string]any

// Deployment is a Deployment with the containers web and job, the init
// container setup and the image volume models.
func Deployment(t testing.TB, annotations, labels Keys) *workload.Object {
	t.Helper()
	return Parse(t, "apps", "Deployment", map[string]any{
		"metadata": map[string]any{"name": "shop", "annotations": annotations, "labels": labels},
		"spec": map[string]any{"template": map[string]any{"spec": map[string]any{
			"initContainers": []any{map[string]any{"name": "setup", "image": "a/setup:1.0.0"}},
			"containers": []any{
				map[string]any{"name": "web", "image": "a/web:1.0.0"},
				map[string]any{"name": "job", "image": "a/job:1.0.0"},
			},
			"volumes": []any{map[string]any{"name": "models", "image": map[string]any{"reference": "a/models:1.0.0"}}},
		}}},
	})
}

// Parse is an object of a kind that the API server serves itself.
func Parse(t testing.TB, group, kind string, object map[string]any) *workload.Object {
	t.Helper()
	k, ok := workload.StandardKinds().For(group, kind)
	if !ok {
		t.Fatalf("no kind %q in group %q", kind, group)
	}
	data, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	o, err := workload.Parse(k, data)
	if err != nil {
		t.Fatal(err)
	}
	return o
}
