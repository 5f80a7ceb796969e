package updater

import (
	"context"
	"encoding/json"

	"go.opentelemetry.io/otel/attribute"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/keelson-dev/keelson/internal/workload"
)

// fieldManager names the updater as the writer of bumps.
const fieldManager = "keelson-updater"

// bump asks admission to resolve again: first as a dry run, and only where
// that moves an image for real. A webhook that is away so causes no rollout.
func (u *Updater) bump(ctx context.Context, o *unstructured.Unstructured, kind workload.Kind, targets workload.Record) {
	ctx, cancel := context.WithTimeout(ctx, bumpTimeout)
	defer cancel()
	ctx, span := u.span(ctx, "bump", attribute.String("k8s.namespace.name", o.GetNamespace()),
		attribute.String("keelson.object.kind", kind.GroupVersionKind.Kind), attribute.String("keelson.object.name", o.GetName()))
	defer span.End()
	began := u.Clock.Now()
	before, ok := u.Kinds.FromMap(o.Object)
	if !ok {
		return
	}
	text := targets.String()
	if text == before.BumpText() {
		text += "," // one that was stored past admission counts only if it differs
	}
	patch := client.RawPatch(types.MergePatchType, bumpPatch(kind, o.GetUID(), text))
	for _, dry := range []bool{true, false} {
		answer := empty(kind)
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
			u.Metrics.bumps.WithLabelValues(outcomeFailed).Inc()
			// By the kind of error: its text may differ with every try.
			u.said.once(o.GetUID(), "", string(apierrors.ReasonForError(err)), func() { u.bumpFailed(o, err) })
			log.FromContext(ctx).Error(err, "bumping", "workload", o.GetName(), "namespace", o.GetNamespace(), "dryRun", dry)
			return
		}
		after, ok := u.Kinds.FromMap(answer.Object)
		if !ok || !u.movedBy(ctx, o, before, after, dry) {
			return
		}
		if why := stopped(answer); dry && why != "" {
			u.Metrics.bumps.WithLabelValues(outcomeStopped).Inc()
			u.said.once(o.GetUID(), "", why, func() { u.waits(o, why) })
			return
		}
		if !dry {
			u.Metrics.bumps.WithLabelValues(outcomeMoved).Inc()
			u.said.clear(o.GetUID(), "")
			for container := range targets {
				u.said.clear(o.GetUID(), container)
			}
			u.updated(o, before, after)
			log.FromContext(ctx).Info("bumped", "kind", kind.GroupVersionKind.GroupKind().String(), "namespace", o.GetNamespace(),
				"workload", o.GetName(), "images", told(before, after), "durationSeconds", u.Clock.Since(began).Seconds())
		}
	}
}

// movedBy reads from the answer to a bump whether admission moved an image.
func (u *Updater) movedBy(ctx context.Context, o *unstructured.Unstructured, before, after *workload.Object, dry bool) bool {
	if len(changes(before, after)) > 0 {
		return true
	}
	logger := log.FromContext(ctx).WithValues("workload", o.GetName(), "namespace", o.GetNamespace(), "dryRun", dry)
	if after.BumpText() != "" {
		// Admission takes every bump off; this one has not been there.
		u.Metrics.bumps.WithLabelValues(outcomeBypassed).Inc()
		u.said.once(o.GetUID(), "", outcomeBypassed, func() { u.bypassed(o) })
		logger.Info("admission was not asked about the bump")
		return false
	}
	u.Metrics.bumps.WithLabelValues(outcomeUnmoved).Inc()
	logger.V(1).Info("admission moved nothing")
	return false
}

// change is one image that moved.
type change struct{ container, from, to string }

// changes lists the images that differ, and the digests that differ behind a
// tag that stays.
func changes(before, after *workload.Object) []change {
	was, recorded, records := map[string]string{}, before.Record(), after.Record()
	for _, slot := range before.Slots() {
		was[slot.Key()] = slot.Image
	}
	var all []change
	for _, slot := range after.Slots() {
		key := slot.Key()
		from, to := was[key], slot.Image
		if from == to && records[key].Digest != "" && records[key] != recorded[key] {
			to += "@" + records[key].Digest
		}
		if from != to {
			all = append(all, change{key, from, to})
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
