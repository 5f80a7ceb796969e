package access

import "k8s.io/apimachinery/pkg/runtime/schema"

// Workload names one object.
type Workload struct {
	Namespace, Name string
	Kind            schema.GroupVersionKind
}
