package page

import (
	"cmp"
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/record"
)

// listPage is how many objects are asked for at once.
const listPage = 500

// objects lists the workloads of opted-in namespaces, metadata alone. What the person may
// not list is told, and the rest counts.
func (a *Access) objects(ctx context.Context, now time.Time) *objects {
	found := &objects{at: now, holds: map[objectKey]record.Record{}}
	enabled, err := a.enabledNamespaces(ctx)
	if err != nil {
		found.missing = append(found.missing, "Which workloads are not governed is not known: "+shown(err.Error())+".")
	}
	for _, kind := range a.Kinds.Rolling() {
		err := a.eachObject(ctx, kind, func(o *metav1.PartialObjectMetadata) {
			if metav1.GetControllerOf(o) != nil {
				return
			}
			key := objectKey{o.Namespace, kind.GroupVersionKind.Kind, o.Name}
			if text := o.Annotations[workload.AnnotationHold]; text != "" {
				found.holds[key] = record.ParseRecord(text)
			}
			if enabled[o.Namespace] {
				found.all = append(found.all, key)
			}
		})
		if err != nil && !meta.IsNoMatchError(err) {
			found.missing = append(found.missing, fmt.Sprintf("Holds of %s, and which are not governed, are not known: %s.",
				cmp.Or(kind.Resource, kind.GroupKind().String()), shown(err.Error())))
		}
	}
	return found
}

// enabledNamespaces are those that have opted in, among those that are shown.
func (a *Access) enabledNamespaces(ctx context.Context) (map[string]bool, error) {
	enabled := map[string]bool{}
	if a.Namespace != "" {
		namespace := &corev1.Namespace{}
		if err := a.Client.Get(ctx, client.ObjectKey{Name: a.Namespace}, namespace); err != nil && !apierrors.IsNotFound(err) {
			return nil, fmt.Errorf("reading namespace %q: %w", a.Namespace, err)
		}
		enabled[a.Namespace] = workload.NamespaceOf(a.Namespace, namespace.Labels, nil).Enabled()
		return enabled, nil
	}
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("NamespaceList"))
	if err := a.Client.List(ctx, list, client.MatchingLabels{workload.LabelEnabled: "true"}); err != nil {
		return nil, fmt.Errorf("listing namespaces: %w", err)
	}
	for i := range list.Items {
		enabled[list.Items[i].Name] = true
	}
	return enabled, nil
}

// eachObject visits the objects of a kind, page after page.
func (a *Access) eachObject(ctx context.Context, kind workload.Kind, visit func(*metav1.PartialObjectMetadata)) error {
	for next := ""; ; {
		list := &metav1.PartialObjectMetadataList{}
		list.SetGroupVersionKind(kind.GroupVersion().WithKind(kind.GroupVersionKind.Kind + "List"))
		if err := a.Client.List(ctx, list, client.InNamespace(a.Namespace), client.Limit(listPage), client.Continue(next)); err != nil {
			return err
		}
		for i := range list.Items {
			visit(&list.Items[i])
		}
		if next = list.Continue; next == "" {
			return nil
		}
	}
}
