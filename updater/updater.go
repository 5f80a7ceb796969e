// Package updater watches registries on behalf of the opted-in workloads. When
// the answer for a running workload changes, it bumps an annotation on the pod
// template, so that admission resolves again; it never writes an image itself.
package updater

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/updater/approval"
	"github.com/garboard-dev/garboard/updater/move"
	"github.com/garboard-dev/garboard/updater/poll"
	"github.com/garboard-dev/garboard/updater/queue"
	"github.com/garboard-dev/garboard/updater/report"
	"github.com/garboard-dev/garboard/updater/rollout"
	"github.com/garboard-dev/garboard/updater/watched"
)

// defaultWorkers bounds how many repositories are polled at once, beside slow ones.
const defaultWorkers = 4

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
	Resolver poll.Resolver
	// Images tells people what images say of themselves, and why tags were not taken. The
	// default is to tell nothing.
	Images poll.Images
	// Credentials are asked before the Resolver's own. The default is none.
	Credentials poll.Credentials
	// Placement is asked for workloads that name no platforms. The default is to
	// check none.
	Placement poll.Placement
	// Releases are asked for the settings of workloads that Helm installed. The
	// default is to ask none.
	Releases watched.Releases
	// PollMinimum is the least time between two polls of a repository. The
	// default is none.
	PollMinimum func(repository string) time.Duration
	// Events tells people what was decided.
	Events events.EventRecorder
	// Notifier sends notices. The default is to send none.
	Notifier report.Notifier
	// Ownership tells which repositories are ours. The default is all of them.
	Ownership Ownership
	// Recent are the pushes that came in lately, on any replica. A new leader polls
	// for them: the one before may not have got to it. The default is none.
	Recent func() []poll.Push
	// Metrics counts polls and bumps.
	Metrics *report.Metrics
	// Tracer makes spans of polls and bumps. The default is none.
	Tracer trace.Tracer
	// Clock is the time. The default is the real one.
	Clock clock.WithTicker
	// Pace bounds how many rollouts go on at once. The default is no bound.
	Pace move.Pace
	// VotesEnforced tells since when votes are protected. Without it no workload is moved
	// that asks for approvals.
	VotesEnforced approval.Enforced
	// UpdateHistory is how long an ImageUpdate is kept after it has ended. The default
	// is approval.DefaultHistory.
	UpdateHistory time.Duration
	// PageURL is where the page of the cluster is: notices of updates that wait lead there.
	PageURL string
	// Workers bounds how many repositories are polled at once; eight times as many
	// may go on beside them that take longer than five seconds. The default is 4.
	Workers int
}

// Updater wires the stages: what is watched is polled, what a poll finds is moved, what
// was moved is rolled out, and all of them report.
type Updater struct {
	Options
	// workloads reads them from the cache.
	workloads *watched.Reader
	poller    *poll.Poller
	mover     *move.Mover
	watcher   *rollout.Watcher[watched.Key]
	report    *report.Reporter
	// approvals is nil where nothing is said of votes.
	approvals *approval.Stage

	mu sync.Mutex
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
		Options:   o,
		workloads: &watched.Reader{Cache: o.Cache, Kinds: o.Kinds, Releases: o.Releases},
		report:    report.New(report.Options{Events: o.Events, Notifier: o.Notifier, Metrics: o.Metrics, Clock: o.Clock, PageURL: o.PageURL}),
	}
	stage := func(name string) *queue.Queue[watched.Key] {
		return queue.New(o.Clock, func(key watched.Key) string { return key.Namespace }, o.Metrics.DepthOf(name))
	}
	u.watcher = rollout.NewWatcher(rollout.Options[watched.Key]{
		Owner: owner{u}, Pods: rollout.Pods{Live: o.Live, Kinds: o.Kinds}, Clock: o.Clock,
		Looks: stage("rollouts"), Inspections: stage("inspections"), Returns: stage("returns"),
	})
	asked := u.stageOfApprovals()
	u.mover = move.New(move.Options{
		Workloads: u.workloads, Client: o.Client, Live: o.Live, Report: u.report, Rollouts: u.watcher, Ownership: o.Ownership,
		Repoll:   func(repository string) { u.poller.Repoll(repository) },
		RepollAt: func(repository string, at time.Time) { u.poller.RepollAt(repository, at) },
		Queue:    stage("moves"), Tracer: o.Tracer, Clock: o.Clock, Pace: o.Pace, Approvals: asked,
	})
	u.poller = poll.New(poll.Options{
		Workloads: u.workloads, Resolver: o.Resolver, Images: o.Images, Credentials: o.Credentials, Placement: o.Placement, Minimum: o.PollMinimum,
		Report: u.report, Mover: u.mover, Ownership: o.Ownership, Recent: u.recent,
		Queue:  queue.New(o.Clock, hostOf, o.Metrics.DepthOf("polls")),
		Tracer: o.Tracer, Clock: o.Clock, Workers: o.Workers,
	})
	return u
}

// recent are the pushes that came in lately.
func (u *Updater) recent() []poll.Push {
	if u.Recent == nil {
		return nil
	}
	return u.Recent()
}

// Pushed polls a repository that a registry told of.
func (u *Updater) Pushed(p poll.Push) { u.poller.Pushed(p) }

// Healthy is an error while a poll makes no step for much longer than one may
// take: the process then should be started anew.
func (u *Updater) Healthy() error { return u.poller.Healthy() }

// NeedLeaderElection tells the manager that only the leader polls and bumps.
func (u *Updater) NeedLeaderElection() bool { return true }

// Start follows the workloads and polls until the context ends. All it knows
// comes from the API server, so that a new leader goes on where the former
// one stopped.
func (u *Updater) Start(ctx context.Context) error {
	u.poller.Lead(true)
	defer u.poller.Lead(false)
	if err := u.watch(ctx); err != nil {
		return fmt.Errorf("watching workloads: %w", err)
	}
	u.poller.CatchUp()
	var workers sync.WaitGroup
	for _, kind := range u.Kinds.Rolling() {
		if u.Kinds.Custom(kind) {
			workers.Go(func() { u.followCustom(ctx, kind) })
		}
	}
	u.resumeAll(ctx, u.concerns)
	workers.Go(func() { u.poller.Run(ctx) })
	workers.Go(func() { u.mover.Run(ctx, u.Workers) })
	workers.Go(func() { u.watcher.Run(ctx, u.Workers) })
	if u.approvals != nil {
		workers.Go(func() { u.approvals.Run(ctx) })
	}
	if u.Ownership.Changed() != nil {
		workers.Go(func() { u.followOwnership(ctx) })
	}
	if u.Releases != nil {
		workers.Go(func() { u.followReleases(ctx) })
		workers.Go(func() { u.rereadReleases(ctx) })
	}
	<-ctx.Done()
	u.poller.ShutDown()
	u.mover.ShutDown()
	u.watcher.ShutDown()
	if u.approvals != nil {
		u.approvals.ShutDown()
	}
	workers.Wait()
	return nil
}

// hostOf is the registry of a repository.
func hostOf(repository string) string {
	host, _, _ := strings.Cut(repository, "/")
	return host
}
