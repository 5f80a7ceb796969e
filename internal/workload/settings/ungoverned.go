package settings

import (
	"fmt"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/garboard-dev/garboard/internal/printable"
	"github.com/garboard-dev/garboard/internal/spelling"
	"github.com/garboard-dev/garboard/internal/workload"
)

// Ungoverned tells why admission would not treat a manifest as its author expects:
// its API version is not the one that Kubernetes serves, or it asks for a policy and
// its kind is not governed. It is empty if there is nothing to tell.
func Ungoverned(k workload.Kinds, root map[string]any) string {
	version, name := workload.Text(root["apiVersion"]), workload.Text(root["kind"])
	gv, err := schema.ParseGroupVersion(version)
	if err != nil {
		return ""
	}
	if kind, ok := k.For(gv.Group, name); ok {
		if k.Custom(kind) || gv.Version == kind.Version {
			return ""
		}
		return fmt.Sprintf("apiVersion %q: Kubernetes serves %s as %s", printable.Escape(version, workload.MaxName), kind.GroupVersionKind.Kind, kind.GroupVersion())
	}
	metadata := workload.Child(root, "metadata")
	key := policyKey(workload.Child(metadata, "annotations"), workload.Child(metadata, "labels"))
	if key == "" || !hasContainers(root) {
		return ""
	}
	var known []string
	for _, kind := range workload.StandardKinds().All() {
		if kind.GroupVersionKind.Kind == name {
			return fmt.Sprintf("%s is not read: Kubernetes serves %s as %s, not as %q",
				key, kind.GroupVersionKind.Kind, kind.GroupVersion(), printable.Escape(version, workload.MaxName))
		}
		if kind.Group == gv.Group {
			known = append(known, kind.GroupVersionKind.Kind)
		}
	}
	if meant := spelling.Nearest(name, known); meant != "" {
		return fmt.Sprintf("%s is not read: kind %q; did you mean %q?", key, printable.Escape(name, workload.MaxName), meant)
	}
	return fmt.Sprintf("%s is not read: kind %q of %q is not governed; --custom-kinds names further kinds",
		key, printable.Escape(name, workload.MaxName), printable.Escape(version, workload.MaxName))
}

// hasContainers reports whether a manifest has a pod template where most kinds have
// theirs. A label for all manifests of a folder reaches Services as well.
func hasContainers(root map[string]any) bool {
	template := workload.Child(workload.Child(workload.Child(root, "spec"), "template"), "spec")
	containers, ok := template["containers"].([]any)
	return ok && len(containers) > 0
}
