package webhook

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/garboard-dev/garboard/internal/workload"
)

// CachedNamespaces reads namespaces from an informer. Where that does not show
// the opt-in label yet, one live GET decides: the API server, which sent the
// request, may know of the label before the informer does.
type CachedNamespaces struct {
	Cache, Live client.Reader
}

// Namespace returns what the namespace says.
func (n *CachedNamespaces) Namespace(ctx context.Context, name string) (workload.Namespace, error) {
	cached, err := get(ctx, n.Cache, name)
	if err == nil && cached.Enabled() {
		return cached, nil
	}
	return get(ctx, n.Live, name)
}

func get(ctx context.Context, from client.Reader, name string) (workload.Namespace, error) {
	object := NamespaceMetadata()
	err := from.Get(ctx, client.ObjectKey{Name: name}, object)
	if apierrors.IsNotFound(err) {
		return workload.Namespace{}, &NotFoundError{Namespace: name}
	}
	if err != nil {
		return workload.Namespace{}, fmt.Errorf("reading namespace %q: %w", name, err)
	}
	return workload.NamespaceOf(name, object.Labels, object.Annotations), nil
}

// NamespaceMetadata returns an empty Namespace of which only the metadata is
// read and cached.
func NamespaceMetadata() *metav1.PartialObjectMetadata {
	object := &metav1.PartialObjectMetadata{}
	object.SetGroupVersionKind(workload.NamespaceKind)
	return object
}
