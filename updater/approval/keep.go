package approval

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/internal/voting"
	"github.com/garboard-dev/garboard/internal/voting/enforcement"
	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/updater/report"
	"github.com/garboard-dev/garboard/updater/rollout"
	"github.com/garboard-dev/garboard/updater/watched"
)

// Work looks at the next update. It returns false at the end.
func (s *Stage) Work(ctx context.Context) bool {
	name, shutdown := s.Queue.Get()
	if shutdown {
		return false
	}
	defer s.Queue.Done(name)
	if ctx.Err() == nil {
		s.keep(ctx, name)
	}
	return ctx.Err() == nil
}

// keep brings the status of an update up to date, once all votes are known.
func (s *Stage) keep(ctx context.Context, name types.NamespacedName) {
	if s.why() != "" {
		return
	}
	u := s.store.get(name)
	if u == nil {
		s.sweepStray(ctx, name)
		return
	}
	if !s.Owns(u.Spec.Repository) || !hasOwnName(u) {
		return
	}
	s.sweep(ctx, u)
	key, w, c := s.container(ctx, u)
	if w == nil {
		return // the API server deletes it with its workload
	}
	next, again := s.next(ctx, u, key, w, c)
	if !sameStatus(u.Status, next) {
		if err := s.write(ctx, u, next); err != nil {
			if !apierrors.IsConflict(err) && !apierrors.IsNotFound(err) { // its event is on the way
				log.FromContext(ctx).Error(nil, "writing the status of an update failed", "update", u.Name, "namespace", u.Namespace, "error", reasonOf(err))
			}
			s.Queue.AddAfter(name, lookAgain)
			return
		}
		s.tell(u, key, w, c, next)
	}
	if again > 0 {
		s.Queue.AddLater(name, again)
	}
	if next.EndedAt != nil {
		s.prune(ctx, u.Spec.WorkloadRef.UID)
	}
}

// container is what an update is about: its workload as it is now, nil where that is gone,
// and its container, nil where that is not governed.
func (s *Stage) container(ctx context.Context, u *v1alpha1.ImageUpdate) (watched.Key, *watched.Workload, *watched.Container) {
	ref := u.Spec.WorkloadRef
	key := watched.NewKey(schema.FromAPIVersionAndKind(ref.APIVersion, ref.Kind), u.Namespace, ref.Name)
	o := s.Workloads.Get(ctx, key)
	if o == nil || o.GetUID() != ref.UID {
		return key, nil, nil
	}
	w, ok := s.Workloads.Govern(ctx, o)
	if !ok {
		return key, &watched.Workload{Stored: o}, nil
	}
	for _, c := range w.Containers() {
		if c.Slot.Key() == u.Spec.Container && c.Reference.Repository.String() == u.Spec.Repository {
			return key, &w, &c
		}
	}
	return key, &w, nil
}

// next is the status of an update, and after how long to look again; 0 for when something
// happens.
func (s *Stage) next(ctx context.Context, u *v1alpha1.ImageUpdate, key watched.Key, w *watched.Workload, c *watched.Container) (v1alpha1.ImageUpdateStatus, time.Duration) {
	to := resultOf(u)
	runs := c != nil && c.Running.Tag == to.Tag && c.Running.Agrees(to)
	switch phase := voting.PhaseOf(u); {
	case isOver(phase) && phase != v1alpha1.PhaseFailed:
		return u.Status, 0
	case phase == v1alpha1.PhaseRollingOut || phase == v1alpha1.PhaseFailed:
		return s.outcome(u, key, w, c, runs)
	case runs && phase == v1alpha1.PhaseApproved:
		return s.ending(u, v1alpha1.PhaseRollingOut, reasonRolling, "its Pods are being replaced"), time.Second
	case voting.MayReopen(phase) && (runs || c == nil):
		return u.Status, 0
	case runs:
		return s.ending(u, v1alpha1.PhaseSuperseded, reasonElsewhere, "another writer moved the workload to it"), 0
	case c == nil && (w.Settings == nil || len(w.Settings.Faults) > 0):
		return u.Status, 0 // its namespace may come back, and a slip be mended
	case c == nil || c.Rule.Approvals.Votes == 0:
		if voting.MayReopen(phase) {
			return u.Status, 0
		}
		return s.ending(u, v1alpha1.PhaseSuperseded, reasonNotAsked, "the workload asks for no approvals any more"), 0
	case !voting.MayReopen(phase) && !c.Rule.Policy.Moves(c.Running.Tag, to.Tag) && c.Running.Tag != to.Tag:
		return s.ending(u, v1alpha1.PhaseSuperseded, reasonElsewhere, "the workload runs "+c.Running.String()+" by now"), 0
	}
	since, err := s.enforced(ctx)
	if unread(err) && u.Status.Phase != "" {
		return u.Status, lookAgain
	}
	next := s.count(u, c.Rule.Approvals.Votes, since, err)
	switch {
	case err != nil:
		return next, lookAgain
	case next.Phase == v1alpha1.PhasePending && next.Deadline != nil:
		return next, max(next.Deadline.Sub(s.Clock.Now())+time.Second, time.Second)
	default:
		return next, 0
	}
}

// unread reports whether an error of Enforced is that nothing could be read, which says
// nothing of the votes.
func unread(err error) bool {
	var fault *enforcement.Fault
	return err != nil && !errors.As(err, &fault)
}

// outcome is the status of an update whose move was made.
func (s *Stage) outcome(u *v1alpha1.ImageUpdate, key watched.Key, w *watched.Workload, c *watched.Container, runs bool) (v1alpha1.ImageUpdateStatus, time.Duration) {
	if !runs {
		if object, ok := s.Workloads.Kinds.FromMap(w.Stored.Object); ok {
			if held, is := record.HoldsOf(object)[u.Spec.Container]; is && held.Tag == u.Spec.To.Tag {
				return s.ending(u, v1alpha1.PhaseRolledBack, reasonRolledBack, "the workload went back, and the version is held"), 0
			}
		}
		if voting.PhaseOf(u) == v1alpha1.PhaseFailed {
			return u.Status, 0
		}
		return s.ending(u, v1alpha1.PhaseSuperseded, reasonElsewhere, "another writer moved the workload on"), 0
	}
	state := s.Report.StateOf(key, c.Slot.Key())
	health := rollout.Read(w.Stored)
	switch {
	case state == report.StateFailed:
		return s.ending(u, v1alpha1.PhaseFailed, reasonFailed, "its Pods did not become healthy"), 0
	case state == report.StateRolling:
		return u.Status, lookAgain
	case health.Phase == rollout.Failed && voting.PhaseOf(u) == v1alpha1.PhaseFailed:
		return u.Status, 0
	case state == report.StateUnknown && health.Phase != rollout.Healthy:
		return u.Status, lookAgain
	default:
		return s.ending(u, v1alpha1.PhaseSucceeded, reasonHealthy, "the workload runs it"), 0
	}
}

// write writes the status of an update, unless another one was written since.
func (s *Stage) write(ctx context.Context, u *v1alpha1.ImageUpdate, status v1alpha1.ImageUpdateStatus) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
	defer cancel()
	after := u.DeepCopy()
	after.Status = status
	patch := client.MergeFromWithOptions(u, client.MergeFromWithOptimisticLock{})
	if err := s.Client.Status().Patch(ctx, after, patch, client.FieldOwner(rollout.FieldManager)); err != nil {
		return fmt.Errorf("writing the status of %q: %w", u.Name, err)
	}
	return nil
}

// tell tells people of what was decided.
func (s *Stage) tell(u *v1alpha1.ImageUpdate, key watched.Key, w *watched.Workload, c *watched.Container, next v1alpha1.ImageUpdateStatus) {
	if c == nil {
		return
	}
	now := len(c.Rule.After) > 0 && goesNow(&next, c.Rule.Approvals.Votes)
	if voting.PhaseOf(u) == next.Phase && (!now || goesNow(&u.Status, c.Rule.Approvals.Votes)) {
		return
	}
	about := report.About{Key: key, Object: w.Stored, Channels: c.Rule.Notify}
	candidate := report.Candidate{Container: c.Slot.Key(), Image: c.Slot.Image, To: resultOf(u)}
	switch next.Phase {
	case v1alpha1.PhaseApproved:
		by := approverNames(next.Voters)
		if now {
			by += ", to be moved to without its time in " + settings.AfterText(c.Rule.After)
		}
		s.Report.Approved(about, candidate, by)
	case v1alpha1.PhaseRejected:
		s.Report.Rejected(about, candidate, rejecterNames(next.Voters))
	case v1alpha1.PhaseExpired:
		s.Report.ApprovalExpired(about, candidate, u.Name)
	}
}

// prune deletes the updates of a workload that ended too long ago, or are too many.
func (s *Stage) prune(ctx context.Context, workload types.UID) {
	var past []*v1alpha1.ImageUpdate
	for _, u := range s.store.ofWorkload(workload) {
		if hasEnded(u) && hasOwnName(u) && s.Owns(u.Spec.Repository) {
			past = append(past, u)
		}
	}
	slices.SortStableFunc(past, func(a, b *v1alpha1.ImageUpdate) int { return b.Status.EndedAt.Compare(a.Status.EndedAt.Time) })
	for i, u := range past {
		if i < MaxHistory && s.Clock.Since(u.Status.EndedAt.Time) <= s.History {
			continue
		}
		if err := s.remove(ctx, u); err != nil {
			log.FromContext(ctx).Info("deleting an update failed", "update", u.Name, "namespace", u.Namespace, "error", reasonOf(err))
		}
	}
}
