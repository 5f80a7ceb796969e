// Package poll is the first stage of the updater: it reads the repositories that
// workloads use when they are due, or when a registry tells of a change, and hands on
// what is to move.
package poll

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"
	"k8s.io/utils/clock"

	"github.com/garboard-dev/garboard/internal/cluster"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/updater/move"
	"github.com/garboard-dev/garboard/updater/queue"
	"github.com/garboard-dev/garboard/updater/report"
	"github.com/garboard-dev/garboard/updater/watched"
)

// Resolver answers which image a container moves to.
type Resolver interface {
	Resolve(ctx context.Context, q resolver.Query) (resolver.Resolution, error)
}

// What Kubernetes is asked.
type (
	// Credentials finds what the images of a workload are pulled with.
	Credentials = cluster.Credentials
	// Placement tells on which platforms the Pods of a workload may run.
	Placement = cluster.Placement
)

// Mover makes the moves that are found.
type Mover interface { //nolint:interfacebloat // one stage takes all four
	// Found takes all moves that a poll found for a workload. pushed is when a registry
	// told of them; zero if none did.
	Found(key watched.Key, pushed time.Time, moves ...move.Move)
	// FoundAgain takes that a poll would find the moves of a repository again that it has
	// found for a workload; false where the workload is not in line, and has to be tried.
	FoundAgain(key watched.Key, repository string, at time.Time) bool
	// Soaks is what has run where a container's versions have to run first; none where
	// it comes after no other workload.
	Soaks(ctx context.Context, key watched.Key, rule *settings.Rule, repository string) []resolver.Soak
	// Stays is told of a container that is where it should be.
	Stays(key watched.Key, container string)
}

// Ownership tells which repositories are this replica's.
type Ownership interface {
	move.Ownership
	// Owns reports whether a repository is ours at this moment.
	Owns(repository string) bool
}

// Options are what a Poller is made of. All but Images, Credentials, Placement, PollMinimum
// and Recent are required.
type Options struct {
	Workloads *watched.Reader
	// Resolver reads the registries.
	Resolver Resolver
	// Images tells people of images. The default is to tell nothing.
	Images Images
	// Credentials are asked before the Resolver's own. The default is none.
	Credentials Credentials
	// Placement is asked for workloads that name no platforms. The default is to
	// check none.
	Placement Placement
	// Minimum is the least time between two polls of a repository. The default is none.
	Minimum   func(repository string) time.Duration
	Report    *report.Reporter
	Mover     Mover
	Ownership Ownership
	// Recent are the pushes that came in lately, on any replica. The default is none.
	Recent func() []Push
	// Queue has the repositories that are due: urgent are those that a registry has told
	// of.
	Queue  *queue.Queue[string]
	Tracer trace.Tracer
	Clock  clock.WithTicker
	// Workers bounds how many repositories are polled at once, beside slow ones.
	Workers int
}

const (
	// readTimeout bounds one read of a registry. A poll of many workloads may take
	// longer, up to maxPoll.
	readTimeout = time.Minute
	// stuck is how long a poll may make no step before the process counts as
	// unhealthy.
	stuck = 3 * readTimeout
	// maxBackoff caps how long a failing repository is left alone.
	maxBackoff = 15 * time.Minute
)

// Poller polls repositories.
type Poller struct {
	Options
	tracker *tracker
	slow    *slowPolls

	mu sync.Mutex
	// leads is false while another replica does the work.
	leads bool
	plans map[string]*plan
}

// New returns a Poller that follows no repository.
func New(o Options) *Poller {
	return &Poller{Options: o, tracker: newTracker(), slow: newSlowPolls(o.Workers), plans: map[string]*plan{}}
}

// Lead has pushes taken in, or passed over while another replica does the work.
func (p *Poller) Lead(leads bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.leads = leads
}

// Run polls until ShutDown, and returns when the last poll is over.
func (p *Poller) Run(ctx context.Context) {
	var workers sync.WaitGroup
	for range p.Workers {
		workers.Go(func() {
			for p.Work(ctx) {
			}
		})
	}
	workers.Wait()
	p.slow.going.Wait()
}

// ShutDown ends Run.
func (p *Poller) ShutDown() { p.Queue.ShutDown() }

// Track replaces what a workload uses.
func (p *Poller) Track(key watched.Key, uses []Use) {
	before := p.tracker.repositoriesOf(key)
	for _, repository := range p.tracker.set(key, uses) {
		p.Observe(repository)
	}
	for _, repository := range before {
		if !p.tracker.used(repository) {
			p.Queue.AddAfter(repository, p.keptFor(repository))
		}
	}
	p.Report.Following(p.tracker.size())
}

// Forget drops a workload.
func (p *Poller) Forget(key watched.Key) { p.Track(key, nil) }

// Keys returns the workloads that are followed.
func (p *Poller) Keys() []watched.Key { return p.tracker.keys() }

// Repositories returns all that are followed.
func (p *Poller) Repositories() []string { return p.tracker.repositories() }

// RepositoriesOf returns those that a workload uses.
func (p *Poller) RepositoriesOf(key watched.Key) []string { return p.tracker.repositoriesOf(key) }

// UsersOf returns the workloads that use a repository.
func (p *Poller) UsersOf(repository string) []watched.Key { return p.tracker.usersOf(repository) }
