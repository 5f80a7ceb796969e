package approval

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/internal/voting"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/updater/move"
	"github.com/garboard-dev/garboard/updater/report"
	"github.com/garboard-dev/garboard/updater/rollout"
)

// updateFor is the update that proposes a move. Its name tells it from all others, so
// that two updaters, or one that starts anew, make the same.
func (s *Stage) updateFor(m *move.Move) *v1alpha1.ImageUpdate {
	apiVersion, kind := m.Key.GVK().ToAPIVersionAndKind()
	spec := v1alpha1.ImageUpdateSpec{
		WorkloadRef: v1alpha1.WorkloadReference{APIVersion: apiVersion, Kind: kind, Name: m.Key.Name, UID: types.UID(m.Workload.UID())},
		Container:   m.Container, Repository: m.Repository, Policy: m.Rule.Policy.Name(),
		From:          v1alpha1.ImageVersion{Tag: m.From.Tag, Digest: m.From.Digest},
		To:            v1alpha1.ImageVersion{Tag: m.To.Tag, Digest: m.To.Digest},
		VotesRequired: m.Rule.Approvals.Votes,
		Deadline:      metav1.NewTime(s.Clock.Now().Add(m.Rule.Approvals.Deadline)),
	}
	return &v1alpha1.ImageUpdate{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: m.Key.Namespace, Name: voting.UpdateName(&spec),
			OwnerReferences: []metav1.OwnerReference{{APIVersion: apiVersion, Kind: kind, Name: m.Key.Name, UID: spec.WorkloadRef.UID}},
		},
		Spec: spec,
	}
}

// propose makes an update, and tells people. Another updater may have made it.
func (s *Stage) propose(ctx context.Context, m *move.Move, u *v1alpha1.ImageUpdate) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
	defer cancel()
	u.Labels = s.labelsOf(ctx, m)
	err := s.Client.Create(ctx, u, client.FieldOwner(rollout.FieldManager))
	if apierrors.IsAlreadyExists(err) {
		return nil // its event is on the way
	}
	if err != nil {
		return fmt.Errorf("creating %q: %w", u.Name, err)
	}
	s.store.add(u)
	if o := s.Workloads.Get(ctx, m.Key); o != nil {
		about := report.About{Key: m.Key, Object: o, Channels: m.Rule.Notify}
		candidate := report.Candidate{Container: m.Container, Image: m.Image, To: m.To, ReleaseNotes: m.Rule.ReleaseNotes}
		s.Report.Proposed(about, candidate, u.Name, int(m.Rule.Approvals.Votes), u.Spec.Deadline.Time)
	}
	return nil
}

// labelsOf are the labels of a workload, by which people select updates; none where it
// cannot be read.
func (s *Stage) labelsOf(ctx context.Context, m *move.Move) map[string]string {
	o := &metav1.PartialObjectMetadata{}
	o.SetGroupVersionKind(m.Key.GVK())
	if s.Live.Get(ctx, m.Key.NamespacedName, o) != nil || string(o.UID) != m.Workload.UID() {
		return nil
	}
	return o.Labels
}

// carriedFrom names the update that waits for votes now, if they are to count for the
// next one; empty if none does. One whose time is over does not wait, whether the updater
// has noted that or not.
func (s *Stage) carriedFrom(m *move.Move) string {
	if m.Rule.Approvals.Carry != settings.CarryPatch {
		return ""
	}
	uid := types.UID(m.Workload.UID())
	for _, u := range s.store.ofWorkload(uid) {
		waits := voting.PhaseOf(u) == v1alpha1.PhasePending && !s.Clock.Now().After(voting.Deadline(u))
		if waits && s.carries(u, uid, m.Container, m.Repository, m.To.Tag) {
			return u.Name
		}
	}
	return ""
}

// supersede ends the other updates of a container that wait for votes: what was voted on
// there is not what is proposed now. One that was approved goes on, unless another digest
// is behind its tag by now. An approved version that is moved to while people vote on a
// newer one ends nothing of that.
func (s *Stage) supersede(ctx context.Context, m *move.Move, by *v1alpha1.ImageUpdate) {
	for _, u := range s.store.ofWorkload(types.UID(m.Workload.UID())) {
		phase := voting.PhaseOf(u)
		waits := phase == v1alpha1.PhasePending || phase == v1alpha1.PhaseApproved && u.Spec.To.Tag == m.To.Tag
		newer := by.Status.Phase == v1alpha1.PhaseApproved && u.Spec.To.Tag != m.To.Tag && m.Rule.Policy.Moves(m.To.Tag, u.Spec.To.Tag)
		if u.Name == by.Name || u.Spec.Container != m.Container || !waits || newer || !hasOwnName(u) {
			continue
		}
		next := s.ending(u, v1alpha1.PhaseSuperseded, reasonNewer, m.To.String()+" is proposed instead")
		if err := s.write(ctx, u, next); err != nil {
			log.FromContext(ctx).Info("superseding an update failed", "update", u.Name, "namespace", u.Namespace, "error", reasonOf(err))
		}
	}
}

// remove deletes an update, unless it is another one by now.
func (s *Stage) remove(ctx context.Context, u *v1alpha1.ImageUpdate) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
	defer cancel()
	err := s.Client.Delete(ctx, u.DeepCopy(), client.Preconditions{UID: &u.UID})
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("deleting %q: %w", u.Name, err)
	}
	s.store.drop(u)
	return nil
}

// reasonOf puts an error of the API server in a word: its text may quote the object.
func reasonOf(err error) string {
	if reason := apierrors.ReasonForError(err); reason != metav1.StatusReasonUnknown {
		return "the API server refused it (" + string(reason) + ")"
	}
	return "the API server did not take it"
}
