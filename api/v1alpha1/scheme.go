package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Group is the API group.
const Group = "garboard.dev"

// The kinds, as owner references and manifests spell them.
const (
	ImageUpdateKind     = "ImageUpdate"
	ImageUpdateVoteKind = "ImageUpdateVote"
)

// SchemeGroupVersion is the group and the version of this package.
var SchemeGroupVersion = schema.GroupVersion{Group: Group, Version: "v1alpha1"} //nolint:gochecknoglobals // the generated apply configurations name it

// AddToScheme adds the types to a scheme.
func AddToScheme(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(SchemeGroupVersion, &ImageUpdate{}, &ImageUpdateList{}, &ImageUpdateVote{}, &ImageUpdateVoteList{})
	metav1.AddToGroupVersion(scheme, SchemeGroupVersion)
	return nil
}
