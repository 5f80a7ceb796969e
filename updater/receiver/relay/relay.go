// Package relay carries pushes from the replica that a registry reached to the
// one that leads, through the API server: as keys of one ConfigMap, which every
// replica watches. So a push outlives the leader that did not get to it.
package relay

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"
	toolscache "k8s.io/client-go/tools/cache"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/garboard-dev/garboard/updater/poll"
)

// Name is that of the ConfigMap; the Role in manifests/components/push has it too.
const Name = "garboard-pushes"

const (
	// MaxKeys bounds the repositories in the ConfigMap, and those that wait to be
	// put there. Beyond, the oldest go: an object has a megabyte at most, and a key
	// a kilobyte.
	MaxKeys = 500
	// Retention is how long a push is kept: longer than it takes a new leader to
	// begin.
	Retention = 10 * time.Minute
	// quiet is the least time between two pushes of one repository. One image for
	// many platforms is a dozen notifications.
	quiet = time.Second
	// gather is how long a push waits for others, to be written with them.
	gather = 5 * time.Millisecond
	// writeTimeout bounds one write, lastTimeout the one at the end.
	writeTimeout = 10 * time.Second
	lastTimeout  = 5 * time.Second
	// A write that failed is tried again after retryFirst, then after twice that,
	// up to retryMost.
	retryFirst = time.Second
	retryMost  = 30 * time.Second
)

// ErrFull says that too many repositories wait to be told of.
var ErrFull = errors.New("too many pushes are waiting")

// Informers are a manager's cache, which keeps the ConfigMap as ByObject says.
type Informers interface {
	GetInformer(ctx context.Context, object client.Object, options ...cache.InformerGetOption) (cache.Informer, error)
}

// ByObject returns the entry of a manager's cache options, ByObject, that keeps
// the one ConfigMap.
func ByObject(namespace string) (client.Object, cache.ByObject) {
	return &corev1.ConfigMap{}, cache.ByObject{
		Namespaces: map[string]cache.Config{namespace: {FieldSelector: fields.OneTermEqualSelector("metadata.name", Name)}},
		Transform:  cache.TransformStripManagedFields(),
	}
}

// Options are what a Relay is made of. All but the clock are required.
type Options struct {
	// Namespace is Garboard's own.
	Namespace string
	// Client writes the ConfigMap, Informers watch it.
	Client    client.Client
	Informers Informers
	// Hand takes a push on in this process; it returns at once.
	Hand func(poll.Push)
	// Metrics counts writes.
	Metrics *Metrics
	// Log is told of writes that fail.
	Log logr.Logger
	// Clock is the time. The default is the real one.
	Clock clock.WithTicker
}

// Relay hands pushes over to this process and to all other replicas.
type Relay struct {
	options Options
	wake    chan struct{}

	mu sync.Mutex
	// waiting are to be handed over, unwritten are to be written; both by
	// repository.
	waiting, unwritten map[string]poll.Push
	// last is when each repository was handed over.
	last map[string]time.Time
	// stored is what the ConfigMap holds, of the version; handed is what of it
	// was handed over here. Both by key.
	stored  map[string]string
	version string
	handed  map[string]string
	// retry is when to write again after failures in a row.
	retry    time.Time
	failures int
}

// New returns a Relay that Run starts.
func New(o Options) *Relay {
	if o.Clock == nil {
		o.Clock = clock.RealClock{}
	}
	return &Relay{
		options: o, wake: make(chan struct{}, 1),
		waiting: map[string]poll.Push{}, unwritten: map[string]poll.Push{},
		last: map[string]time.Time{}, stored: map[string]string{}, handed: map[string]string{},
	}
}

// Pushed takes pushes that this replica has received. It returns at once, with
// ErrFull where there is no room.
func (r *Relay) Pushed(pushes []poll.Push) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	added := map[string]bool{}
	for _, push := range pushes {
		if _, known := r.waiting[push.Repository]; !known {
			added[push.Repository] = true
		}
	}
	if len(r.waiting)+len(added) > MaxKeys {
		return ErrFull
	}
	for _, push := range pushes {
		// The time is that of the first, which has waited longest.
		if first, known := r.waiting[push.Repository]; known {
			push.Received = first.Received
		}
		r.waiting[push.Repository] = push
	}
	select {
	case r.wake <- struct{}{}:
	default:
	}
	return nil
}

// Recent are the pushes of the last minutes, by any replica: a new leader begins
// with them.
func (r *Relay) Recent() []poll.Push {
	r.mu.Lock()
	defer r.mu.Unlock()
	var recent []poll.Push
	for _, value := range r.stored {
		if push, ok := parseValue(value, r.options.Clock.Now()); ok {
			recent = append(recent, push)
		}
	}
	for _, push := range r.unwritten {
		recent = append(recent, push)
	}
	return recent
}

// Run hands over and writes until ctx ends, and then what is left.
func (r *Relay) Run(ctx context.Context) error {
	// Where the ConfigMap may not be watched, what arrives here is handed over
	// here at least.
	informer, err := r.options.Informers.GetInformer(ctx, &corev1.ConfigMap{}, cache.BlockUntilSynced(false))
	if err != nil {
		return fmt.Errorf("watching the ConfigMap %q: %w", Name, err)
	}
	if _, err := informer.AddEventHandler(r.handler()); err != nil {
		return fmt.Errorf("watching the ConfigMap %q: %w", Name, err)
	}
	lasting := context.WithoutCancel(ctx) // a write that is under way ends by its own time
	for {
		wait := r.step(lasting)
		timer := r.options.Clock.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			r.finish(lasting)
			return nil
		case <-timer.C():
		case <-r.wake:
			timer.Stop()
			r.pause(ctx, gather)
		}
	}
}

// pause lets others come in.
func (r *Relay) pause(ctx context.Context, wait time.Duration) {
	timer := r.options.Clock.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C():
	}
}

func (r *Relay) handler() toolscache.ResourceEventHandler {
	heard := func(object any) {
		if stored, ok := object.(*corev1.ConfigMap); ok && stored.Name == Name {
			r.heard(stored)
		}
	}
	return toolscache.ResourceEventHandlerFuncs{
		AddFunc:    heard,
		UpdateFunc: func(_, object any) { heard(object) },
		DeleteFunc: func(any) { r.heard(&corev1.ConfigMap{}) },
	}
}

// heard hands over what the ConfigMap has that this process does not know.
func (r *Relay) heard(stored *corev1.ConfigMap) {
	for _, push := range r.unknown(stored) {
		r.options.Hand(push)
	}
}

// unknown notes what is stored, and returns what is new of it. It goes by
// equality, not by time: clocks of replicas differ.
func (r *Relay) unknown(stored *corev1.ConfigMap) []poll.Push {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stored, r.version = stored.Data, stored.ResourceVersion
	ours := map[string]bool{}
	for repository := range r.unwritten {
		ours[keyOf(repository)] = true
	}
	for key := range r.handed {
		if _, there := stored.Data[key]; !there && !ours[key] {
			delete(r.handed, key)
		}
	}
	var found []poll.Push
	for key, value := range stored.Data {
		if r.handed[key] == value {
			continue
		}
		r.handed[key] = value
		if push, ok := parseValue(value, r.options.Clock.Now()); ok {
			found = append(found, push)
		}
	}
	return found
}
