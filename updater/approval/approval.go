// Package approval is the gate that people open. It proposes each move of a workload that
// asks for approvals as an ImageUpdate, counts the votes on it, and keeps its status until
// what came of the move is known.
package approval

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/resolver/policy"
	"github.com/garboard-dev/garboard/updater/move"
	"github.com/garboard-dev/garboard/updater/queue"
	"github.com/garboard-dev/garboard/updater/report"
	"github.com/garboard-dev/garboard/updater/watched"
)

const (
	// lookAgain is how often the API server is asked for what is not there: the CRDs, and
	// what protects votes.
	lookAgain = 10 * time.Second
	// writeTimeout bounds one write.
	writeTimeout = 30 * time.Second
	// workers are enough for what people do, and for a leader's first look at all.
	workers = 4
)

// DefaultHistory is how long an update is kept after it has ended.
const DefaultHistory = 30 * 24 * time.Hour

// MaxHistory is how many ended updates of a workload are kept.
const MaxHistory = 20

// Enforced tells since when the API server refuses votes in another user's name.
// The error says, as a clause for people, why it does not: no vote counts then. It is an
// *enforcement.Fault, unless that could not be read.
type Enforced func(ctx context.Context) (since time.Time, err error)

// Options are what a Stage is made of. All are required.
type Options struct {
	// Informers tell of updates and votes.
	Informers cache.Informers
	// Client writes updates; Live reads of a workload what the cache does not keep.
	Client    client.Client
	Live      client.Reader
	Workloads *watched.Reader
	Report    *report.Reporter
	Enforced  Enforced
	// Owns tells which repositories are this replica's.
	Owns func(repository string) bool
	// Retry tries the moves of a workload again; where none is known, it has the
	// repository polled.
	Retry func(key watched.Key, repository string)
	// Queue has the updates whose status is to be looked at.
	Queue *queue.Queue[types.NamespacedName]
	Clock clock.WithTicker
	// History is how long an update is kept after it has ended.
	History time.Duration
}

// Stage judges moves by what people approved.
type Stage struct {
	Options
	store *store
	// patch tells whether a version is a higher patch release.
	patch *policy.Policy

	mu sync.Mutex
	// missing is why nothing can be proposed; empty once updates and votes are known.
	missing string
	// since and unprotected are the last answer of Enforced, asked is when it was given.
	since       time.Time
	unprotected error
	asked       time.Time
	// voted: a vote has come since Enforced was asked.
	voted atomic.Bool
}

// New returns a Stage that knows of no updates yet.
func New(o Options) *Stage {
	patch, _ := policy.Parse(policy.Spec{Name: settings.CarryPatch}) // a policy without an argument has no faults
	return &Stage{Options: o, store: newStore(), patch: patch, missing: "the updates that wait for approval are not known yet"}
}

// enforced asks since when votes are protected, once in a while, and after each vote: it may
// have been cast in a moment in which they were not.
func (s *Stage) enforced(ctx context.Context) (time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.Clock.Now(); s.voted.Swap(false) || s.asked.IsZero() || now.Sub(s.asked) >= lookAgain {
		s.since, s.unprotected = s.Enforced(ctx)
		s.asked = now
	}
	return s.since, s.unprotected
}

// why returns why nothing can be proposed; empty where it can.
func (s *Stage) why() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.missing
}

func (s *Stage) setMissing(why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.missing = why
}

// Changed has the updates of a workload looked at: it runs something else by now, or its
// settings have changed. Of a workload that has none it costs next to nothing.
func (s *Stage) Changed(workload types.UID) {
	for _, u := range s.store.ofWorkload(workload) {
		if !hasEnded(u) || u.Status.Phase == v1alpha1.PhaseFailed { // which may be taken back
			s.Queue.Add(nameOf(u))
		}
	}
}

// Recheck has all updates looked at, of repositories that may be ours now.
func (s *Stage) Recheck() {
	for _, name := range s.store.all() {
		s.Queue.Add(name)
	}
}

// ShutDown ends Run once its workers are done with what they have.
func (s *Stage) ShutDown() { s.Queue.ShutDown() }

// hasEnded reports whether nothing more becomes of an update by itself.
func hasEnded(u *v1alpha1.ImageUpdate) bool { return u.Status.EndedAt != nil }

// isOver reports whether an update of a phase never comes back: its version is proposed
// anew if it is a candidate once more.
func isOver(phase v1alpha1.Phase) bool {
	switch phase {
	case v1alpha1.PhaseSuperseded, v1alpha1.PhaseSucceeded, v1alpha1.PhaseFailed, v1alpha1.PhaseRolledBack:
		return true
	default:
		return false
	}
}

var _ move.Approvals = (*Stage)(nil)
