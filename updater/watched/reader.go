package watched

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/settings"
)

// Empty returns an object of a kind, to be read into.
func Empty(kind schema.GroupVersionKind) *unstructured.Unstructured {
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(kind)
	return object
}

// EmptyNamespace returns the metadata of a namespace, to be read into.
func EmptyNamespace() *metav1.PartialObjectMetadata {
	object := &metav1.PartialObjectMetadata{}
	object.SetGroupVersionKind(workload.NamespaceKind)
	return object
}

// Reader reads workloads from the cache. Its fields but for Releases are required.
type Reader struct {
	Cache client.Reader
	Kinds workload.Kinds
	// Releases are asked for the settings of workloads that Helm installed; nil asks
	// none.
	Releases Releases

	unread unread
}

// Workload is a workload with what holds for it at this moment.
type Workload struct {
	// Stored is the object as the cache has it.
	Stored *unstructured.Unstructured
	// Object is the same with what its Helm release says.
	Object   *workload.Object
	Settings *settings.Settings
}

// Get returns a workload as the cache has it; nil if it is gone.
func (r *Reader) Get(ctx context.Context, key Key) *unstructured.Unstructured {
	o := Empty(key.GVK())
	if r.Cache.Get(ctx, key.NamespacedName, o) != nil {
		return nil
	}
	return o
}

// Governed returns a workload with its settings; ok is false if it is gone, or being
// deleted, or its namespace is not opted in.
func (r *Reader) Governed(ctx context.Context, key Key) (w Workload, ok bool) {
	o := r.Get(ctx, key)
	if o == nil {
		return w, false
	}
	return r.Govern(ctx, o)
}

// Govern adds to an object what Governed returns with it.
func (r *Reader) Govern(ctx context.Context, o *unstructured.Unstructured) (w Workload, ok bool) {
	object, ok := r.Kinds.FromMap(o.Object)
	if !ok {
		return w, false
	}
	namespace, err := r.Namespace(ctx, o.GetNamespace())
	if err != nil || !namespace.Enabled() || object.Deleting() {
		return w, false
	}
	object, settings := r.Settings(ctx, object, namespace)
	return Workload{o, object, settings}, true
}

// Settings reads what holds for a workload of a namespace, and adds to it what its Helm
// release says.
func (r *Reader) Settings(ctx context.Context, o *workload.Object, namespace workload.Namespace) (*workload.Object, *settings.Settings) {
	o = r.withRelease(ctx, o)
	return o, settings.ReadSettings(o, namespace)
}

// Namespace reads the settings of a namespace.
func (r *Reader) Namespace(ctx context.Context, name string) (workload.Namespace, error) {
	object := EmptyNamespace()
	if err := r.Cache.Get(ctx, client.ObjectKey{Name: name}, object); err != nil {
		return workload.Namespace{}, fmt.Errorf("reading namespace %q: %w", name, err)
	}
	return workload.NamespaceOf(name, object.Labels, object.Annotations), nil
}

// Forget drops what is known of a workload.
func (r *Reader) Forget(key Key) { r.unread.note(key, false) }
