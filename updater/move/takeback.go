package move

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/updater/report"
	"github.com/garboard-dev/garboard/updater/rollout"
	"github.com/garboard-dev/garboard/updater/watched"
)

// Why a rollout that failed is not taken back.
var (
	// errMovedOn: what would be taken back is not there any more, or is not asked for.
	errMovedOn = errors.New("the workload has been written since")
	// errSameText: nothing in the template tells the two images apart.
	errSameText = errors.New("the image is written as before the move")
	// errNeverHealthy: nothing is known to have been healthy.
	errNeverHealthy = errors.New("no earlier version is known to have been healthy")
	// errNotAsked and errDeclined: admission did not make the way back.
	errNotAsked = errors.New("admission was not asked: is the webhook installed and running?")
	errDeclined = errors.New("admission did not do it: is --updater-account of the webhook the updater's?")
)

// TakeBack takes a rollout back. That is a bump: admission writes the images that were
// healthy last, and holds what is left. done is false if another try may do it.
func (s *Mover) TakeBack(ctx context.Context, key watched.Key, r *rollout.Rollout) (done bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), bumpTimeout)
	defer cancel()
	live := watched.Empty(key.GVK())
	live.SetNamespace(key.Namespace)
	live.SetName(key.Name)
	before, after, terms, err := s.restore(ctx, live, r)
	about := report.About{Key: key, Object: live, Channels: terms.Channels}
	switch {
	case errors.Is(err, errMovedOn) || apierrors.IsNotFound(err):
		s.Report.LeftAlone(ctx, key, err)
		return true
	case errors.Is(err, errNeverHealthy) || errors.Is(err, errSameText):
		s.Report.NotTakenBack(ctx, about, r, err)
		return true
	case err != nil:
		s.Report.NotTakenBack(ctx, about, r, err)
		return false
	}
	back := imageChanges(before, after)
	s.Report.TakenBack(ctx, about, back)
	s.Rollouts.Begin(key, &rollout.Rollout{
		UID: live.GetUID(), Generation: live.GetGeneration(), Others: rollout.Others(live), Changes: back, Back: true, Began: s.Clock.Now(),
	})
	return true
}

// restore asks admission for the images that were healthy last, unless another writer
// has written the workload since. It reads into live what is there, and what is stored.
func (s *Mover) restore(ctx context.Context, live *unstructured.Unstructured, r *rollout.Rollout) (before, after *workload.Object, terms rollout.Terms, err error) {
	if err := s.Live.Get(ctx, client.ObjectKeyFromObject(live), live); err != nil {
		return nil, nil, terms, fmt.Errorf("reading it: %w", err)
	}
	before, ok := s.Workloads.Kinds.FromMap(live.DeepCopy().Object)
	namespace, err := s.Workloads.Namespace(ctx, live.GetNamespace())
	if _, ours := rollout.Ours(live, r.Others); !ok || err != nil || !ours || live.GetUID() != r.UID || !r.Stands(before) || !namespace.Enabled() {
		return nil, nil, terms, errMovedOn
	}
	_, read := s.Workloads.Settings(ctx, before, namespace)
	if terms, ok = r.Terms(before, read); !ok || !terms.TakeBack {
		return nil, nil, terms, errMovedOn
	}
	to, err := s.formerOf(live, before, read, r)
	if err != nil {
		return nil, nil, terms, err
	}
	text := record.Bump{Back: to}.String()
	if text == before.BumpText() {
		text += ","
	}
	patch := bumpPatch(before.Kind, live.GetUID(), live.GetResourceVersion(), text, false)
	for _, dry := range []bool{true, false} {
		if after, err = s.patch(ctx, live, before.Kind, patch, dry); err != nil {
			return nil, nil, terms, err
		}
		if err := s.tookBack(after, text, to); err != nil {
			return nil, nil, terms, err
		}
	}
	return before, after, terms, nil
}

// tookBack reads from the answer to a way back whether admission made it.
func (s *Mover) tookBack(after *workload.Object, text string, to record.Record) error {
	if after.BumpText() == text {
		return errNotAsked
	}
	for _, slot := range after.Slots() {
		want, asked := to[slot.Key()]
		if !asked {
			continue
		}
		reference, err := resolver.ParseReference(slot.Image)
		last, _ := record.StateOf(after)[slot.Key()].Last()
		answered, _ := record.ParseResult(last.Result) // another webhook may rewrite the image
		if err != nil || !want.Agrees(answered) && !want.Agrees(record.Named(reference)) {
			return errDeclined
		}
	}
	return nil
}

// formerOf are the results that the containers of a rollout go back to: of each the
// last that was healthy.
func (s *Mover) formerOf(live *unstructured.Unstructured, o *workload.Object, read *settings.Settings, r *rollout.Rollout) (record.Record, error) {
	key := watched.NewKey(o.Kind.GroupVersionKind, live.GetNamespace(), live.GetName())
	to, reason := record.Record{}, errNeverHealthy
	state := record.StateOf(o)
	for _, slot := range o.Slots() {
		if !r.Moved(slot.Key()) || !read.Rule(slot).Governed() {
			continue
		}
		healthy, known := s.Report.Healthy(key, slot.Key())
		if !known {
			healthy, known = record.ParseResult(state[slot.Key()].Healthy)
		}
		reference, err := resolver.ParseReference(slot.Image)
		if err != nil || !known {
			continue
		}
		if healthy.Tag == reference.TagOrLatest() && (reference.Digest == "" || healthy.Digest == reference.Digest) {
			reason = errSameText
			continue
		}
		to[slot.Key()] = healthy
	}
	if len(to) == 0 {
		return nil, reason
	}
	return to, nil
}
