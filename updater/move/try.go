package move

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

// bumpTimeout bounds one bump with its dry run.
const bumpTimeout = 30 * time.Second

// Work tries the moves of the next workload. It returns false at the end.
func (s *Mover) Work(ctx context.Context) bool {
	key, shutdown := s.Queue.Get()
	if shutdown {
		return false
	}
	defer s.Queue.Done(key)
	if ctx.Err() == nil {
		s.Try(ctx, key)
	}
	return ctx.Err() == nil
}

// Try makes the moves of a workload that all gates let through, in one bump.
func (s *Mover) Try(ctx context.Context, key watched.Key) {
	moves, o, pushed := s.currentMoves(ctx, key)
	ctx, done, moves := s.beginAll(ctx, key, moves)
	defer done()
	ready := s.movesPastGates(ctx, o, moves)
	if len(ready) == 0 {
		s.pace.quit(key) // it may have been called from the line
		return
	}
	at := placeOf(key.Namespace, repositoriesOf(ready)...)
	if verdict := s.pace.enter(key, at, !pushed.IsZero()); !verdict.Open() {
		for _, m := range ready {
			s.Report.Waits(m.about(o), m.candidate(), verdict.Reason, verdict.Message)
		}
		return
	}
	result := s.bump(ctx, o, ready[0].Workload, ready)
	if result != bumpFailed {
		s.pending.took(key)
	}
	switch result {
	case bumpMoved:
		if !pushed.IsZero() {
			s.Report.PushFollowed(s.Clock.Since(pushed))
		}
		s.pending.done(key, ready...)
		return // it leaves once its outcome is known
	case bumpIdle:
		s.pending.done(key, ready...)
		s.outdated(ready)
	case bumpFailed:
		s.Queue.AddAfter(key, s.pending.failed(key, s.Clock.Now()))
	}
	if !s.places.taken(key) { // by a former move
		s.pace.leave(key)
	}
}

// outdated has the registry asked again about moves that admission does not make:
// one that waited for long may not be allowed any more, and another may be. What was
// found a moment ago is left to the next poll.
func (s *Mover) outdated(moves []Move) {
	now := s.Clock.Now()
	for _, m := range moves {
		if now.Sub(m.Found) > outdatedAfter {
			s.Repoll(m.Repository)
		}
	}
}

// currentMoves returns the moves of a workload as it is now, and when a registry told of
// one.
func (s *Mover) currentMoves(ctx context.Context, key watched.Key) (moves []Move, o *unstructured.Unstructured, pushed time.Time) {
	waiting, pushed := s.pending.of(key)
	if len(waiting) == 0 {
		return nil, nil, pushed
	}
	w, ok := s.Workloads.Governed(ctx, key)
	if !ok {
		s.pending.forget(key)
		return nil, nil, pushed
	}
	o = w.Stored
	if r := s.Rollouts.Of(key); r != nil && r.UID == o.GetUID() && o.GetGeneration() < r.Generation {
		return nil, o, pushed // the cache is behind the last bump: its next event comes here again
	}
	for _, m := range waiting {
		if refreshMove(&m, w.Object, w.Settings) {
			moves = append(moves, m)
		} else {
			s.pending.done(key, m) // the next poll tells
		}
	}
	return moves, o, pushed
}

// refreshMove gives a move the workload as it is now. ok is false if that runs something
// else by now, or is not governed any more.
func refreshMove(m *Move, object *workload.Object, read *settings.Settings) (ok bool) {
	for _, slot := range object.Slots() {
		if slot.Key() != m.Container {
			continue
		}
		rule := read.Rule(slot)
		m.Workload, m.Rule = object, &rule
		return slot.Image == m.Image && m.Rule.Governed()
	}
	return false
}

// beginAll begins the moves whose repositories are ours, and forgets the others: their
// owner finds them by itself.
func (s *Mover) beginAll(ctx context.Context, key watched.Key, moves []Move) (work context.Context, done func(), ours []Move) {
	ends := make([]func(), 0, len(moves))
	for _, m := range moves {
		next, end, ok := s.Ownership.Begin(ctx, m.Repository)
		if !ok {
			s.pending.done(key, m)
			continue
		}
		ctx = next //nolint:fatcontext // one for each repository of a workload
		ends, ours = append(ends, end), append(ours, m)
	}
	return ctx, func() {
		for _, end := range ends {
			end()
		}
	}, ours
}

// movesPastGates returns the moves that all gates let through, and has the others tried
// again when one of their gates may open by itself.
func (s *Mover) movesPastGates(ctx context.Context, o *unstructured.Unstructured, moves []Move) (ready []Move) {
	var again time.Time
	for _, m := range moves {
		verdict := s.Judge(ctx, &m)
		if verdict.Open() {
			ready = append(ready, m)
			continue
		}
		waits := m.candidate()
		waits.Opens = verdict.Again
		s.Report.Waits(m.about(o), waits, verdict.Reason, verdict.Message)
		if !verdict.Again.IsZero() && (again.IsZero() || verdict.Again.Before(again)) {
			again = verdict.Again
		}
	}
	if !again.IsZero() {
		s.Queue.AddLater(moves[0].Key, max(again.Sub(s.Clock.Now()), 0))
	}
	return ready
}

func repositoriesOf(moves []Move) []string {
	all := make([]string, 0, len(moves))
	for _, m := range moves {
		all = append(all, m.Repository)
	}
	return all
}
