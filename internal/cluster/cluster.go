// Package cluster says what Kubernetes is asked for the resolver. The packages below
// answer: pullsecret, placement and helmvalues.
package cluster

import (
	"context"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/resolver"
)

// Credentials finds what the images of a workload are pulled with.
type Credentials interface {
	Of(namespace string, o *workload.Object, slot workload.Slot, rule settings.Rule) resolver.Credentials
}

// Placement tells on which platforms the Pods of a workload may run. None means
// that nothing is known of it: there is nothing to check then.
type Placement interface {
	Required(ctx context.Context, o *workload.Object) []resolver.Platform
}

// Releases tells what the values of the Helm release of a workload in a
// namespace say. An error says, in one line that names no more than the release,
// why they could not be read; what is returned with it counts all the same: the
// values that were read last, or none.
type Releases interface {
	Of(ctx context.Context, namespace string, o *workload.Object) (settings.Release, error)
}
