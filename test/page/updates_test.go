package page_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/internal/voting"
)

// create does what an API server does with a new object: it knows who asks, and when.
func create(ctx context.Context, c client.WithWatch, o client.Object, options ...client.CreateOption) error {
	if review, ok := o.(*authenticationv1.SelfSubjectReview); ok {
		review.Status.UserInfo.Username = "ada@example.com"
		return nil
	}
	if o.GetUID() == "" {
		o.SetCreationTimestamp(metav1.Now())
	}
	return c.Create(ctx, o, options...)
}

// someUpdates are moves that wait for approvals, and one that was rejected: a digest that
// moved, one that has a vote, and fifty of one team.
func someUpdates() []client.Object {
	all := make([]client.Object, 0, 54)
	add := func(namespace, name, from, to, digest string) *v1alpha1.ImageUpdate {
		u := &v1alpha1.ImageUpdate{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, UID: types.UID("uid-" + name), CreationTimestamp: metav1.NewTime(began)},
			Spec: v1alpha1.ImageUpdateSpec{
				WorkloadRef: v1alpha1.WorkloadReference{APIVersion: "apps/v1", Kind: "Deployment", Name: name, UID: "uid"}, Container: "app",
				Repository: "registry.example.com/" + namespace + "/" + name, From: v1alpha1.ImageVersion{Tag: from}, To: v1alpha1.ImageVersion{Tag: to, Digest: digest},
				Policy: "minor", VotesRequired: 2, Deadline: metav1.NewTime(began.Add(24 * time.Hour)),
			},
			Status: v1alpha1.ImageUpdateStatus{Phase: v1alpha1.PhasePending},
		}
		all = append(all, u)
		return u
	}
	voted := add("billing", "gateway", "2.4.0", "2.5.1", "")
	voted.Status.Approvals = 1
	voted.Status.Voters = []v1alpha1.Voter{{Name: "grace@example.com", Verdict: v1alpha1.VerdictApprove, Time: metav1.NewTime(began), Comment: "ran on staging since Monday"}}
	staged := add("production", "orders", "1.6.0", "1.7.2", "")
	staged.Spec.Container, staged.Spec.Repository = "orders", ours+"shop/orders"
	add("shop", "checkout", "3.1.0", "3.1.0", "sha256:"+strings.Repeat("4f", 32)).Spec.Policy = "force"
	rejected := add("billing", "ledger", "5.2.0", "5.3.0", "")
	rejected.Status.Phase, rejected.Status.DecidedAt = v1alpha1.PhaseRejected, &metav1.Time{Time: began.Add(time.Minute)}
	rejected.Status.Voters = []v1alpha1.Voter{{Name: "grace@example.com", Verdict: v1alpha1.VerdictReject, Time: metav1.NewTime(began), Comment: "breaks the export"}}
	for i := range 50 {
		add("tools", fmt.Sprintf("tool-%02d", i), "1.2.0", "1.3.0", "")
	}
	return all
}

// count does what the updater does: it writes down whose votes count.
func (w *world) count(ctx context.Context) error {
	votes, updates := &v1alpha1.ImageUpdateVoteList{}, &v1alpha1.ImageUpdateList{}
	if err := errors.Join(w.client.List(ctx, votes), w.client.List(ctx, updates)); err != nil {
		return err
	}
	for i := range updates.Items {
		update := &updates.Items[i]
		if update.Status.Phase != v1alpha1.PhasePending {
			continue
		}
		counted := voting.Count(update, votes.Items, time.Time{})
		if len(counted.Voters) == 0 {
			continue
		}
		update.Status.Voters, update.Status.Approvals, update.Status.Rejections = counted.Voters, counted.Approvals, counted.Rejections
		if err := w.client.Update(ctx, update); err != nil {
			return err
		}
	}
	return nil
}
