// Package updater watches registries on behalf of the opted-in workloads. When
// the answer for a running workload changes, it bumps an annotation on the pod
// template, so that admission resolves again; it never writes an image itself.
package updater

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/updater/move"
	"github.com/garboard-dev/garboard/updater/queue"
	"github.com/garboard-dev/garboard/updater/report"
	"github.com/garboard-dev/garboard/updater/rollout"
	"github.com/garboard-dev/garboard/updater/watched"
)

// Resolver answers which image a container moves to.
type Resolver interface {
	Resolve(ctx context.Context, q resolver.Query) (resolver.Resolution, error)
}

// Credentials finds what the images of a workload are pulled with.
type Credentials interface {
	Of(namespace string, o *workload.Object, slot workload.Slot, rule settings.Rule) resolver.Credentials
}

// Placement tells on which platforms the Pods of a workload may run. None means
// that nothing is known of it: there is nothing to check then.
type Placement interface {
	Required(ctx context.Context, o *workload.Object) []resolver.Platform
}

const (
	// defaultWorkers bounds how many repositories are polled at once, beside slow ones.
	defaultWorkers = 4
	// readTimeout bounds one read of a registry, bumpTimeout one bump with its
	// dry run. A poll of many workloads may take longer than either, up to maxPoll.
	readTimeout = time.Minute
	bumpTimeout = 30 * time.Second
	// stuck is how long a poll may make no step before the process counts as
	// unhealthy.
	stuck = 2 * (readTimeout + bumpTimeout)
	// maxBackoff caps how long a failing repository is left alone.
	maxBackoff = 15 * time.Minute
)

// Options are what an Updater is made of.
type Options struct {
	// Kinds are those that are governed. The default is those of Kubernetes itself.
	Kinds workload.Kinds
	// Cache holds the workloads and namespaces; see CacheOptions.
	Cache cache.Cache
	// Client writes the bumps; Live reads past the Cache what it does not keep.
	Client client.Client
	Live   client.Reader
	// Resolver reads the registries.
	Resolver Resolver
	// Credentials are asked before the Resolver's own. The default is none.
	Credentials Credentials
	// Placement is asked for workloads that name no platforms. The default is to
	// check none.
	Placement Placement
	// Releases are asked for the settings of workloads that Helm installed. The
	// default is to ask none.
	Releases watched.Releases
	// PollMinimum is the least time between two polls of a repository. The
	// default is none.
	PollMinimum func(repository string) time.Duration
	// Events tells people what was decided.
	Events events.EventRecorder
	// Notifier tells those who are not looking. The default is to tell nobody.
	Notifier report.Notifier
	// Ownership tells which repositories are ours. The default is all of them.
	Ownership Ownership
	// Recent are the pushes that came in lately, on any replica. A new leader polls
	// for them: the one before may not have got to it. The default is none.
	Recent func() []Push
	// Metrics counts polls and bumps.
	Metrics *report.Metrics
	// Tracer makes spans of polls and bumps. The default is none.
	Tracer trace.Tracer
	// Clock is the time. The default is the real one.
	Clock clock.WithTicker
	// Pace bounds how many rollouts go on at once. The default is no bound.
	Pace move.Pace
	// Approvals is a gate that lets through what people approved. The default is
	// none.
	Approvals move.Gate
	// Workers bounds how many repositories are polled at once; eight times as many
	// may go on beside them that take longer than five seconds. The default is 4.
	Workers int
}

// Updater polls repositories and bumps workloads.
type Updater struct {
	Options
	tracker *tracker
	report  *report.Reporter
	// workloads reads them from the cache.
	workloads *watched.Reader
	// polls are the repositories that are due: urgent are those that a registry has
	// told of.
	polls   *queue.Queue[string]
	mover   *move.Mover
	watcher *rollout.Watcher[watched.Key]
	slow    *slowPolls

	mu sync.Mutex
	// leads is false while another replica does the work.
	leads bool
	// pushed is when the first notification came in that no poll has followed.
	pushed map[string]time.Time
	// due is when each repository is polled next; failures is how often it
	// failed in a row.
	due      map[string]time.Time
	failures map[string]int
	// polled is when each was polled last.
	polled map[string]time.Time
	// ripe is when an image is old enough that a poll has found too young.
	ripe map[string]time.Time
	// busy is when each repository's poll made its last step.
	busy map[string]time.Time
	// left is what polls that took too long have not looked at.
	left map[string]rest
	// followed are the kinds whose workloads are known.
	followed []workload.Kind
}

// New returns an Updater that does nothing before it is started.
func New(o Options) *Updater {
	if o.Clock == nil {
		o.Clock = clock.RealClock{}
	}
	if o.Workers == 0 {
		o.Workers = defaultWorkers
	}
	if o.Ownership == nil {
		o.Ownership = ownsAll{}
	}
	if o.Tracer == nil {
		o.Tracer = noop.NewTracerProvider().Tracer("")
	}
	u := &Updater{
		Options: o, tracker: newTracker(),
		workloads: &watched.Reader{Cache: o.Cache, Kinds: o.Kinds, Releases: o.Releases},
		slow:      newSlowPolls(o.Workers),
		due:       map[string]time.Time{}, failures: map[string]int{}, pushed: map[string]time.Time{}, ripe: map[string]time.Time{},
		polled: map[string]time.Time{}, busy: map[string]time.Time{}, left: map[string]rest{},
	}
	u.report = report.New(report.Options{Events: o.Events, Notifier: o.Notifier, Metrics: o.Metrics, Clock: o.Clock})
	u.polls = queue.New[string](o.Clock, o.Metrics.DepthOf("polls"))
	stage := func(name string) rollout.Queue[watched.Key] {
		return queue.New[watched.Key](o.Clock, o.Metrics.DepthOf(name))
	}
	u.watcher = rollout.NewWatcher(rollout.Options[watched.Key]{
		Owner: owner{u}, Pods: rollout.Pods{Live: o.Live, Kinds: o.Kinds}, Clock: o.Clock,
		Looks: stage("rollouts"), Inspections: stage("inspections"), Returns: stage("returns"),
	})
	u.mover = move.New(move.Options{
		Workloads: u.workloads, Client: o.Client, Live: o.Live, Report: u.report, Rollouts: u.watcher, Ownership: o.Ownership, Repoll: u.repoll,
		Queue:  queue.New[watched.Key](o.Clock, o.Metrics.DepthOf("moves")),
		Tracer: o.Tracer, Clock: o.Clock, Pace: o.Pace, Approvals: o.Approvals,
	})
	return u
}

// NeedLeaderElection tells the manager that only the leader polls and bumps.
func (u *Updater) NeedLeaderElection() bool { return true }

// Start follows the workloads and polls until the context ends. All it knows
// comes from the API server, so that a new leader goes on where the former
// one stopped.
func (u *Updater) Start(ctx context.Context) error {
	u.lead(true)
	defer u.lead(false)
	if err := u.watch(ctx); err != nil {
		return fmt.Errorf("watching workloads: %w", err)
	}
	u.pushedBefore()
	u.catchUp()
	var workers sync.WaitGroup
	for _, kind := range u.Kinds.Rolling() {
		if u.Kinds.Custom(kind) {
			workers.Go(func() { u.followCustom(ctx, kind) })
		}
	}
	u.resumeAll(ctx, u.concerns)
	for range u.Workers {
		workers.Go(func() {
			for u.work(ctx) {
			}
		})
	}
	workers.Go(func() { u.mover.Run(ctx, u.Workers) })
	workers.Go(func() { u.watcher.Run(ctx, u.Workers) })
	if u.Ownership.Changed() != nil {
		workers.Go(func() { u.followOwnership(ctx) })
	}
	if u.Releases != nil {
		workers.Go(func() { u.followReleases(ctx) })
		workers.Go(func() { u.rereadReleases(ctx) })
	}
	<-ctx.Done()
	u.polls.ShutDown()
	u.mover.ShutDown()
	u.watcher.ShutDown()
	workers.Wait()
	u.slow.going.Wait()
	return nil
}

func (u *Updater) lead(leads bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.leads = leads
}
