package updater

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/keelson-dev/keelson/internal/workload"
)

// strip returns a transform for the informers of workloads: it keeps the keys
// and images that polling reads, with what bears on pulling them, and drops the
// rest of the object, so that thousands of workloads fit in little memory.
func strip(kinds workload.Kinds) func(any) (any, error) {
	return func(in any) (any, error) {
		full, ok := in.(*unstructured.Unstructured)
		if !ok { // a tombstone
			return in, nil
		}
		object, ok := kinds.FromMap(full.Object)
		if !ok {
			return nil, fmt.Errorf("stripping %s: not a workload", full.GroupVersionKind())
		}
		kept := &unstructured.Unstructured{Object: map[string]any{}}
		kept.SetGroupVersionKind(object.Kind.GroupVersionKind)
		kept.SetName(full.GetName())
		kept.SetNamespace(full.GetNamespace())
		kept.SetUID(full.GetUID())
		kept.SetResourceVersion(full.GetResourceVersion())
		kept.SetDeletionTimestamp(full.GetDeletionTimestamp())
		if object.Owned() {
			kept.SetOwnerReferences(full.GetOwnerReferences())
			return kept, nil // never ours to change
		}
		metadata := kept.Object["metadata"].(map[string]any)
		metadata["labels"] = workload.OurKeys(object.Labels())
		metadata["annotations"] = workload.OurKeys(object.Annotations())
		at := kept.Object
		for _, key := range object.Kind.Template {
			next := map[string]any{}
			at[key], at = next, next
		}
		at["metadata"] = map[string]any{"annotations": workload.OurKeys(object.TemplateAnnotations())}
		at["spec"] = object.ImagesOnly()
		return kept, nil
	}
}
