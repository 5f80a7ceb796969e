package placement

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	toolscache "k8s.io/client-go/tools/cache"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/resolver"
)

// defaultAnswers is room for the distinct placements of a large cluster: most
// workloads share a few.
const defaultAnswers = 1024

// Informers gives informers of objects: a manager's cache.
type Informers interface {
	GetInformer(ctx context.Context, object client.Object, options ...cache.InformerGetOption) (cache.Informer, error)
}

// Options are what Nodes needs.
type Options struct {
	// Informers is where nodes come from; it keeps them as ByObject says.
	Informers Informers
	// Answers is how many placements are remembered. The default is 1024.
	Answers int
	// Clock is the time. The default is the machine's.
	Clock clock.PassiveClock
}

// Nodes knows the cluster's nodes. It is safe for concurrent use.
type Nodes struct {
	informers Informers
	limit     int
	clock     clock.PassiveClock

	mu      sync.Mutex
	started time.Time
	synced  toolscache.InformerSynced // nil before Start
	nodes   map[string]node
	view    *view // nil after a change
}

// New returns Nodes that know of none until they are started.
func New(o Options) *Nodes {
	if o.Answers <= 0 {
		o.Answers = defaultAnswers
	}
	if o.Clock == nil {
		o.Clock = clock.RealClock{}
	}
	return &Nodes{informers: o.Informers, limit: o.Answers, clock: o.Clock, nodes: map[string]node{}}
}

// Start begins to watch nodes, and returns without waiting for them. Add Nodes
// to the manager instead of calling it before: a manager does not start until
// every informer that it has by then is synced, which this one never is where
// nodes may not be read.
func (n *Nodes) Start(ctx context.Context) error {
	informer, err := n.informers.GetInformer(ctx, &corev1.Node{}, cache.BlockUntilSynced(false))
	if err != nil {
		return fmt.Errorf("watching nodes: %w", err)
	}
	registration, err := informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
		AddFunc:    n.set,
		UpdateFunc: func(_, object any) { n.set(object) },
		DeleteFunc: n.forget,
	})
	if err != nil {
		return fmt.Errorf("watching nodes: %w", err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.started, n.synced = n.clock.Now(), registration.HasSynced
	return nil
}

// NeedLeaderElection tells the manager that every replica needs to know the
// nodes.
func (n *Nodes) NeedLeaderElection() bool { return false }

// HasSynced reports whether every node that the cluster had at the start is
// known. It never does where the account may not list and watch nodes.
func (n *Nodes) HasSynced() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.synced != nil && n.synced()
}

// readyLimit is how long readiness waits for nodes that may not be readable at all.
const readyLimit = 10 * time.Second

// Ready is a readiness check: a replica that answers before it knows the nodes lets through
// an image that they cannot start. It waits for ten seconds after Start at most, since nodes
// are never known where the account may not list and watch them.
func (n *Nodes) Ready(*http.Request) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.synced == nil || !n.synced() && n.clock.Since(n.started) < readyLimit {
		return &NotSyncedError{}
	}
	return nil
}

// Required is Platforms for those who go on without where they cannot be told;
// the log says so.
func (n *Nodes) Required(ctx context.Context, o *workload.Object) []resolver.Platform {
	found, err := n.Platforms(ctx, o)
	if err != nil {
		log.FromContext(ctx).Info("platforms are not checked", "workload", o.Name(), "namespace", o.Namespace(), "error", err.Error())
	}
	return found
}

// Platforms returns the platforms of the nodes that the object's Pods can be
// scheduled on, sorted. Where no node fits, as with a pool that is scaled to
// zero, they are those that node selector and required node affinity name;
// none, which is no limit, where these say nothing of the architecture.
//
// The error is a *NotSyncedError where nodes are not known, an *UnreadableError
// where the object's placement cannot be read, or the context's. There are no
// platforms then, and the caller continues without them.
func (n *Nodes) Platforms(ctx context.Context, o *workload.Object) ([]resolver.Platform, error) {
	seen, ok := n.current()
	if !ok {
		return nil, &NotSyncedError{}
	}
	fields, err := o.Placement()
	if err != nil {
		return nil, &UnreadableError{Err: err}
	}
	key, err := keyOf(fields)
	if err != nil {
		return nil, err
	}
	if known, ok := seen.answers.get(key); ok {
		return slices.Clone(known.platforms), known.err
	}
	wanted, err := readPlacement(fields)
	if err != nil {
		seen.answers.put(key, answer{err: err})
		return nil, err
	}
	platforms, err := seen.platforms(ctx, wanted)
	if err != nil {
		return nil, err // of this request's context alone
	}
	seen.answers.put(key, answer{platforms: platforms})
	return slices.Clone(platforms), nil
}

// current returns the nodes as they are now.
func (n *Nodes) current() (*view, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.synced == nil || !n.synced() {
		return nil, false
	}
	if n.view == nil {
		n.view = newView(maps.Values(n.nodes), n.limit)
	}
	return n.view, true
}

func (n *Nodes) set(object any) {
	full, ok := object.(*corev1.Node)
	if !ok {
		return
	}
	now, ok := nodeOf(full)
	if !ok {
		n.remove(full.Name)
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	// A node reports its state every few minutes. That changes nothing here,
	// and must not cost the answers.
	if before, ok := n.nodes[full.Name]; ok && before.same(now) {
		return
	}
	n.nodes[full.Name] = now
	n.view = nil
}

func (n *Nodes) forget(object any) {
	// A tombstone tells the name alone: the watch missed the end of the node.
	if key, err := toolscache.DeletionHandlingMetaNamespaceKeyFunc(object); err == nil {
		n.remove(key)
	}
}

func (n *Nodes) remove(name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, ok := n.nodes[name]; ok {
		delete(n.nodes, name)
		n.view = nil
	}
}
