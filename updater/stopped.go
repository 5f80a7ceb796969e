package updater

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// stopped says why a workload takes no new version, or nothing. Argo Rollouts
// goes back to the stable Pods by itself when an update fails, and leaves the
// template as it is: a new one would send the next version, too, to where the
// last one broke, before anybody has looked.
func stopped(o *unstructured.Unstructured) (why string) {
	if o.GroupVersionKind().GroupKind() != (schema.GroupKind{Group: "argoproj.io", Kind: "Rollout"}) {
		return ""
	}
	if aborted, _, _ := unstructured.NestedBool(o.Object, "status", "abort"); aborted {
		return "the rollout is aborted"
	}
	if phase, _, _ := unstructured.NestedString(o.Object, "status", "phase"); phase == "Degraded" {
		return "the rollout is degraded"
	}
	return ""
}
