package access

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Workload names one object.
type Workload struct {
	Namespace, Name string
	Kind            schema.GroupVersionKind
}

// Reading says of an error which object was read, and where: the API server's own words for
// one that is not there leave out the namespace, which is what is wrong most often.
func (w Workload) Reading(err error) error {
	return fmt.Errorf("reading %s %q in namespace %q: %w", strings.ToLower(w.Kind.Kind), w.Name, w.Namespace, err)
}
