package workload

import "k8s.io/apimachinery/pkg/util/validation"

// What Helm puts on the objects that it installs.
const (
	helmManagedBy = "app.kubernetes.io/managed-by" // a label
	helmName      = "meta.helm.sh/release-name"
	helmNamespace = "meta.helm.sh/release-namespace"
)

// helmKeys are the keys of labels and annotations that name a release.
var helmKeys = map[string]bool{helmManagedBy: true, helmName: true, helmNamespace: true}

// maxRelease is the longest name that Helm gives a release.
const maxRelease = 53

// HelmRelease returns the name of the Helm release that installed an object of
// the namespace. ok is false where none did, or one of another namespace: what
// every writer may write on a workload must not lead to Secrets of others.
func (o *Object) HelmRelease(namespace string) (name string, ok bool) {
	name = Text(o.Annotations()[helmName])
	if Text(o.Labels()[helmManagedBy]) != "Helm" || Text(o.Annotations()[helmNamespace]) != namespace ||
		len(name) > maxRelease || len(validation.IsDNS1123Subdomain(name)) > 0 {
		return "", false
	}
	return name, true
}

// ReleaseSettings are what a Helm release says of its objects. Package settings makes
// and reads them.
type ReleaseSettings interface {
	// Weight is about how many bytes they take in memory.
	Weight() int
}

// Release returns what WithRelease gave the object; nil for nothing.
func (o *Object) Release() ReleaseSettings { return o.release }

// WithRelease returns the object with what its Helm release says, which is read after
// all other settings.
func (o *Object) WithRelease(r ReleaseSettings) *Object {
	with := *o
	with.release = r
	return &with
}
