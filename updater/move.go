package updater

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/updater/watched"
)

// A move that the API server does not take is tried again after tryAgain, then
// twice as late each time: what refuses one workload must not take all workers.
const (
	tryAgain    = 30 * time.Second
	maxTryAgain = 10 * time.Minute
	// outdatedAfter is when what a poll found is looked up again before it is judged.
	outdatedAfter = time.Minute
)

// workMoves tries the moves of the next workload. It returns false at the end.
func (u *Updater) workMoves(ctx context.Context) bool {
	key, shutdown := u.moves.Get()
	if shutdown {
		return false
	}
	defer u.moves.Done(key)
	if ctx.Err() == nil {
		u.try(ctx, key)
	}
	return ctx.Err() == nil
}

// try makes the moves of a workload that all gates let through, in one bump.
func (u *Updater) try(ctx context.Context, key watched.Key) {
	ready, o, pushed := u.through(ctx, key)
	ctx, done, ready := u.beginAll(ctx, key, ready)
	defer done()
	if len(ready) == 0 {
		u.pace.quit(key) // it may have been called from the line
		return
	}
	at := placeOf(key.Namespace, repositoriesOf(ready)...)
	if verdict := u.pace.enter(key, at, !pushed.IsZero()); !verdict.Open() {
		for _, m := range ready {
			u.report.Waits(m.about(o), m.candidate(), verdict.Reason, verdict.Message)
		}
		return
	}
	result := u.bump(ctx, o, ready[0].Workload, ready)
	if result != bumpFailed {
		u.pending.took(key)
	}
	switch result {
	case bumpMoved:
		if !pushed.IsZero() {
			u.report.PushFollowed(u.Clock.Since(pushed))
		}
		u.pending.done(key, ready...)
		return // it leaves once its outcome is known
	case bumpIdle:
		u.pending.done(key, ready...)
		u.outdated(ready)
	case bumpFailed:
		u.moves.AddAfter(key, u.pending.failed(key, u.Clock.Now()))
	}
	if !u.places.taken(key) { // by a former move
		u.pace.leave(key)
	}
}

// outdated has the registry asked again about moves that admission does not make:
// one that waited for long may not be allowed any more, and another may be. What was
// found a moment ago is left to the next poll.
func (u *Updater) outdated(moves []Move) {
	now := u.Clock.Now()
	for _, m := range moves {
		if now.Sub(m.found) > outdatedAfter {
			u.ripens(m.Repository, now)
			u.polls.Add(m.Repository)
		}
	}
}

// through returns the moves of a workload that all gates let through, by what it
// is now, and when a registry told of one.
func (u *Updater) through(ctx context.Context, key watched.Key) (ready []Move, o *unstructured.Unstructured, pushed time.Time) {
	waiting, pushed := u.pending.of(key)
	if len(waiting) == 0 {
		return nil, nil, pushed
	}
	w, ok := u.workloads.Governed(ctx, key)
	if !ok {
		u.pending.forget(key)
		return nil, nil, pushed
	}
	o = w.Stored
	if r := u.watcher.Of(key); r != nil && r.UID == o.GetUID() && o.GetGeneration() < r.Generation {
		return nil, o, pushed // the cache is behind the last bump: its next event comes here again
	}
	var again time.Time
	for _, m := range waiting {
		if !renew(&m, w.Object, w.Settings) {
			u.pending.done(key, m) // the next poll tells
			continue
		}
		if !u.owns(m.Repository) {
			u.pending.done(key, m)
			continue
		}
		verdict := u.judge(ctx, &m)
		if verdict.Open() {
			ready = append(ready, m)
			continue
		}
		u.report.Waits(m.about(o), m.candidate(), verdict.Reason, verdict.Message)
		if !verdict.Again.IsZero() && (again.IsZero() || verdict.Again.Before(again)) {
			again = verdict.Again
		}
	}
	if !again.IsZero() {
		u.moves.AddAfter(key, max(again.Sub(u.Clock.Now()), 0))
	}
	return ready, o, pushed
}

// renew gives a move the workload as it is now. ok is false where that runs
// something else by now, or is not governed any more.
func renew(m *Move, object *workload.Object, settings *settings.Settings) (ok bool) {
	for _, slot := range object.Slots() {
		if slot.Key() != m.Container {
			continue
		}
		rule := settings.Rule(slot)
		m.Workload, m.Rule = object, &rule
		return slot.Image == m.Image && m.Rule.Governed()
	}
	return false
}

func repositoriesOf(moves []Move) []string {
	all := make([]string, 0, len(moves))
	for _, m := range moves {
		all = append(all, m.Repository)
	}
	return all
}
