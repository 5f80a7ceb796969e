package updater

import (
	"context"
	"encoding/json"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/garboard-dev/garboard/internal/workload"
)

// fieldManager names the updater as the writer of bumps.
const fieldManager = "garboard-updater"

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
	if why := stopped(o); why != "" {
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
	text := targets.String()
	if text == before.BumpText() {
		text += "," // one that was stored past admission counts only if it differs
	}
	patch := client.RawPatch(types.MergePatchType, bumpPatch(kind, o.GetUID(), text))
	var after *workload.Object
	var answer *unstructured.Unstructured
	for _, dry := range []bool{true, false} {
		answer = empty(kind)
		answer.SetNamespace(o.GetNamespace())
		answer.SetName(o.GetName())
		options := []client.PatchOption{client.FieldOwner(fieldManager)}
		if u.Kinds.Custom(kind) {
			options = append(options, strictly)
		}
		if dry {
			options = append(options, client.DryRunAll)
		}
		if err := explained(u.Client.Patch(ctx, answer, patch, options...)); err != nil {
			u.refused(ctx, o, moves, dry, err)
			return bumpFailed
		}
		var ok bool
		if after, ok = u.Kinds.FromMap(answer.Object); !ok {
			return bumpFailed
		}
		if done := u.movedBy(ctx, o, moves, before, after, dry); done != bumpMoved {
			return done
		}
		if why := stopped(answer); dry && why != "" {
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
	// By the kind of error: its text may differ with every try.
	u.said.once(o.GetUID(), "", string(apierrors.ReasonForError(err)), func() {
		u.say(o, "", eventWarning, ReasonFailed, "bumping: %v", err)
		u.tell(o, moves[0].Rule.Notify, LevelWarn, ReasonFailed, "could not be updated: "+err.Error(), nil)
	})
	u.blocked(moves, WaitFailed, "the update was refused")
	log.FromContext(ctx).Error(err, "bumping", "workload", o.GetName(), "namespace", o.GetNamespace(), "dryRun", dry)
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
	logger.V(1).Info("admission moved nothing")
	return bumpIdle
}

// moved tells of a move that was made, and watches what comes of it.
func (u *Updater) moved(o, answer *unstructured.Unstructured, before, after *workload.Object, moves []Move) {
	key := moves[0].key
	u.said.clear(o.GetUID(), "")
	for _, m := range moves {
		u.said.clear(o.GetUID(), m.Container)
	}
	made := changes(before, after)
	moves = madeOf(moves, made, after)
	r := &rollout{
		uid: answer.GetUID(), generation: answer.GetGeneration(), changes: made, moves: moves,
		terms: termsOf(moves[0].Rule), began: u.Clock.Now(), placed: true,
	}
	for i := range moves {
		moves[i].Workload, moves[i].Rule = nil, nil // thousands may be watched at once
	}
	u.Metrics.rollout(rolloutStarted)
	u.say(o, "", eventNormal, ReasonUpdated, "%s", toldOf(made))
	u.tell(o, r.terms.channels, LevelInfo, ReasonUpdated, toldOf(made), made)
	for _, m := range moves {
		u.book.note(key, m.Container, func(s *Standing) {
			s.State, s.Newest, s.Reason, s.Message = StateRolling, m.To.String(), "", ""
		})
	}
	u.rollouts.begin(key, r)
	u.checks.Add(key) // the cache may have it already
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
			all = append(all, Change{Container: key, From: from, To: to, written: slot.Image})
		}
	}
	return all
}

// bumpPatch is a merge patch of the one annotation. The UID is a
// precondition: an object that was created anew meanwhile is not the one that
// was decided about. Sent twice, it moves nothing the second time.
func bumpPatch(kind workload.Kind, uid types.UID, text string) []byte {
	patch := map[string]any{"metadata": map[string]any{"uid": string(uid)}}
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
