package watched

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/updater/rollout"
)

// Strip returns a transform for the informers of workloads: it keeps the keys
// and images that polling reads, with what bears on pulling them and what tells
// of a rollout, and drops the rest of the object, so that thousands of workloads
// fit in little memory.
func Strip(kinds workload.Kinds) func(any) (any, error) {
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
		keepRollout(kept, full)
		return kept, nil
	}
}

// keepRollout keeps what health is read from.
func keepRollout(kept, full *unstructured.Unstructured) {
	if generation := full.GetGeneration(); generation > 0 {
		kept.SetGeneration(generation)
	}
	rollout.Condense(kept, full)
	if spec, ok := full.Object["spec"].(map[string]any); ok {
		into, _ := kept.Object["spec"].(map[string]any)
		for _, field := range rollout.SpecFields {
			if value, ok := spec[field]; ok && into != nil {
				into[field] = value
			}
		}
	}
	status, _ := full.Object["status"].(map[string]any)
	few := map[string]any{}
	for _, field := range rollout.StatusFields {
		if value, ok := status[field]; ok {
			few[field] = value
		}
	}
	if conditions := keepConditions(status["conditions"]); conditions != nil {
		few["conditions"] = conditions
	}
	if len(few) > 0 {
		kept.Object["status"] = few
	}
}

// availability is all that is kept of the condition, once for all workloads.
var availability = map[bool]map[string]any{
	true:  {"type": "Available", "status": "True"},
	false: {"type": "Available", "status": "False"},
}

// availableCondition keeps of the condition its status, and when that changed where it did so
// after the rollout was complete: too few Pods were available then.
func availableCondition(condition map[string]any, all []any) map[string]any {
	status, _ := condition["status"].(string)
	short := availability[status == "True"]
	changed, _ := condition["lastTransitionTime"].(string)
	for _, c := range all {
		progress, _ := c.(map[string]any)
		updated, _ := progress["lastUpdateTime"].(string) // the API server writes both in UTC
		if progress["type"] == "Progressing" && updated != "" && changed > updated {
			return map[string]any{"type": "Available", "status": short["status"], "lastTransitionTime": changed}
		}
	}
	return short
}

// keepConditions keeps those that tell of progress, without their messages.
func keepConditions(all any) []any {
	list, _ := all.([]any)
	var few []any
	for _, c := range list {
		condition, _ := c.(map[string]any)
		switch condition["type"] {
		case "Available":
			few = append(few, availableCondition(condition, list))
		case "Progressing", "Reconciling", "Stalled":
			short := map[string]any{}
			for _, field := range []string{"type", "status", "reason", "lastUpdateTime"} {
				if value, ok := condition[field]; ok {
					short[field] = value
				}
			}
			few = append(few, short)
		}
	}
	return few
}
