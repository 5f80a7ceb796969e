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
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/keelson-dev/keelson/internal/workload"
	"github.com/keelson-dev/keelson/resolver"
)

// Resolver answers which image a container moves to.
type Resolver interface {
	Resolve(ctx context.Context, q resolver.Query) (resolver.Resolution, error)
}

// Credentials finds what the images of a workload are pulled with.
type Credentials interface {
	Of(namespace string, o *workload.Object, rule workload.Rule) resolver.Credentials
}

// Placement tells on which platforms the Pods of a workload may run. None means
// that nothing is known of it: there is nothing to check then.
type Placement interface {
	Required(ctx context.Context, o *workload.Object) []resolver.Platform
}

const (
	// defaultWorkers bounds how many repositories are polled at once.
	defaultWorkers = 4
	// readTimeout bounds one read of a registry, bumpTimeout one bump with its
	// dry run. A poll of many workloads may take longer than either.
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
	// Client writes the bumps.
	Client client.Client
	// Resolver reads the registries.
	Resolver Resolver
	// Credentials are asked before the Resolver's own. The default is none.
	Credentials Credentials
	// Placement is asked for workloads that name no platforms. The default is to
	// check none.
	Placement Placement
	// Releases are asked for the settings of workloads that Helm installed. The
	// default is to ask none.
	Releases Releases
	// PollMinimum is the least time between two polls of a repository. The
	// default is none.
	PollMinimum func(repository string) time.Duration
	// Events tells people what was decided.
	Events events.EventRecorder
	// Metrics counts polls and bumps.
	Metrics *Metrics
	// Tracer makes spans of polls and bumps. The default is none.
	Tracer trace.Tracer
	// Clock is the time. The default is the real one.
	Clock clock.WithTicker
	// Workers bounds how many repositories are polled at once. The default
	// is 4.
	Workers int
}

// Updater polls repositories and bumps workloads.
type Updater struct {
	Options
	tracker *tracker
	queue   workqueue.TypedDelayingInterface[string]
	said    *said
	unread  *unread

	mu sync.Mutex
	// due is when each repository is polled next; failures is how often it
	// failed in a row.
	due      map[string]time.Time
	failures map[string]int
	// polled is when each was polled last.
	polled map[string]time.Time
	// busy is when each repository's poll made its last step.
	busy map[string]time.Time
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
	return &Updater{
		Options: o, tracker: newTracker(), said: newSaid(), unread: newUnread(),
		queue: workqueue.NewTypedDelayingQueueWithConfig(workqueue.TypedDelayingQueueConfig[string]{Clock: o.Clock}),
		due:   map[string]time.Time{}, failures: map[string]int{},
		polled: map[string]time.Time{}, busy: map[string]time.Time{},
	}
}

// NeedLeaderElection tells the manager that only the leader polls and bumps.
func (u *Updater) NeedLeaderElection() bool { return true }

// Start follows the workloads and polls until the context ends. All it knows
// comes from the API server, so that a new leader goes on where the former
// one stopped.
func (u *Updater) Start(ctx context.Context) error {
	if err := u.watch(ctx); err != nil {
		return fmt.Errorf("watching workloads: %w", err)
	}
	var workers sync.WaitGroup
	for _, kind := range u.Kinds.Rolling() {
		if u.Kinds.Custom(kind) {
			workers.Go(func() { u.followCustom(ctx, kind) })
		}
	}
	for range u.Workers {
		workers.Go(func() {
			for u.work(ctx) {
			}
		})
	}
	if u.Releases != nil {
		workers.Go(func() { u.followReleases(ctx) })
		workers.Go(func() { u.rereadReleases(ctx) })
	}
	<-ctx.Done()
	u.queue.ShutDown()
	workers.Wait()
	return nil
}

// work polls the next repository that is due. It returns false at the end.
func (u *Updater) work(ctx context.Context) bool {
	repository, shutdown := u.queue.Get()
	if shutdown {
		return false
	}
	defer u.queue.Done(repository)
	now := u.Clock.Now()
	if due, known := u.dueAt(repository); known && now.Before(due) {
		u.queue.AddAfter(repository, due.Sub(now)) // its schedule became longer
		return true
	}
	err := u.tracedPoll(ctx, repository)
	u.schedule(repository, err)
	return ctx.Err() == nil
}

// mark notes that a poll goes on.
func (u *Updater) mark(repository string, since time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.busy[repository] = since
}

// Healthy is an error while a poll makes no step for much longer than one may
// take: the process then should be started anew.
func (u *Updater) Healthy() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	for repository, since := range u.busy {
		if u.Clock.Since(since) > stuck {
			return fmt.Errorf("polling %q: no step since %s", repository, since.UTC().Format(time.RFC3339))
		}
	}
	return nil
}

// observe takes a repository that a workload uses into the plan.
func (u *Updater) observe(repository string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	now := u.Clock.Now()
	// A workload changes all the time while its Pods do: that must not bring a
	// failing registry's turn forward.
	if u.failures[repository] > 0 {
		return
	}
	planned, known := u.due[repository]
	due, ok := u.tracker.next(repository, now, !known)
	due = latest(due, u.earliest(repository))
	if !ok || known && !due.Before(planned) {
		return
	}
	u.due[repository] = due
	u.queue.AddAfter(repository, due.Sub(now))
}

// schedule plans the next poll after one that ended with err.
func (u *Updater) schedule(repository string, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	now := u.Clock.Now()
	due, ok := u.tracker.next(repository, now, false)
	delete(u.busy, repository)
	if !ok {
		delete(u.due, repository)
		delete(u.failures, repository)
		delete(u.polled, repository)
		return
	}
	u.polled[repository] = now
	due = latest(due, u.earliest(repository))
	if err != nil {
		u.failures[repository]++
		due = latest(due, now.Add(backoff(repository, u.failures[repository], retryAfter(err))))
	} else {
		delete(u.failures, repository)
	}
	u.due[repository] = due
	u.queue.AddAfter(repository, due.Sub(now))
}

// earliest is when the registry's settings let a repository be polled again. The
// caller holds the lock.
func (u *Updater) earliest(repository string) time.Time {
	last, ok := u.polled[repository]
	if !ok || u.PollMinimum == nil {
		return time.Time{}
	}
	return last.Add(u.PollMinimum(repository))
}

func (u *Updater) dueAt(repository string) (time.Time, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	due, known := u.due[repository]
	return due, known
}

// backoff doubles from five seconds with each failure in a row, and never
// comes before the registry wants to be asked again. The repositories of a
// registry that failed together come back one by one.
func backoff(repository string, failures int, after time.Duration) time.Duration {
	wait := maxBackoff
	if failures < 9 {
		wait = min(maxBackoff, 5*time.Second<<(failures-1))
	}
	wait -= share(repository, wait/4)
	if after > 0 {
		return max(wait, after+share(repository, min(after/10, maxJitter)))
	}
	return wait
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
