package updater

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/updater/report"
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
	about := moves[0].about(o)
	if why := rollout.Stopped(o); why != "" {
		u.report.Stopped(about, candidatesOf(moves), why)
		return bumpStopped
	}
	ctx, span := u.span(ctx, "bump", attribute.String("k8s.namespace.name", o.GetNamespace()),
		attribute.String("garboard.object.kind", kind.GroupVersionKind.Kind), attribute.String("garboard.object.name", o.GetName()))
	defer span.End()
	began := u.Clock.Now()
	targets := record.Record{}
	for _, m := range moves {
		targets[m.Container] = m.To
	}
	if h := rollout.Read(o); h.Complete() && u.watcher.Unfinished(moves[0].key, h) == nil {
		u.report.Learn(moves[0].key) // though its time is not over
	}
	ask := record.Bump{Targets: targets, Healthy: u.healthyOf(moves[0].key, before)}
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
			u.report.Refused(ctx, about, candidatesOf(moves), dry, err)
			return bumpFailed
		}
		if done := u.movedBy(ctx, o, moves, before, after, dry); done != bumpMoved {
			return done
		}
		if dry && u.strays(o, moves, after) {
			u.report.Unmoved(ctx, about, dry)
			return bumpIdle
		}
		if why := rollout.Stopped(answer); dry && why != "" {
			u.report.Stopped(about, candidatesOf(moves), why)
			return bumpStopped
		}
	}
	made := u.moved(o, answer, before, after, moves)
	u.report.Moved(ctx, about, candidatesOf(moves), candidatesOf(made), changes(before, after), u.Clock.Since(began))
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

// movedBy reads from the answer to a bump whether admission moved an image.
func (u *Updater) movedBy(ctx context.Context, o *unstructured.Unstructured, moves []Move, before, after *workload.Object, dry bool) bumped {
	if len(changes(before, after)) > 0 {
		return bumpMoved
	}
	about := moves[0].about(o)
	if after.BumpText() != "" {
		// Admission takes every bump off; this one has not been there.
		u.report.Bypassed(ctx, about, candidatesOf(moves), dry)
		return bumpFailed
	}
	u.report.Unmoved(ctx, about, dry)
	u.declined(o, moves, after)
	return bumpIdle
}

// declined tells of a bump that admission took off without a move, where nothing else
// explains it: not one that was found a while ago, since another may be the newest by
// now, and not one that another writer made meanwhile.
func (u *Updater) declined(o *unstructured.Unstructured, moves []Move, after *workload.Object) {
	for _, m := range moves {
		if u.Clock.Since(m.found) <= outdatedAfter && after.ImageOf(m.Container) == m.Image {
			u.report.Declined(m.about(o), m.candidate(), "admission took the bump off and moved nothing: is --updater-account of the webhook the updater's, and does no other webhook put the image back?")
		}
	}
}

// strays tells of a bump by which admission would move the rest of a canary's set past
// the version that has soaked.
func (u *Updater) strays(o *unstructured.Unstructured, moves []Move, after *workload.Object) bool {
	strays := false
	for _, m := range moves {
		if m.Rule.Canary.Follows() && after.ImageOf(m.Container) != m.Image && !record.Of(after)[m.Container].Agrees(m.To) {
			strays = true
			u.report.Declined(m.about(o), m.candidate(), "admission would move it to another version than the one that goes first: is --updater-account of the webhook the updater's?")
		}
	}
	return strays
}

// moved watches what comes of a bump, and returns the moves as admission made them.
func (u *Updater) moved(o, answer *unstructured.Unstructured, before, after *workload.Object, moves []Move) []Move {
	key := moves[0].key
	made := changes(before, after)
	h := rollout.Read(o)
	r := &rollout.Rollout{
		UID: answer.GetUID(), Generation: answer.GetGeneration(), Others: rollout.Others(answer), Began: u.Clock.Now(),
		Changes: unfinished(u.watcher.Unfinished(key, h), made, after), Before: u.baseline(key, h, moves),
	}
	moves = madeOf(moves, made, after)
	u.pace.hold(key, placeOf(key.Namespace, repositoriesOf(moves)...)) // a former rollout may have given it back
	u.places.take(key, r)
	u.watcher.Begin(key, r)
	return moves
}

// madeOf are the moves as admission made them, which may be fewer, and to others
// than were asked for. At least one is left: something moved, and only what was
// asked for can.
func madeOf(asked []Move, made []report.Change, after *workload.Object) []Move {
	record := record.Of(after)
	var moves []Move
	for _, m := range asked {
		if !slices.ContainsFunc(made, func(c report.Change) bool { return c.Container == m.Container }) {
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
func changes(before, after *workload.Object) []report.Change {
	was, recorded, records := map[string]string{}, record.Of(before), record.Of(after)
	for _, slot := range before.Slots() {
		was[slot.Key()] = slot.Image
	}
	var all []report.Change
	for _, slot := range after.Slots() {
		key := slot.Key()
		from, to := was[key], slot.Image
		if from == to && records[key].Digest != "" && records[key] != recorded[key] {
			to += "@" + records[key].Digest
		}
		if from != to {
			all = append(all, report.Change{Container: key, From: from, To: to, Written: slot.Image})
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
