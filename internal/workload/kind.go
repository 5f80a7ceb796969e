package workload

import (
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Kind tells how one kind of workload is read and treated.
type Kind struct {
	schema.GroupVersionKind
	// Resource is the plural name in the API; empty for a custom kind, where
	// only the API server knows it.
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
// or ReplicationController without an owner keeps the Pods that it has, so that
// moving its image would only part the two.
func (k Kind) Rolls() bool {
	switch k.GroupKind() {
	case schema.GroupKind{Group: "apps", Kind: "ReplicaSet"}, schema.GroupKind{Kind: "ReplicationController"}:
		return false
	default:
		return !k.CreateOnly
	}
}

// Kinds are the kinds that Garboard governs: those of Kubernetes itself, which
// are all that the zero value has, and the custom ones of ParseKinds.
type Kinds struct{ custom []Kind }

// StandardKinds returns the kinds of Kubernetes itself.
func StandardKinds() Kinds { return Kinds{} }

// All returns the kinds in a fixed order, the custom ones last.
func (k Kinds) All() []Kind { return slices.Concat(standardKinds, k.custom) }

// Rolling returns the kinds that an update reaches the Pods of; see Kind.Rolls.
func (k Kinds) Rolling() []Kind {
	return slices.DeleteFunc(k.All(), func(kind Kind) bool { return !kind.Rolls() })
}

// Custom reports whether the kind is one that ParseKinds added: it is served
// only where and while its CRD is installed.
func (k Kinds) Custom(kind Kind) bool {
	return slices.ContainsFunc(k.custom, func(c Kind) bool { return c.GroupKind() == kind.GroupKind() })
}

// For finds the kind of a group and kind name, whatever its version: the API
// server converts to the version that the webhook's rules name.
func (k Kinds) For(group, kind string) (Kind, bool) {
	for _, kinds := range [...][]Kind{standardKinds, k.custom} { // each object that is read comes here
		for i := range kinds {
			if kinds[i].Kind == kind && kinds[i].Group == group {
				return kinds[i], true
			}
		}
	}
	return Kind{}, false
}

// standardKinds are those of Kubernetes itself.
var standardKinds = []Kind{
	apps("Deployment", "deployments"),
	apps("StatefulSet", "statefulsets"),
	apps("DaemonSet", "daemonsets"),
	apps("ReplicaSet", "replicasets"),
	{schema.GroupVersionKind{Version: "v1", Kind: "ReplicationController"}, "replicationcontrollers", inSpec, false},
	{schema.GroupVersionKind{Group: "batch", Version: "v1", Kind: "CronJob"}, "cronjobs",
		[]string{"spec", "jobTemplate", "spec", "template"}, false},
	{schema.GroupVersionKind{Group: "batch", Version: "v1", Kind: "Job"}, "jobs", inSpec, true},
	{schema.GroupVersionKind{Version: "v1", Kind: "Pod"}, "pods", nil, true},
}

// inSpec is where most kinds have their pod template.
var inSpec = []string{"spec", "template"}

func apps(kind, resource string) Kind {
	return Kind{schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: kind}, resource, inSpec, false}
}
