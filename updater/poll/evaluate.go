package poll

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

// evaluate decides about the containers of one workload that use the round's
// repository, and was a user of it before it was read. Those that move are handed on to the
// gates; the error is the registry's.
func (p *Poller) evaluate(ctx context.Context, r *round, was *user, key watched.Key, o *unstructured.Unstructured) error {
	w, ok := p.Workloads.Govern(ctx, o)
	if !ok {
		return nil
	}
	placed := sync.OnceValue(func() []resolver.Platform { return p.Placement.Required(ctx, w.Object) })
	about := report.About{Key: key, Object: o}
	var failure error
	var found []move.Move
	var lists []uint64
	for _, c := range startingAt(w.Containers(), r.rest.container) {
		if c.Reference.Repository.String() != r.repository {
			continue
		}
		if c.Rule.Trigger == settings.TriggerPush && !r.all {
			lists = append(lists, 0)
			continue
		}
		query := r.query(c)
		p.complete(&query, w, c, placed)
		resolution, ended, err := p.promoted(ctx, r, key, c, query)
		if ended {
			break
		}
		if err == nil && resolution.Err == nil {
			p.tracker.read(r.repository, key, groupOf(ctx, query), r.since)
		}
		if moves, next := p.answered(about, c, query, resolution, err); moves {
			next.Found = r.since
			found = append(found, next)
		}
		if err := failureOf(resolution, err); err != nil {
			failure = err
		}
		r.answered = r.answered || err == nil && resolution.Err == nil && query.ReadsRegistry()
		lists = append(lists, resolution.List)
		p.pollAt(r.repository, resolution.OldEnoughAt)
		p.Report.Checked(key, c.Slot.Key(), r.since, resolution.Asked)
		p.date(ctx, key, c, query, resolution)
	}
	if len(found) > 0 {
		r.moves = true
		p.Mover.Found(key, r.pushed, found...)
	}
	p.settle(r, key, was, lists, len(found) > 0)
	return failure
}

// complete adds to a query what the cluster tells: where the Pods may run, and what they
// pull with.
func (p *Poller) complete(q *resolver.Query, w watched.Workload, c watched.Container, placed func() []resolver.Platform) {
	q.Sharing, q.TellAsked, q.Owner = len(w.Object.Slots()), true, w.Stored.GetNamespace()
	if q.Platforms == nil && p.Placement != nil {
		q.Platforms = placed()
	}
	if p.Credentials != nil {
		q.Credentials = &rememberedCredentials{inner: p.Credentials.Of(w.Stored.GetNamespace(), w.Object, c.Slot, c.Rule)}
	}
}

// ask resolves the image of a container. ended: the round is over, and there is no answer
// of the registry.
func (p *Poller) ask(ctx context.Context, r *round, c watched.Container, query resolver.Query) (answer resolver.Resolution, ended bool, err error) {
	now := p.Clock.Now()
	if r.ends(ctx, now, c.Slot.Key()) {
		return answer, true, nil
	}
	p.mark(r.repository, now)
	limited, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	answer, err = p.Resolver.Resolve(limited, query)
	return answer, r.ends(ctx, now, c.Slot.Key()), err
}

// answered takes the answer for a container, and returns its move if it has one.
func (p *Poller) answered(about report.About, c watched.Container, q resolver.Query, answer resolver.Resolution, err error) (moves bool, next move.Move) {
	switch {
	case err != nil:
		p.Report.Unavailable(about, c.Slot, err)
		return false, next
	case !answer.Moved(q):
		p.Mover.Stays(about.Key, c.Slot.Key())
		p.Report.Stayed(about, c.Slot, answer)
		return false, next
	}
	return true, move.Move{
		Key: about.Key, Container: c.Slot.Key(), Repository: c.Reference.Repository.String(), Image: c.Slot.Image,
		From: c.Running, To: record.Result{Tag: answer.Tag, Digest: answer.Digest},
	}
}

// failureOf is what a registry failed with. A tag that does not exist is its workload's
// fault, and no reason to poll the repository less for all others.
func failureOf(answer resolver.Resolution, err error) error {
	if err == nil && answer.Reason != resolver.StayNotInList {
		return answer.Err
	}
	return err
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
