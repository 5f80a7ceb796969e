// Package rollout watches the moves that the updater made until it is known what came
// of them. It reads the workload's own status, and its Pods where that is not enough.
package rollout

import (
	"context"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/garboard-dev/garboard/internal/workload"
)

// RetryAfter is when a way back, or a reading of Pods, is tried again.
const RetryAfter = 30 * time.Second

// Outcome is what a Watcher tells of a rollout.
type Outcome int

// The outcomes. All but Slow and Settled are told once, and all but Slow end the need for
// its place.
const (
	// Settled: it goes on, but takes nothing of the cluster for now.
	Settled Outcome = iota
	// Slow: it has made no step for as long as most rollouts are given.
	Slow
	// Succeeded: its Pods are healthy, or as many as before are.
	Succeeded
	// Failing: its Pods are not healthy in time.
	Failing
	// Abandoned: another writer answers for it, or the settings no longer ask.
	Abandoned
	// Finished: it was healthy to the end.
	Finished
)

// Report is what a Watcher tells of the rollout of one workload.
type Report struct {
	Outcome Outcome
	Rollout *Rollout
	// Workload is as the cache has it; nil where it is gone.
	Workload *unstructured.Unstructured
	Terms    Terms
	// Why says it to people, as a clause; empty where there is nothing to add.
	Why string
}

// Owner is what a Watcher asks of the updater, and tells it. K names workloads.
type Owner[K comparable] interface { //nolint:interfacebloat // one updater answers all four
	// Workload returns a workload as the cache has it; nil where it is gone.
	Workload(ctx context.Context, key K) *unstructured.Unstructured
	// Terms returns what the settings of what Workload returned say at this moment; ok is
	// false where none of the containers is governed any more.
	Terms(ctx context.Context, o *unstructured.Unstructured, r *Rollout) (terms Terms, ok bool)
	// Hear is told what becomes of a rollout. It does not block.
	Hear(ctx context.Context, key K, report Report)
	// TakeBack brings the versions back that were healthy. done is false where another
	// try may do it.
	TakeBack(ctx context.Context, key K, r *Rollout) (done bool)
}

// Queue hands a key to one worker at a time.
type Queue[K comparable] = workqueue.TypedDelayingInterface[K]

// Options are what a Watcher is made of. All are required.
type Options[K comparable] struct {
	Owner Owner[K]
	Pods  Pods
	Clock clock.PassiveClock
	// Looks, Inspections and Returns are the workloads whose status, Pods and way back
	// are next. What waits for the API server in one of them keeps nothing from
	// another.
	Looks, Inspections, Returns Queue[K]
}

// Watcher watches rollouts.
type Watcher[K comparable] struct {
	Options[K]
	mu  sync.Mutex
	all map[K]*Rollout
}

// NewWatcher returns a Watcher of no rollouts.
func NewWatcher[K comparable](o Options[K]) *Watcher[K] {
	return &Watcher[K]{Options: o, all: map[K]*Rollout{}}
}

// Begin watches a rollout, in place of one of the same workload.
func (w *Watcher[K]) Begin(key K, r *Rollout) {
	w.mu.Lock()
	w.all[key] = r
	w.mu.Unlock()
	w.Looks.Add(key) // the cache may have it already
}

// Forget stops watching the rollout of a workload, without a word.
func (w *Watcher[K]) Forget(key K) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.all, key)
}

// Of returns the rollout of a workload that is watched; nil where there is none.
func (w *Watcher[K]) Of(key K) *Rollout {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.all[key]
}

// Unfinished returns the rollout of a workload whose Pods have not been healthy yet, or
// are not any more; nil where there is none.
func (w *Watcher[K]) Unfinished(key K, h Health) *Rollout {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.all[key]
	if r == nil || r.Back || r.healthy && h.Phase == Healthy {
		return nil
	}
	return r
}

// Changed has the rollout of a workload looked at; false where there is none.
func (w *Watcher[K]) Changed(key K) bool {
	if w.Of(key) == nil {
		return false
	}
	w.Looks.Add(key)
	return true
}

// Run works until ShutDown, with so many workers for each stage.
func (w *Watcher[K]) Run(ctx context.Context, workers int) {
	var all sync.WaitGroup
	run := func(queue Queue[K], work func(context.Context, K)) {
		for range workers {
			all.Go(func() {
				more := true
				for more && ctx.Err() == nil {
					more = next(ctx, queue, work)
				}
			})
		}
	}
	run(w.Looks, w.Look)
	run(w.Inspections, w.Inspect)
	run(w.Returns, w.Return)
	all.Wait()
}

// next works on the next key of a queue. It returns false at the end.
func next[K comparable](ctx context.Context, queue Queue[K], work func(context.Context, K)) bool {
	key, shutdown := queue.Get()
	if shutdown {
		return false
	}
	defer queue.Done(key)
	work(ctx, key)
	return true
}

// ShutDown ends Run once its workers are done with what they have.
func (w *Watcher[K]) ShutDown() {
	for _, queue := range []Queue[K]{w.Looks, w.Inspections, w.Returns} {
		queue.ShutDown()
	}
}

// end forgets a rollout. It returns false where another has begun meanwhile, which
// stays.
func (w *Watcher[K]) end(key K, r *Rollout) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all[key] != r {
		return false
	}
	delete(w.all, key)
	return true
}

func (w *Watcher[K]) logger(ctx context.Context, key K) logr.Logger {
	return log.FromContext(ctx).WithValues("workload", key)
}

// Stands reports whether a workload still has the images of the move.
func (r *Rollout) Stands(o *workload.Object) bool {
	now := map[string]string{}
	for _, slot := range o.Slots() {
		now[slot.Key()] = slot.Image
	}
	for _, c := range r.Changes {
		if image, ok := now[c.Container]; !ok || image != c.Image() {
			return false
		}
	}
	return true
}
