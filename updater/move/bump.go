package move

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/record"
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

// bump asks admission to resolve again. What has begun is finished, even if the process
// is ended.
func (s *Mover) bump(ctx context.Context, o *unstructured.Unstructured, before *workload.Object, moves []Move) bumped {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), bumpTimeout)
	defer cancel()
	kind := before.Kind
	about := moves[0].about(o)
	if why := rollout.Stopped(o); why != "" {
		s.Report.Stopped(about, candidatesOf(moves), why)
		return bumpStopped
	}
	ctx, span := s.Tracer.Start(ctx, "bump", trace.WithAttributes(attribute.String("k8s.namespace.name", o.GetNamespace()),
		attribute.String("garboard.object.kind", kind.GroupVersionKind.Kind), attribute.String("garboard.object.name", o.GetName())))
	defer span.End()
	began := s.Clock.Now()
	if h := rollout.Read(o); h.Complete() && s.Rollouts.Unfinished(moves[0].Key, h) == nil {
		s.Report.Learn(moves[0].Key) // though its time is not over
	}
	answer := watched.Empty(kind.GroupVersionKind)
	answer.SetNamespace(o.GetNamespace())
	answer.SetName(o.GetName())
	after, result := s.ask(ctx, o, before, moves, answer)
	if result == bumpIdle {
		s.trust.doubt(o.GetUID(), s.Clock.Now())
	}
	if result != bumpMoved {
		return result
	}
	made := imageChanges(before, after)
	done := madeOf(moves, made, after)
	// It is told before it is watched: what comes of it is told after that.
	s.Report.Moved(ctx, about, candidatesOf(moves), candidatesOf(done), made, s.Clock.Since(began))
	s.begin(o, answer, made, after, done)
	return bumpMoved
}

// bumpText is what a bump says. One that was stored past admission counts only if it
// differs.
func (s *Mover) bumpText(before *workload.Object, moves []Move) string {
	targets := record.Record{}
	for _, m := range moves {
		targets[m.Container] = m.To
	}
	ask := record.Bump{Targets: targets, Healthy: s.healthyOf(moves[0].Key, before)}
	text := ask.String()
	if text == before.BumpText() {
		text += ","
	}
	return text
}

// ask sends a bump, and reads into answer the workload as it was stored. Where nothing is
// known of the webhooks that are called, it is sent as a dry run first, and only where
// that moves an image for real. A webhook that is away so causes no rollout; see trust for
// what has that effect without a dry run.
func (s *Mover) ask(ctx context.Context, o *unstructured.Unstructured, before *workload.Object, moves []Move, answer *unstructured.Unstructured) (after *workload.Object, result bumped) {
	text, at := s.bumpText(before, moves), chainOf(before)
	if s.trust.holds(at, o.GetUID(), s.Clock.Now()) && !slices.ContainsFunc(moves, Move.follows) {
		after, err := s.patch(ctx, answer, before.Kind, bumpPatch(before.Kind, o.GetUID(), "", text, true), false)
		if !leftByAdmission(err) {
			result = s.judge(ctx, o, before, after, moves, err, false)
			if result == bumpIdle { // stored all the same: another webhook put the image back
				s.trust.lose(at)
			}
			return after, result
		}
		s.trust.lose(at) // the dry run shows why
	}
	patch := bumpPatch(before.Kind, o.GetUID(), "", text, false)
	for _, dry := range []bool{true, false} {
		var err error
		after, err = s.patch(ctx, answer, before.Kind, patch, dry)
		if result = s.judge(ctx, o, before, after, moves, err, dry); result != bumpMoved {
			return after, result
		}
		if why := rollout.Stopped(answer); dry && why != "" {
			s.Report.Stopped(moves[0].about(o), candidatesOf(moves), why)
			return after, bumpStopped
		}
	}
	// The answers of custom kinds may say that a rollout has stopped.
	if !s.Workloads.Kinds.Custom(before.Kind) {
		s.trust.gain(at, s.Clock.Now())
	}
	return after, bumpMoved
}

// judge reads from the answer to a bump what became of it, and tells of one that moves
// nothing.
func (s *Mover) judge(ctx context.Context, o *unstructured.Unstructured, before, after *workload.Object, moves []Move, err error, dry bool) bumped {
	about := moves[0].about(o)
	if err != nil {
		s.Report.Refused(ctx, about, candidatesOf(moves), dry, err)
		return bumpFailed
	}
	if done := s.movedBy(ctx, o, moves, before, after, dry); done != bumpMoved {
		return done
	}
	if dry && s.strays(o, moves, after) {
		s.Report.Unmoved(ctx, about, dry)
		return bumpIdle
	}
	return bumpMoved
}

// patch sends a bump, and returns the workload as it is answered, which is read into
// answer.
func (s *Mover) patch(ctx context.Context, answer *unstructured.Unstructured, kind workload.Kind, patch []byte, dry bool) (*workload.Object, error) {
	options := []client.PatchOption{client.FieldOwner(rollout.FieldManager)}
	if s.Workloads.Kinds.Custom(kind) {
		options = append(options, strictly)
	}
	if dry {
		options = append(options, client.DryRunAll)
	}
	got := watched.Empty(kind.GroupVersionKind)
	got.SetNamespace(answer.GetNamespace())
	got.SetName(answer.GetName())
	if err := explainRefusal(s.Client.Patch(ctx, got, client.RawPatch(types.MergePatchType, patch), options...)); err != nil {
		return nil, err
	}
	after, ok := s.Workloads.Kinds.FromMap(got.Object)
	if !ok {
		return nil, errNoWorkload
	}
	answer.Object = got.Object // which is read only, as after is
	return after, nil
}

// errNoWorkload is an answer of another kind than was asked for.
var errNoWorkload = errors.New("the answer is no workload")

// movedBy reads from the answer to a bump whether admission moved an image.
func (s *Mover) movedBy(ctx context.Context, o *unstructured.Unstructured, moves []Move, before, after *workload.Object, dry bool) bumped {
	if len(imageChanges(before, after)) > 0 {
		return bumpMoved
	}
	about := moves[0].about(o)
	if after.BumpText() != "" {
		// Admission takes every bump off; this one has not been there.
		s.Report.Bypassed(ctx, about, candidatesOf(moves), dry)
		return bumpFailed
	}
	s.Report.Unmoved(ctx, about, dry)
	s.declined(o, moves, after)
	return bumpIdle
}

// declined tells of a bump that admission took off without a move, where nothing else
// explains it: not one that was found a while ago, since another may be the newest by
// now, and not one that another writer made meanwhile.
func (s *Mover) declined(o *unstructured.Unstructured, moves []Move, after *workload.Object) {
	for _, m := range moves {
		if s.Clock.Since(m.Found) <= outdatedAfter && after.ImageOf(m.Container) == m.Image {
			s.Report.Declined(m.about(o), m.candidate(), "admission took the bump off and moved nothing: is --updater-account of the webhook the updater's, and does no other webhook put the image back?")
		}
	}
}

// strays tells of a bump by which admission would move the rest of a canary's set past
// the version that has soaked.
func (s *Mover) strays(o *unstructured.Unstructured, moves []Move, after *workload.Object) bool {
	strays := false
	for _, m := range moves {
		if m.follows() && after.ImageOf(m.Container) != m.Image && !record.Of(after)[m.Container].Agrees(m.To) {
			strays = true
			s.Report.Declined(m.about(o), m.candidate(), "admission would move it to another version than the one that goes first: is --updater-account of the webhook the updater's?")
		}
	}
	return strays
}

// begin has a rollout watched: made are the changes of a bump, moves those that admission
// made.
func (s *Mover) begin(before, answer *unstructured.Unstructured, made []rollout.Change, after *workload.Object, moves []Move) {
	key, h := moves[0].Key, rollout.Read(before)
	r := &rollout.Rollout{
		UID: answer.GetUID(), Generation: answer.GetGeneration(), Others: rollout.Others(answer), Began: s.Clock.Now(),
		Changes: addUnfinished(s.Rollouts.Unfinished(key, h), made, after), Before: s.baseline(key, h, moves),
	}
	s.Resumed(key, r, repositoriesOf(moves)...) // a former rollout may have given its place back
	s.Rollouts.Begin(key, r)
}

// madeOf are the moves as admission made them, which may be fewer, and to others
// than were asked for. At least one is left: something moved, and only what was
// asked for can.
func madeOf(asked []Move, made []rollout.Change, after *workload.Object) []Move {
	results := record.Of(after)
	var moves []Move
	for _, m := range asked {
		if !slices.ContainsFunc(made, func(c rollout.Change) bool { return c.Container == m.Container }) {
			continue
		}
		if to, known := results[m.Container]; known {
			m.To = to
		}
		moves = append(moves, m)
	}
	if len(moves) == 0 {
		return slices.Clone(asked)
	}
	return moves
}

// imageChanges lists the images that differ, and the digests that differ behind a
// tag that stays.
func imageChanges(before, after *workload.Object) []rollout.Change {
	was, recorded, records := map[string]string{}, record.Of(before), record.Of(after)
	for _, slot := range before.Slots() {
		was[slot.Key()] = slot.Image
	}
	var all []rollout.Change
	for _, slot := range after.Slots() {
		key := slot.Key()
		from, to := was[key], slot.Image
		if from == to && records[key].Digest != "" && records[key] != recorded[key] {
			to += "@" + records[key].Digest
		}
		if from != to {
			all = append(all, rollout.Change{Container: key, From: from, To: to, Written: slot.Image})
		}
	}
	return all
}

// bumpPatch is a merge patch of the one annotation, and of AnnotationOnlyIfMoved beside it
// where the API server is to refuse a bump that moves nothing. The UID is a
// precondition: an object that was created anew meanwhile is not the one that
// was decided about. So is the version, where one is given. Sent twice, it moves
// nothing the second time.
func bumpPatch(kind workload.Kind, uid types.UID, version, text string, onlyIfMoved bool) []byte {
	metadata := map[string]any{"uid": string(uid)}
	if onlyIfMoved {
		metadata["annotations"] = map[string]any{workload.AnnotationOnlyIfMoved: "true"}
	}
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
