package helmvalues

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Informers are a manager's cache, which keeps Secrets as ByObject says.
type Informers interface {
	client.Reader
	GetInformer(ctx context.Context, object client.Object, options ...cache.InformerGetOption) (cache.Informer, error)
}

// ByObject returns the entry of a manager's cache options, ByObject, that keeps
// the names and labels of the Secrets of releases: the API server sends no
// contents with them.
func ByObject() (client.Object, cache.ByObject) {
	return metadata(), cache.ByObject{
		Label:     labels.SelectorFromSet(labels.Set{ownerLabel: ownerHelm}),
		Field:     fields.OneTermEqualSelector("type", secretType),
		Transform: stripSecret,
	}
}

func metadata() *metav1.PartialObjectMetadata {
	object := &metav1.PartialObjectMetadata{}
	object.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Secret"))
	return object
}

func stripSecret(object any) (any, error) {
	full, ok := object.(*metav1.PartialObjectMetadata)
	if !ok { // a tombstone
		return object, nil
	}
	kept := metadata()
	kept.Name, kept.Namespace, kept.UID, kept.ResourceVersion = full.Name, full.Namespace, full.UID, full.ResourceVersion
	kept.Labels = map[string]string{}
	for _, key := range []string{ownerLabel, nameLabel, statusLabel, versionLabel} {
		if value, ok := full.Labels[key]; ok {
			kept.Labels[key] = value
		}
	}
	return kept, nil
}

// Follow watches the revisions of all releases until the context ends. changed
// is called for each release whose values may have changed, and at the start for
// all releases. Until those are known, Of answers Unavailable; if Secrets may not
// be listed, it always does.
func (r *Reader) Follow(ctx context.Context, changed func(namespace, release string)) error {
	informer, err := r.Informers.GetInformer(ctx, metadata(), cache.BlockUntilSynced(false))
	if err != nil {
		return fmt.Errorf("watching Helm releases: %w", err)
	}
	if !toolscache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		return nil // the end
	}
	// Before the first event, which asks.
	r.mu.Lock()
	r.synced = true
	r.mu.Unlock()
	tell := func(objects ...any) {
		for _, object := range objects {
			if gone, ok := object.(toolscache.DeletedFinalStateUnknown); ok {
				object = gone.Obj
			}
			secret, ok := object.(*metav1.PartialObjectMetadata)
			if ok && slices.Contains(inUse(), secret.Labels[statusLabel]) {
				changed(secret.Namespace, secret.Labels[nameLabel])
				return
			}
		}
	}
	_, err = informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { tell(object) },
		UpdateFunc: func(before, after any) { tell(after, before) },
		DeleteFunc: func(object any) { tell(object) },
	})
	if err != nil {
		return fmt.Errorf("watching Helm releases: %w", err)
	}
	<-ctx.Done()
	return nil
}

// lister returns who knows the revisions; ok is false if none does yet.
func (r *Reader) lister() (from client.Reader, ok bool) {
	if r.Informers == nil {
		return r.Live, true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.Informers, r.synced
}
