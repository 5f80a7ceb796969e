package enforcement

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// LeaseName is that of the Lease in Garboard's namespace that tells since when policies
// that were changed have been as they are: since it was made. The date is the API server's,
// as those of votes are, and no user can write it.
const LeaseName = "garboard-approvals"

// notes is how often the Lease is tried to be made: another replica may do so as well.
const notes = 3

// versions tell apart whatever the policies and bindings have been.
type versions struct {
	text string
	// changed: one was changed since it was made. Its creationTimestamp says nothing then.
	changed bool
}

// add takes in an object. The API server counts each change of a spec in the generation,
// and makes it 1 where the object is made.
func (v *versions) add(object string, meta *metav1.ObjectMeta) {
	v.text += fmt.Sprintf("%s %s %d\n", object, meta.UID, meta.Generation)
	v.changed = v.changed || meta.Generation > 1
}

func (v *versions) hash() string {
	sum := sha256.Sum256([]byte(v.text))
	return hex.EncodeToString(sum[:16])
}

// notedSince returns when policies that were changed were first seen as they are. The first
// caller that may write Leases notes it.
func (p *Policies) notedSince(ctx context.Context, v *versions) (time.Time, error) {
	if p.Leases == nil {
		return time.Time{}, &Fault{"lease/" + LeaseName, "cannot be written, since Garboard's own namespace is not known"}
	}
	for range notes {
		lease, err := p.Leases.Get(ctx, LeaseName, metav1.GetOptions{})
		switch {
		case err == nil && ptr.Deref(lease.Spec.HolderIdentity, "") == v.hash():
			return lease.CreationTimestamp.Time, nil
		case err != nil && !apierrors.IsNotFound(err):
			return time.Time{}, fmt.Errorf("reading lease %q: %w", LeaseName, err)
		case p.ReadOnly:
			return time.Time{}, &Fault{"lease/" + LeaseName, "does not tell yet since when the policies, which were changed, are as they are"}
		}
		if err == nil {
			if err := p.forget(ctx, lease); err != nil {
				return time.Time{}, err
			}
		}
		lease, err = p.Leases.Create(ctx, &coordinationv1.Lease{
			ObjectMeta: metav1.ObjectMeta{Name: LeaseName}, Spec: coordinationv1.LeaseSpec{HolderIdentity: ptr.To(v.hash())},
		}, metav1.CreateOptions{})
		if err == nil {
			return lease.CreationTimestamp.Time, nil
		}
		if !apierrors.IsAlreadyExists(err) {
			return time.Time{}, fmt.Errorf("creating lease %q: %w", LeaseName, err)
		}
	}
	return time.Time{}, fmt.Errorf("creating lease %q: other replicas do so all the time", LeaseName)
}

// forget deletes the Lease of what the policies were, unless another replica has.
func (p *Policies) forget(ctx context.Context, lease *coordinationv1.Lease) error {
	err := p.Leases.Delete(ctx, LeaseName, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &lease.UID}})
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
		return fmt.Errorf("deleting lease %q: %w", LeaseName, err)
	}
	return nil
}
