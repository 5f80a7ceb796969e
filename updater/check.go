package updater

import (
	"context"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/resolver/policy"
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
	object, settings, record := w.Object, w.Settings, w.Object.Record()
	placed := sync.OnceValue(func() []resolver.Platform { return u.Placement.Required(ctx, object) })
	var failure error
	var found []Move
	for _, slot := range from(object.Slots(), r.rest.container) {
		rule := settings.Rule(slot)
		reference, ok := governed(slot.Image, rule, record[slot.Key()])
		if !ok || rule.Trigger == workload.TriggerPush && !r.all || reference.Repository != r.repository {
			continue
		}
		running := runs(reference, record[slot.Key()], rule)
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
			u.said.once(o.GetUID(), slot.Key(), "unavailable", func() { u.failed(o, slot, err) })
			u.unknown(key, slot, err)
		case moved(running, resolution):
			found = append(found, Move{
				key: key, Container: slot.Key(), Repository: r.repository, Image: slot.Image,
				From: running, To: workload.Result{Tag: resolution.Tag, Digest: resolution.Digest}, found: r.since,
			})
		default:
			u.pending.drop(key, slot.Key())
			u.stay(key, o, slot, resolution)
		}
		// A tag that does not exist is its workload's fault, and no reason to
		// poll the repository less for all others.
		if resolution.Err != nil && resolution.Reason != resolver.StayNotInList {
			failure = resolution.Err
		}
		r.answered = r.answered || err == nil && resolution.Err == nil && query.ReadsRegistry()
		u.ripens(r.repository, resolution.Ripens)
		u.checked(key, slot, r)
	}
	if len(found) > 0 {
		u.found(r, key, found)
	}
	return failure
}

// found has the moves of a workload tried. They are added at once: a worker that tries
// the workload meanwhile would bump it for the first container alone, and once more for
// the others. Who stands in the pace's line is woken when
// its turn comes, and without news there is no more to say of it: to try thousands with
// each poll would keep the workers from those whose turn it is.
func (u *Updater) found(r *round, key watched.Key, moves []Move) {
	r.moves = true
	news := u.pending.add(key, r.received, moves...)
	for _, m := range moves {
		news = news || !u.book.is(key, m.Container, StatePending)
	}
	switch {
	case r.pushed:
		u.moves.AddUrgent(key)
	case news || !u.pace.waits(key):
		u.moves.Add(key)
	}
}

// checked notes when a container was looked at.
func (u *Updater) checked(key watched.Key, slot workload.Slot, r *round) {
	u.book.note(key, slot.Key(), func(s *Standing) { s.Checked = r.since })
}

// unknown notes that a registry did not answer.
func (u *Updater) unknown(key watched.Key, slot workload.Slot, err error) {
	u.book.note(key, slot.Key(), func(s *Standing) {
		s.State, s.Reason, s.Message = StateUnknown, ReasonUnavailable, resolver.Summary(err)
	})
}

// stay tells once why a workload does not move, unless it is where it should
// be.
func (u *Updater) stay(key watched.Key, o *unstructured.Unstructured, slot workload.Slot, r resolver.Resolution) {
	u.book.note(key, slot.Key(), func(s *Standing) { s.stays(r) })
	if r.Warning == "" && (r.Reason == policy.StayNewest || r.Reason == policy.StayNever) {
		u.said.clear(o.GetUID(), slot.Key())
		return
	}
	u.said.once(o.GetUID(), slot.Key(), string(r.Reason)+r.Warning+r.Preferred(), func() { u.stayed(o, slot, r) })
}

// waits are the reasons to stay while there is something newer.
var waits = map[policy.Reason]string{
	resolver.StayHeld: WaitHeld, resolver.StayNoPlatform: WaitPlatform, resolver.StayTooYoung: WaitTooYoung,
}

// stays takes the resolution of a container that does not move.
func (s *Standing) stays(r resolver.Resolution) {
	s.Newest = workload.Result{Tag: r.Tag, Digest: r.Digest}.String()
	if reason, waiting := waits[r.Reason]; waiting {
		s.State, s.Reason, s.Message = StatePending, reason, r.Why()
		if len(r.Passed) > 0 {
			s.Newest = r.Passed[0].Tag
		}
		return
	}
	if s.State != StateRolling && s.State != StateFailed {
		s.State = StateCurrent
	}
	if s.State == StateCurrent {
		s.Reason, s.Message = "", ""
		if r.Reason != policy.StayNewest {
			s.Reason, s.Message = string(r.Reason), r.Why()
		}
		if r.Warning != "" {
			s.Message = r.Warning
		}
	}
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
