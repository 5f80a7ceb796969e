package workload

import "k8s.io/apimachinery/pkg/runtime/schema"

// Kind tells how one kind of workload is read and treated.
type Kind struct {
	schema.GroupVersionKind
	// Resource is the plural name in the API.
	Resource string
	// Template is the path of the pod template; nil where the object is the
	// Pod itself.
	Template []string
	// CreateOnly marks the kinds that are resolved when they are created and
	// never again: their Pods cannot be replaced by an update.
	CreateOnly bool
}

// GroupVersionResource returns the kind's place in the API.
func (k Kind) GroupVersionResource() schema.GroupVersionResource {
	return k.GroupVersion().WithResource(k.Resource)
}

// Rolls reports whether a new template reaches the Pods by itself. A ReplicaSet
// or ReplicationController that nobody owns keeps the Pods that it has, so that
// moving its image would only part the two.
func (k Kind) Rolls() bool {
	switch k.GroupVersionKind.Kind {
	case "ReplicaSet", "ReplicationController":
		return false
	default:
		return !k.CreateOnly
	}
}

// Kinds returns the kinds that Keelson governs, in a fixed order.
func Kinds() []Kind {
	template := []string{"spec", "template"}
	apps := func(kind, resource string) Kind {
		return Kind{schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: kind}, resource, template, false}
	}
	return []Kind{
		apps("Deployment", "deployments"),
		apps("StatefulSet", "statefulsets"),
		apps("DaemonSet", "daemonsets"),
		apps("ReplicaSet", "replicasets"),
		{schema.GroupVersionKind{Version: "v1", Kind: "ReplicationController"}, "replicationcontrollers", template, false},
		{schema.GroupVersionKind{Group: "batch", Version: "v1", Kind: "CronJob"}, "cronjobs",
			[]string{"spec", "jobTemplate", "spec", "template"}, false},
		{schema.GroupVersionKind{Group: "batch", Version: "v1", Kind: "Job"}, "jobs", template, true},
		{schema.GroupVersionKind{Version: "v1", Kind: "Pod"}, "pods", nil, true},
	}
}

// KindFor finds the kind of a group and kind name, whatever its version: the
// API server converts to the version that the webhook's rules name.
func KindFor(group, kind string) (Kind, bool) {
	for _, k := range Kinds() {
		if k.Group == group && k.GroupVersionKind.Kind == kind {
			return k, true
		}
	}
	return Kind{}, false
}
