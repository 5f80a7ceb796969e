package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	appsv1client "k8s.io/client-go/kubernetes/typed/apps/v1"

	"github.com/garboard-dev/garboard/test/cluster"
)

const (
	// appsEach is how many Deployments one writer has at most.
	appsEach = 3
	// attemptLimit is longer than the API server waits for anything, and
	// giveUp than it is away.
	attemptLimit = 30 * time.Second
	giveUp       = 5 * time.Minute
)

// world is what all writers share.
type world struct {
	cluster   *cluster.Cluster
	client    kubernetes.Interface
	namespace string
	images    []string // repositories, as Garboard is told of them
	ledger    *ledger
	weather   *weather

	newest atomic.Int64 // the last tag that was pushed is 1.2.newest
	writes atomic.Int64 // those that were acknowledged

	mu    sync.Mutex
	kinds map[string]int // of them, by kind
}

func (w *world) deployments() appsv1client.DeploymentInterface {
	return w.client.AppsV1().Deployments(w.namespace)
}

// writer writes one Deployment at a time, of its own, so that it knows what
// must be stored: nobody but Garboard writes there too.
type writer struct {
	*world
	number int
	random *rand.Rand
	apps   []*app
	made   int
}

// work goes on until the context ends, and finishes the write that it is at.
func (w *writer) work(ctx context.Context) {
	life := context.WithoutCancel(ctx)
	for ctx.Err() == nil {
		if len(w.apps) < appsEach && w.random.IntN(4) == 0 || len(w.apps) == 0 {
			w.create(life)
			continue
		}
		a := w.apps[w.random.IntN(len(w.apps))]
		if !w.look(life, a) {
			continue
		}
		writes := []func(context.Context, *app){w.label, w.scale, w.setEnv, w.restart, w.apply, w.apply, w.setImage, w.undo, w.remove}
		writes[w.random.IntN(len(writes))](life, a)
	}
	for _, a := range w.apps {
		w.look(life, a)
	}
}

// write tries until the API server has acknowledged. A failure is a fault where
// nothing excuses it, and the writer goes on.
func (w *writer) write(ctx context.Context, kind string, a *app, attempt func(context.Context) error) bool {
	ctx, cancel := context.WithTimeout(ctx, giveUp)
	defer cancel()
	for {
		begun := time.Now()
		err := limited(ctx, attempt)
		var skipped *skippedError
		switch {
		case err == nil:
			w.writes.Add(1)
			w.mu.Lock()
			w.kinds[kind]++
			w.mu.Unlock()
			return true
		case errors.As(err, &skipped):
			return false
		case ctx.Err() != nil:
			w.ledger.fault("%s %s: never acknowledged: %v", kind, a.name, err)
			return false
		case apierrors.IsConflict(err): // as any writer does
		case !w.weather.excuses(begun, time.Now()):
			w.ledger.fault("%s %s failed after %s, while all was well, %s: %v", kind, a.name, time.Since(begun).Round(time.Millisecond), w.weather.lately(), err)
		}
		pause(ctx)
	}
}

func limited(ctx context.Context, attempt func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, attemptLimit)
	defer cancel()
	return attempt(ctx)
}

// skippedError says that there is nothing to write.
type skippedError struct{}

func (*skippedError) Error() string { return "nothing to write" }

// read gets the Deployment, however long that takes.
func (w *writer) read(ctx context.Context, a *app) *appsv1.Deployment {
	ctx, cancel := context.WithTimeout(ctx, giveUp)
	defer cancel()
	for {
		begun := time.Now()
		d, err := w.deployments().Get(ctx, a.name, metav1.GetOptions{})
		switch {
		case err == nil:
			return d
		case ctx.Err() != nil, apierrors.IsNotFound(err):
			w.ledger.fault("reading %s: %v", a.name, err)
			return nil
		case !w.weather.excuses(begun, time.Now()):
			w.ledger.fault("reading %s, while all was well: %v", a.name, err)
		}
		pause(ctx)
	}
}

// look holds what is stored against what was acknowledged.
func (w *writer) look(ctx context.Context, a *app) bool {
	d := w.read(ctx, a)
	if d == nil {
		return false
	}
	if lost := a.differs(d); lost != "" {
		w.ledger.fault("a write was lost: %s", lost)
		a.take(d) // once is enough
	}
	return true
}

// stored is what the Deployment is at, for asks.
func (w *writer) stored(ctx context.Context, a *app) int {
	if d := w.read(ctx, a); d != nil {
		return versionOf(d.ResourceVersion)
	}
	return 0
}

// goingTo does a write that may bring the tag back.
func (w *writer) goingTo(ctx context.Context, a *app, tag int, do func()) {
	asked := w.ledger.down(a.name, tag, w.stored(ctx, a))
	do()
	w.ledger.done(asked, w.stored(ctx, a))
}

func (w *writer) patch(ctx context.Context, a *app, how types.PatchType, manager string, patch []byte, subresources ...string) error {
	o := metav1.PatchOptions{FieldManager: manager}
	if how == types.ApplyPatchType {
		force := true
		o.Force = &force
	}
	_, err := w.deployments().Patch(ctx, a.name, how, patch, o, subresources...)
	return err
}

func (w *writer) create(ctx context.Context) {
	w.made++
	a := &app{
		name: fmt.Sprintf("writer-%d-%d", w.number, w.made), image: w.images[w.random.IntN(len(w.images))],
		style: style(w.random.IntN(int(styles))), replicas: 1, applied: 1,
	}
	done := w.write(ctx, "create", a, func(ctx context.Context) error {
		if a.style != replaced {
			return w.submit(ctx, a)
		}
		_, err := w.deployments().Create(ctx, a.object(), metav1.CreateOptions{FieldManager: "kubectl-create"})
		if apierrors.IsAlreadyExists(err) { // an attempt that nobody acknowledged
			return nil
		}
		return err
	})
	if done {
		w.apps = append(w.apps, a)
	}
}

// submit brings the manifest to the cluster, as the app's style is.
func (w *writer) submit(ctx context.Context, a *app) error {
	switch a.style {
	case clientSide:
		// Without the API's schema, which takes an API server that has just started
		// longer than all the rest.
		_, _, err := w.cluster.Kubectl(ctx, string(a.manifest()), "-n", w.namespace, "apply", "--validate=false", "--openapi-patch=false", "-f", "-")
		return err
	case serverSide:
		return w.patch(ctx, a, types.ApplyPatchType, "kustomize-controller", a.manifest())
	default:
		_, err := w.deployments().Update(ctx, a.object(), metav1.UpdateOptions{FieldManager: "kubectl-replace"})
		return err
	}
}

func (w *writer) remove(ctx context.Context, a *app) {
	if w.random.IntN(4) > 0 { // else little happens to each
		return
	}
	w.write(ctx, "delete", a, func(ctx context.Context) error {
		err := w.deployments().Delete(ctx, a.name, metav1.DeleteOptions{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		return err
	})
	for i, other := range w.apps {
		if other == a {
			w.apps = append(w.apps[:i:i], w.apps[i+1:]...)
			return
		}
	}
}
