package migrate

import (
	"context"
	"fmt"
	"io"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/garboard-dev/garboard/internal/cli/access"
	"github.com/garboard-dev/garboard/internal/cli/migrate/plan"
	"github.com/garboard-dev/garboard/internal/cluster/helmvalues"
	"github.com/garboard-dev/garboard/internal/keel"
	"github.com/garboard-dev/garboard/internal/workload"
)

func labelSet(all map[string]string) labels.Set { return all }

// pageSize is how many objects are asked for at once.
const pageSize = 500

// fromCluster reads all workloads, or those of the namespace that was named, and what
// belongs to Keel.
func (o *options) fromCluster(ctx context.Context, into *plan.Options, warnings io.Writer) error {
	cluster, err := o.Connect(warnings)
	if err != nil {
		return err
	}
	l := &lister{cluster: cluster, namespace: o.Namespace}
	for _, kind := range into.Kinds.Rolling() {
		if kind.Group == "" || kind.GroupVersionKind.Kind == "ReplicaSet" {
			continue // Keel does not look at them
		}
		if err := l.list(ctx, kind.GroupVersionKind, o.Namespace); err != nil {
			return err
		}
	}
	if err := l.list(ctx, workload.NamespaceKind, ""); err != nil {
		return err
	}
	if err := l.ofKeel(ctx, warnings); err != nil {
		return err
	}
	into.Sources = l.found
	into.Releases = helmvalues.New(helmvalues.Options{Live: cluster.Client}).Of
	return nil
}

// lister reads objects from the API server.
type lister struct {
	cluster   *access.Cluster
	namespace string
	found     []plan.Source
}

// list reads all objects of a kind, in a namespace or everywhere.
func (l *lister) list(ctx context.Context, kind schema.GroupVersionKind, namespace string) error {
	where := "any namespace"
	if namespace != "" {
		where = fmt.Sprintf("namespace %q", namespace)
	}
	next := ""
	for {
		page := &unstructured.UnstructuredList{}
		page.SetGroupVersionKind(kind.GroupVersion().WithKind(kind.Kind + "List"))
		err := l.cluster.Client.List(ctx, page, client.InNamespace(namespace), client.Limit(pageSize), client.Continue(next))
		switch {
		case meta.IsNoMatchError(err):
			return nil // a custom kind that is not installed
		case apierrors.IsForbidden(err):
			return fmt.Errorf("no access: you may not list %ss in %s; try --namespace, or -f with what another user has read: %w", kind.Kind, where, err)
		case err != nil:
			return fmt.Errorf("listing %ss in %s: %w", kind.Kind, where, err)
		}
		for i := range page.Items {
			l.found = append(l.found, plan.Source{Object: page.Items[i].Object})
		}
		if next = page.GetContinue(); next == "" {
			return nil
		}
	}
}

// ofKeel reads what stands beside Keel's Deployment: its Services, and the names of the
// keys of its Secrets.
func (l *lister) ofKeel(ctx context.Context, warnings io.Writer) error {
	var keels []keel.Installation
	for _, s := range l.found {
		if i, ok := keel.Read(s.Object); ok {
			keels = append(keels, i)
		}
	}
	for _, i := range keels {
		if err := l.list(ctx, corev1.SchemeGroupVersion.WithKind("Service"), i.Namespace); err != nil {
			return err
		}
		if err := l.configMaps(ctx, i, warnings); err != nil {
			return err
		}
		for _, ref := range i.SecretRefs {
			name := ref.Name
			secret := &metav1.PartialObjectMetadata{}
			secret.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Secret"))
			err := l.cluster.Client.Get(ctx, client.ObjectKey{Namespace: i.Namespace, Name: name}, secret)
			if err != nil {
				fmt.Fprintf(warnings, "garboard: the keys of Keel's Secret %s/%s are not known, so what it sets is not in the plan: %v\n", i.Namespace, name, err)
				continue
			}
			object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(secret)
			if err != nil {
				return fmt.Errorf("reading the metadata of Secret %s/%s: %w", i.Namespace, name, err)
			}
			l.found = append(l.found, plan.Source{Object: object})
		}
	}
	return nil
}

// configMaps reads what Keel's environment is made of.
func (l *lister) configMaps(ctx context.Context, i keel.Installation, warnings io.Writer) error {
	for _, name := range i.ConfigMaps() {
		found := &unstructured.Unstructured{}
		found.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("ConfigMap"))
		err := l.cluster.Client.Get(ctx, client.ObjectKey{Namespace: i.Namespace, Name: name}, found)
		switch {
		case ctx.Err() != nil:
			return fmt.Errorf("reading ConfigMap %s/%s: %w", i.Namespace, name, err)
		case err != nil:
			fmt.Fprintf(warnings, "garboard: Keel's ConfigMap %s/%s cannot be read, so what it sets is not in the plan: %v\n", i.Namespace, name, err)
		default:
			l.found = append(l.found, plan.Source{Object: found.Object})
		}
	}
	return nil
}
