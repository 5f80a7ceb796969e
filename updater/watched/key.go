// Package watched reads the workloads that the updater watches: as its cache keeps
// them, with the settings of their namespaces and Helm releases.
package watched

import (
	"cmp"
	"unique"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// Key names one workload. There are several of each: the kind is a handle, since it
// takes six times as much.
type Key struct {
	kind unique.Handle[schema.GroupVersionKind]
	types.NamespacedName
}

// NewKey returns the key of a workload.
func NewKey(kind schema.GroupVersionKind, namespace, name string) Key {
	return Key{unique.Make(kind), types.NamespacedName{Namespace: namespace, Name: name}}
}

// KeyOf returns the key of an object of a kind.
func KeyOf(kind schema.GroupVersionKind, o metav1.Object) Key {
	return NewKey(kind, o.GetNamespace(), o.GetName())
}

// GVK is the workload's kind.
func (k Key) GVK() schema.GroupVersionKind { return k.kind.Value() }

// Compare orders workloads by namespace, kind and name.
func (k Key) Compare(other Key) int {
	return cmp.Or(cmp.Compare(k.Namespace, other.Namespace), cmp.Compare(k.GVK().Kind, other.GVK().Kind), cmp.Compare(k.Name, other.Name))
}
