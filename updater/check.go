package updater

import (
	"context"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/updater/move"
	"github.com/garboard-dev/garboard/updater/report"
	"github.com/garboard-dev/garboard/updater/watched"
)

// check decides about the containers of one workload that use the round's
// repository. Those that move are handed on to the gates; the error is the
// registry's.
func (u *Updater) check(ctx context.Context, r *round, key watched.Key, o *unstructured.Unstructured) error {
	w, ok := u.workloads.Govern(ctx, o)
	if !ok {
		return nil
	}
	object, read, results, about := w.Object, w.Settings, record.Of(w.Object), report.About{Key: key, Object: o}
	placed := sync.OnceValue(func() []resolver.Platform { return u.Placement.Required(ctx, object) })
	var failure error
	var found []move.Move
	for _, slot := range from(object.Slots(), r.rest.container) {
		rule := read.Rule(slot)
		reference, ok := governed(slot.Image, rule, results[slot.Key()])
		if !ok || rule.Trigger == settings.TriggerPush && !r.all || reference.Repository != r.repository {
			continue
		}
		running := runs(reference, results[slot.Key()], rule)
		query := r.query(rule, running, reference.Digest != "")
		query.Sharing = len(object.Slots())
		if query.Platforms == nil && u.Placement != nil {
			query.Platforms = placed()
		}
		if u.Credentials != nil {
			query.Credentials = u.Credentials.Of(o.GetNamespace(), object, slot, rule)
		}
		now := u.Clock.Now()
		if r.ends(ctx, now, slot) {
			break
		}
		u.mark(r.repository, now)
		resolution, err := u.resolve(ctx, query)
		if r.ends(ctx, now, slot) {
			break // what came back is no answer of the registry
		}
		if err == nil && resolution.Err == nil {
			u.tracker.read(r.repository, key, groupOf(ctx, query), r.since)
		}
		switch {
		case err != nil:
			failure = err
			u.report.Unavailable(about, slot, err)
		case moved(running, resolution):
			found = append(found, move.Move{
				Key: key, Container: slot.Key(), Repository: r.repository, Image: slot.Image,
				From: running, To: record.Result{Tag: resolution.Tag, Digest: resolution.Digest}, Found: r.since,
			})
		default:
			u.mover.Stays(key, slot.Key())
			u.report.Stayed(about, slot, resolution)
		}
		// A tag that does not exist is its workload's fault, and no reason to
		// poll the repository less for all others.
		if resolution.Err != nil && resolution.Reason != resolver.StayNotInList {
			failure = resolution.Err
		}
		r.answered = r.answered || err == nil && resolution.Err == nil && query.ReadsRegistry()
		u.ripens(r.repository, resolution.Ripens)
		u.report.Checked(key, slot.Key(), r.since)
	}
	if len(found) > 0 {
		r.moves = true
		u.mover.Found(key, r.received, found...)
	}
	return failure
}

// groupOf names the credentials that a query is asked with, in their order: those
// that have the same read a repository together.
func groupOf(ctx context.Context, q resolver.Query) string {
	if q.Credentials == nil {
		return "none"
	}
	found, _ := q.Credentials.For(ctx, q.Repository) // the resolver tells what is missing
	names := make([]string, 0, len(found)+1)
	for _, credential := range found {
		names = append(names, credential.Identity())
	}
	return strings.Join(append(names, "none"), "\n")
}
