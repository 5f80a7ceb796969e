package updater

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/updater/rollout"
	"github.com/garboard-dev/garboard/updater/watched"
)

// bumped is what became of a bump.
type bumped int

const (
	// bumpFailed: the API server did not take it, or admission was not asked.
	bumpFailed bumped = iota
	// bumpIdle: admission moves nothing.
	bumpIdle
	// bumpMoved: an image moved.
	bumpMoved
	// bumpStopped: the workload takes nothing new until its state changes.
	bumpStopped
)

// bump asks admission to resolve again: first as a dry run, and only where that
// moves an image for real. A webhook that is away so causes no rollout. What has
// begun is finished, whoever ends the process.
func (u *Updater) bump(ctx context.Context, o *unstructured.Unstructured, before *workload.Object, moves []Move) bumped {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), bumpTimeout)
	defer cancel()
	kind := before.Kind
	if why := rollout.Stopped(o); why != "" {
		u.stopped(o, moves, why)
		return bumpStopped
	}
	ctx, span := u.span(ctx, "bump", attribute.String("k8s.namespace.name", o.GetNamespace()),
		attribute.String("garboard.object.kind", kind.GroupVersionKind.Kind), attribute.String("garboard.object.name", o.GetName()))
	defer span.End()
	began := u.Clock.Now()
	targets := workload.Record{}
	for _, m := range moves {
		targets[m.Container] = m.To
	}
	if h := rollout.Read(o); h.Complete() && u.watcher.Unfinished(moves[0].key, h) == nil {
		u.book.learn(moves[0].key) // though its time is not over
	}
	ask := workload.Bump{Targets: targets, Healthy: u.healthyOf(moves[0].key, before)}
	text := ask.String()
	if text == before.BumpText() {
		text += "," // one that was stored past admission counts only if it differs
	}
	patch := bumpPatch(kind, o.GetUID(), "", text)
	var after *workload.Object
	answer := watched.Empty(kind.GroupVersionKind)
	answer.SetNamespace(o.GetNamespace())
	answer.SetName(o.GetName())
	for _, dry := range []bool{true, false} {
		var err error
		if after, err = u.patch(ctx, answer, kind, patch, dry); err != nil {
			u.refused(ctx, o, moves, dry, err)
			return bumpFailed
		}
		if done := u.movedBy(ctx, o, moves, before, after, dry); done != bumpMoved {
			return done
		}
		if dry && u.strays(o, moves, after) {
			u.Metrics.bumps.WithLabelValues(outcomeUnmoved).Inc()
			return bumpIdle
		}
		if why := rollout.Stopped(answer); dry && why != "" {
			u.stopped(o, moves, why)
			return bumpStopped
		}
	}
	u.Metrics.bumps.WithLabelValues(outcomeMoved).Inc()
	u.moved(o, answer, before, after, moves)
	log.FromContext(ctx).Info("bumped", "kind", kind.GroupVersionKind.GroupKind().String(), "namespace", o.GetNamespace(),
		"workload", o.GetName(), "images", toldOf(changes(before, after)), "durationSeconds", u.Clock.Since(began).Seconds())
	return bumpMoved
}

// patch sends a bump, and returns the workload as it is answered, which is read into
// answer.
func (u *Updater) patch(ctx context.Context, answer *unstructured.Unstructured, kind workload.Kind, patch []byte, dry bool) (*workload.Object, error) {
	options := []client.PatchOption{client.FieldOwner(rollout.FieldManager)}
	if u.Kinds.Custom(kind) {
		options = append(options, strictly)
	}
	if dry {
		options = append(options, client.DryRunAll)
	}
	got := watched.Empty(kind.GroupVersionKind)
	got.SetNamespace(answer.GetNamespace())
	got.SetName(answer.GetName())
	if err := explained(u.Client.Patch(ctx, got, client.RawPatch(types.MergePatchType, patch), options...)); err != nil {
		return nil, err
	}
	after, ok := u.Kinds.FromMap(got.Object)
	if !ok {
		return nil, errNoWorkload
	}
	got.DeepCopyInto(answer)
	return after, nil
}

// errNoWorkload is an answer of another kind than was asked for.
var errNoWorkload = errors.New("the answer is no workload")

// stopped tells of a workload that takes nothing new. It is tried again when its
// state changes.
func (u *Updater) stopped(o *unstructured.Unstructured, moves []Move, why string) {
	u.Metrics.bumps.WithLabelValues(outcomeStopped).Inc()
	for _, m := range moves {
		u.wait(o, m, Verdict{Reason: WaitStopped, Message: why + ": it is used once that is over, or by the next apply"})
	}
}

// refused tells of a bump that the API server did not take.
func (u *Updater) refused(ctx context.Context, o *unstructured.Unstructured, moves []Move, dry bool, err error) {
	u.Metrics.bumps.WithLabelValues(outcomeFailed).Inc()
	why := explain(err)
	// By the kind of error: its text may differ with every try.
	u.said.once(o.GetUID(), "", string(apierrors.ReasonForError(err)), func() {
		u.say(o, "", eventWarning, ReasonFailed, "bumping: %s", why)
		u.tell(o, moves[0].Rule.Notify, LevelWarn, ReasonFailed, "could not be updated: "+why, nil)
	})
	u.blocked(moves, WaitFailed, "the update was refused")
	log.FromContext(ctx).Error(nil, "bumping failed", "workload", o.GetName(), "namespace", o.GetNamespace(), "dryRun", dry, "error", why)
}

// movedBy reads from the answer to a bump whether admission moved an image.
func (u *Updater) movedBy(ctx context.Context, o *unstructured.Unstructured, moves []Move, before, after *workload.Object, dry bool) bumped {
	if len(changes(before, after)) > 0 {
		return bumpMoved
	}
	logger := log.FromContext(ctx).WithValues("workload", o.GetName(), "namespace", o.GetNamespace(), "dryRun", dry)
	if after.BumpText() != "" {
		// Admission takes every bump off; this one has not been there.
		u.Metrics.bumps.WithLabelValues(outcomeBypassed).Inc()
		const why = "a newer image is allowed, but admission was not asked: is the webhook installed and running?"
		u.said.once(o.GetUID(), "", outcomeBypassed, func() {
			u.say(o, "", eventWarning, ReasonFailed, why)
			u.tell(o, moves[0].Rule.Notify, LevelWarn, ReasonFailed, why, nil)
		})
		u.blocked(moves, WaitAdmission, "admission was not asked")
		logger.Info("admission was not asked about the bump")
		return bumpFailed
	}
	u.Metrics.bumps.WithLabelValues(outcomeUnmoved).Inc()
	u.declined(o, moves, after)
	logger.V(1).Info("admission moved nothing")
	return bumpIdle
}

// declined tells of a bump that admission took off without a move, where nothing else
// explains it: not one that was found a while ago, since another may be the newest by
// now, and not one that another writer made meanwhile.
func (u *Updater) declined(o *unstructured.Unstructured, moves []Move, after *workload.Object) {
	for _, m := range moves {
		if u.Clock.Since(m.found) <= outdatedAfter && after.ImageOf(m.Container) == m.Image {
			u.unmoved(o, m, "admission took the bump off and moved nothing: is --updater-account of the webhook the updater's, and does no other webhook put the image back?")
		}
	}
}

// strays tells of a bump by which admission would move the rest of a canary's set past
// the version that has soaked.
func (u *Updater) strays(o *unstructured.Unstructured, moves []Move, after *workload.Object) bool {
	strays := false
	for _, m := range moves {
		if m.Rule.Canary.Follows() && after.ImageOf(m.Container) != m.Image && !after.Record()[m.Container].Agrees(m.To) {
			strays = true
			u.unmoved(o, m, "admission would move it to another version than the one that goes first: is --updater-account of the webhook the updater's?")
		}
	}
	return strays
}

// unmoved tells once why a bump comes to nothing.
func (u *Updater) unmoved(o *unstructured.Unstructured, m Move, why string) {
	u.blocked([]Move{m}, WaitDeclined, why)
	u.said.once(o.GetUID(), m.Container, WaitDeclined+m.To.String(), func() {
		u.say(o, "/"+m.Container, eventWarning, ReasonFailed, "%s: %s stays, and not %s: %s", m.Container, m.Image, m.To, why)
		u.tell(o, m.Rule.Notify, LevelWarn, ReasonFailed, m.Container+": "+why, nil)
	})
}

// moved tells of a move that was made, and watches what comes of it.
func (u *Updater) moved(o, answer *unstructured.Unstructured, before, after *workload.Object, moves []Move) {
	key := moves[0].key
	u.said.clear(o.GetUID(), "")
	for _, m := range moves {
		u.said.clear(o.GetUID(), m.Container)
	}
	made := changes(before, after)
	h := rollout.Read(o)
	r := &rollout.Rollout{
		UID: answer.GetUID(), Generation: answer.GetGeneration(), Others: rollout.Others(answer), Began: u.Clock.Now(),
		Changes: unfinished(u.watcher.Unfinished(key, h), made, after), Before: u.baseline(key, h, moves),
	}
	channels, moves := moves[0].Rule.Notify, madeOf(moves, made, after)
	u.Metrics.rollout(rolloutStarted)
	text := toldOf(made) + releaseNotesOf(moves)
	u.say(o, "", eventNormal, ReasonUpdated, "%s", text)
	u.tell(o, channels, LevelInfo, ReasonUpdated, text, made)
	for _, m := range moves {
		u.book.note(key, m.Container, func(s *Standing) {
			s.State, s.Newest, s.Reason, s.Message = StateRolling, m.To.String(), "", ""
		})
	}
	u.pace.hold(key, placeOf(key.Namespace, repositoriesOf(moves)...)) // a former rollout may have given it back
	u.places.take(key, r)
	u.watcher.Begin(key, r)
}

// madeOf are the moves as admission made them, which may be fewer, and to others
// than were asked for. At least one is left: something moved, and only what was
// asked for can.
func madeOf(asked []Move, made []Change, after *workload.Object) []Move {
	record := after.Record()
	var moves []Move
	for _, m := range asked {
		if !slices.ContainsFunc(made, func(c Change) bool { return c.Container == m.Container }) {
			continue
		}
		if to, known := record[m.Container]; known {
			m.To = to
		}
		moves = append(moves, m)
	}
	if len(moves) == 0 {
		return slices.Clone(asked)
	}
	return moves
}

// changes lists the images that differ, and the digests that differ behind a
// tag that stays.
func changes(before, after *workload.Object) []Change {
	was, recorded, records := map[string]string{}, before.Record(), after.Record()
	for _, slot := range before.Slots() {
		was[slot.Key()] = slot.Image
	}
	var all []Change
	for _, slot := range after.Slots() {
		key := slot.Key()
		from, to := was[key], slot.Image
		if from == to && records[key].Digest != "" && records[key] != recorded[key] {
			to += "@" + records[key].Digest
		}
		if from != to {
			all = append(all, Change{Container: key, From: from, To: to, Written: slot.Image})
		}
	}
	return all
}

// bumpPatch is a merge patch of the one annotation. The UID is a
// precondition: an object that was created anew meanwhile is not the one that
// was decided about. So is the version, where one is given. Sent twice, it moves
// nothing the second time.
func bumpPatch(kind workload.Kind, uid types.UID, version, text string) []byte {
	metadata := map[string]any{"uid": string(uid)}
	if version != "" {
		metadata["resourceVersion"] = version
	}
	patch := map[string]any{"metadata": metadata}
	at := patch
	for _, key := range kind.Template {
		next := map[string]any{}
		at[key], at = next, next
	}
	at["metadata"] = map[string]any{"annotations": map[string]any{workload.AnnotationBump: text}}
	data, err := json.Marshal(patch)
	if err != nil { // maps of strings always marshal
		return nil
	}
	return data
}
