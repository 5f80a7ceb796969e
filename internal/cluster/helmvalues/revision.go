package helmvalues

import (
	"context"
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// What Helm writes on the Secrets of releases
// (helm.sh/helm/v4/pkg/storage/driver).
const (
	secretType   = "helm.sh/release.v1" //nolint:gosec // a type, and no secret
	ownerLabel   = "owner"
	ownerHelm    = "helm"
	nameLabel    = "name"
	statusLabel  = "status"
	versionLabel = "version"
)

// inUse are the statuses of revisions whose objects are in the cluster or on
// their way to it: Helm writes a revision as pending before it applies anything,
// and as failed, superseded or uninstalled afterwards.
func inUse() []string {
	return []string{"deployed", "pending-install", "pending-upgrade", "pending-rollback"}
}

// maxRevisions bounds what one release makes us look at. Two of a release are in
// use while Helm upgrades it, and few more where it was killed meanwhile.
const maxRevisions = 32

// revision is one of a release, as it was at a moment.
type revision struct {
	number  int
	uid     types.UID
	version string // of the Secret
}

// secret is the name of the revision's Secret.
func (v revision) secret(release string) string {
	return fmt.Sprintf("sh.helm.release.v1.%s.v%d", release, v.number)
}

func (v revision) String() string { return fmt.Sprintf("%d/%s/%s", v.number, v.uid, v.version) }

// newest returns the newest revision of a release that is in use.
func (r *Reader) newest(ctx context.Context, release types.NamespacedName) (newest revision, found bool, failed *Error) {
	from, ok := r.lister()
	if !ok {
		return revision{}, false, newError(Unavailable, release, nil)
	}
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("SecretList"))
	selector, err := selectorOf(release.Name)
	if err == nil {
		err = from.List(ctx, list, client.InNamespace(release.Namespace), client.MatchingLabelsSelector{Selector: selector}, client.Limit(maxRevisions))
	}
	switch {
	case apierrors.IsForbidden(err):
		return revision{}, false, newError(Forbidden, release, err)
	case err != nil:
		return revision{}, false, newError(Unavailable, release, err)
	case len(list.Items) >= maxRevisions:
		return revision{}, false, newError(TooMany, release, nil)
	}
	for i := range list.Items {
		item := &list.Items[i]
		number, err := strconv.Atoi(item.Labels[versionLabel])
		v := revision{number: number, uid: item.UID, version: item.ResourceVersion}
		if err == nil && item.Name == v.secret(release.Name) && (!found || number > newest.number) {
			newest, found = v, true
		}
	}
	return newest, found, nil
}

// selectorOf selects the Secrets of a release's revisions that are in use.
func selectorOf(release string) (labels.Selector, error) {
	selector := labels.NewSelector()
	for key, values := range map[string][]string{ownerLabel: {ownerHelm}, nameLabel: {release}, statusLabel: inUse()} {
		requirement, err := labels.NewRequirement(key, selection.In, values)
		if err != nil {
			return nil, fmt.Errorf("selecting the Secrets of Helm release %q: %w", release, err)
		}
		selector = selector.Add(*requirement)
	}
	return selector, nil
}
