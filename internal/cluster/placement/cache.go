package placement

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// ByObject returns the entry of a manager's cache options, ByObject, that keeps
// nodes without all that is not read here. Taints are no metadata, so that
// whole nodes are watched, but status, images and annotations, which are most
// of a node, are not kept.
func ByObject() (client.Object, cache.ByObject) {
	return &corev1.Node{}, cache.ByObject{Transform: strip}
}

func strip(object any) (any, error) {
	full, ok := object.(*corev1.Node)
	if !ok { // a tombstone
		return object, nil
	}
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name: full.Name, UID: full.UID, ResourceVersion: full.ResourceVersion, Labels: full.Labels,
		},
		Spec: corev1.NodeSpec{Taints: full.Spec.Taints},
	}, nil
}
