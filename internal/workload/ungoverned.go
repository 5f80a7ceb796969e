package workload

import (
	"fmt"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Ungoverned tells why admission would not treat a manifest as its author expects:
// its API version is not the one that Kubernetes serves, or it asks for a policy and
// its kind is not governed. It is empty if there is nothing to tell.
func (k Kinds) Ungoverned(root map[string]any) string {
	version, name := text(root["apiVersion"]), text(root["kind"])
	gv, err := schema.ParseGroupVersion(version)
	if err != nil {
		return ""
	}
	if kind, ok := k.For(gv.Group, name); ok {
		if k.Custom(kind) || gv.Version == kind.Version {
			return ""
		}
		return fmt.Sprintf("apiVersion %q: Kubernetes serves %s as %s", Shorten(version, maxName), kind.GroupVersionKind.Kind, kind.GroupVersion())
	}
	metadata := child(root, "metadata")
	key := policyKey(child(metadata, "annotations"), child(metadata, "labels"))
	if key == "" || !hasContainers(root) {
		return ""
	}
	for _, kind := range StandardKinds().All() {
		if kind.GroupVersionKind.Kind == name {
			return fmt.Sprintf("%s is not read: Kubernetes serves %s as %s, not as %q",
				key, kind.GroupVersionKind.Kind, kind.GroupVersion(), Shorten(version, maxName))
		}
	}
	return fmt.Sprintf("%s is not read: kind %q of %q is not governed; --custom-kinds names further kinds",
		key, Shorten(name, maxName), Shorten(version, maxName))
}

// hasContainers reports whether a manifest has a pod template where most kinds have
// theirs. A label for all manifests of a folder reaches Services as well.
func hasContainers(root map[string]any) bool {
	template := child(child(child(root, "spec"), "template"), "spec")
	containers, ok := template["containers"].([]any)
	return ok && len(containers) > 0
}
