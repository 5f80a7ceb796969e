// Package move is the stage between a poll and a rollout: the moves that polls find wait
// at gates, and are made by a bump when all of them are open.
package move

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/updater/queue"
	"github.com/garboard-dev/garboard/updater/report"
	"github.com/garboard-dev/garboard/updater/rollout"
	"github.com/garboard-dev/garboard/updater/watched"
)

// Rollouts watches what comes of a move.
type Rollouts interface {
	// Begin watches a rollout, in place of one of the same workload.
	Begin(key watched.Key, r *rollout.Rollout)
	// Of returns the rollout of a workload that is watched; nil if there is none.
	Of(key watched.Key) *rollout.Rollout
	// Unfinished returns the rollout of a workload whose Pods are not healthy; nil if
	// there is none.
	Unfinished(key watched.Key, h rollout.Health) *rollout.Rollout
}

// Ownership tells which repositories are this replica's.
type Ownership interface {
	// Begin begins a piece of work on a repository, which no other replica gets in good
	// order until done is called. ok is false if it is not ours.
	Begin(ctx context.Context, repository string) (work context.Context, done func(), ok bool)
}

// Options are what a Mover is made of. All but Pace and Approvals are required.
type Options struct {
	Workloads *watched.Reader
	// Client writes the bumps; Live reads past the cache what it does not keep.
	Client    client.Client
	Live      client.Reader
	Report    *report.Reporter
	Rollouts  Rollouts
	Ownership Ownership
	// Repoll has a repository polled at once.
	Repoll func(repository string)
	// RepollAt has a repository polled at a moment.
	RepollAt func(repository string, at time.Time)
	// Queue has the workloads whose moves are to be tried: urgent are those that a
	// registry has told of, or that the pace keeps a place for.
	Queue  *queue.Queue[watched.Key]
	Tracer trace.Tracer
	Clock  clock.PassiveClock
	// Pace bounds how many rollouts go on at once. The default is no bound.
	Pace Pace
	// Approvals lets through what people approved. The default lets nothing through
	// that asks for approvals.
	Approvals Approvals
}

// Mover makes moves.
type Mover struct {
	Options
	pending  *pending
	pace     *pace
	canaries *canaries
	// soaks is shared by canaries and promotions.
	soaks      *soaks
	promotions *promotions
	places     *places
	trust      *trust
}

// New returns a Mover without moves.
func New(o Options) *Mover {
	if o.Approvals == nil {
		o.Approvals = noApprovals{}
	}
	s := &Mover{Options: o, pending: newPending(), canaries: newCanaries(), soaks: newSoaks(), promotions: newPromotions(), places: newPlaces(), trust: newTrust()}
	// A place is kept for a workload that is woken, which no other uses meanwhile.
	s.pace = newPace(o.Pace, func(key watched.Key) { s.Queue.AddUrgent(key) })
	return s
}

// Run works until ShutDown, with so many workers.
func (s *Mover) Run(ctx context.Context, workers int) {
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for s.Work(ctx) {
			}
		})
	}
	all.Wait()
}

// ShutDown ends Run once its workers are done with what they have.
func (s *Mover) ShutDown() { s.Queue.ShutDown() }

// Found takes the moves that a poll found for a workload, and has them tried. They come
// together: a worker that tries the workload meanwhile would bump it for the first
// container alone, and once more for the others. pushed is when a registry told of them;
// zero if none did. A workload in the pace's line is woken when its turn comes. If
// the poll brought no news it is not tried again: to try thousands with each poll would
// keep the workers from those whose turn it is.
func (s *Mover) Found(key watched.Key, pushed time.Time, moves ...Move) {
	news := s.pending.add(key, pushed, moves...)
	for _, m := range moves {
		news = news || !s.Report.IsPending(key, m.Container)
	}
	switch {
	case !pushed.IsZero():
		s.Queue.AddUrgent(key)
	case news || !s.pace.waits(key):
		s.Queue.Add(key)
	}
}

// FoundAgain notes that a poll would find again, at a moment, what it has found for a
// workload in a repository. It returns false where the workload is not in the pace's line:
// it has to be tried, as Found has it.
func (s *Mover) FoundAgain(key watched.Key, repository string, at time.Time) bool {
	return s.pace.waits(key) && s.pending.foundAgain(key, repository, at)
}

// Stays drops the move of a container that is where it should be.
func (s *Mover) Stays(key watched.Key, container string) { s.pending.drop(key, container) }

// Waiting returns the moves of a workload that have not been made, by container, and when
// a registry told of one.
func (s *Mover) Waiting(key watched.Key) ([]Move, time.Time) { return s.pending.of(key) }

// Changed takes in what a workload is now: its settings may have changed, and the rest of
// its set, or what comes after it, may follow it.
func (s *Mover) Changed(key watched.Key, o *workload.Object, ties Ties, h rollout.Health) {
	s.canaries.put(key, ties.Canary)
	s.promotions.put(key, ties, s.upstreamsOf(ties.After))
	s.retry(key)
	if s.canaries.first(key) || s.promotions.first(key) {
		s.soaked(key, o, h)
	} else {
		s.soaks.forget(key)
	}
	for _, follower := range s.canaries.rest(key) {
		s.retry(follower)
	}
}

// retry tries the moves of a workload again that the API server did not refuse lately.
func (s *Mover) retry(key watched.Key) {
	if s.pending.waits(key, s.Clock.Now()) {
		s.Queue.Add(key)
	}
}

// TryNow tries the moves of a workload before others. ok is false if none are known.
func (s *Mover) TryNow(key watched.Key) (ok bool) {
	if moves, _ := s.pending.of(key); len(moves) == 0 {
		return false
	}
	s.Queue.AddUrgent(key)
	return true
}

// TryRest tries the moves of the workloads that follow one.
func (s *Mover) TryRest(key watched.Key) {
	for _, follower := range s.canaries.rest(key) {
		s.Queue.Add(follower)
	}
}

// Resumed takes in a rollout that another replica began, of images of some repositories:
// it has a place of the pace, free or not.
func (s *Mover) Resumed(key watched.Key, r *rollout.Rollout, repositories ...string) {
	s.pace.occupy(key, placeOf(key.Namespace, repositories...))
	s.places.take(key, r)
}

// Ended gives back the place of a rollout that needs it no more.
func (s *Mover) Ended(key watched.Key, r *rollout.Rollout) { s.places.give(key, r, s.pace.leave) }

// Slowed takes in that a rollout makes no step. It gives its place back where too many do
// not, and goes on without.
func (s *Mover) Slowed(key watched.Key, r *rollout.Rollout) {
	if s.places.has(key, r) && !s.pace.slowed(key) {
		s.Ended(key, r)
	}
}

// Forget drops all that is known of a workload.
func (s *Mover) Forget(key watched.Key) {
	s.canaries.put(key, settings.Canary{})
	s.promotions.put(key, Ties{}, nil)
	s.soaks.forget(key)
	s.GiveUp(key)
}

// GiveUp leaves the moves of a workload to another replica.
func (s *Mover) GiveUp(key watched.Key) {
	s.pending.forget(key)
	s.places.forget(key)
	s.pace.leave(key)
	s.pace.quit(key)
}

// InProgress returns how many rollouts have a place of the pace.
func (s *Mover) InProgress() int { return s.pace.size() }

// WaitsForPlace reports whether a workload is in the pace's line.
func (s *Mover) WaitsForPlace(key watched.Key) bool { return s.pace.waits(key) }

var rolloutsInProgress = prometheus.NewDesc("garboard_updater_rollouts_in_progress",
	"Workloads that bumps are rolling out.", nil, nil)

// Describe implements prometheus.Collector.
func (s *Mover) Describe(descriptions chan<- *prometheus.Desc) { descriptions <- rolloutsInProgress }

// Collect implements prometheus.Collector.
func (s *Mover) Collect(collected chan<- prometheus.Metric) {
	collected <- prometheus.MustNewConstMetric(rolloutsInProgress, prometheus.GaugeValue, float64(s.InProgress()))
}
