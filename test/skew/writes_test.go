package skew

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"github.com/garboard-dev/garboard/test/cluster"
	"github.com/garboard-dev/garboard/test/installation"
)

// writes are writers that create, update and undo, one write after another each, and
// compare each answer.
type writes struct {
	u       *upgrading
	stop    context.CancelFunc
	writers sync.WaitGroup
	done    map[string]*atomic.Int64
}

// newWriter is a client of the administrator's that logs no warning.
func newWriter(c *cluster.Cluster) (kubernetes.Interface, error) {
	config := c.RESTConfig()
	config.WarningHandler = rest.NoWarnings{}
	return kubernetes.NewForConfig(config)
}

// enough writes of each kind come between one step of an upgrade and the next.
const enough = 3

func (u *upgrading) write() *writes {
	ctx, stop := context.WithCancel(u.t.Context())
	w := &writes{u: u, stop: stop, done: map[string]*atomic.Int64{}}
	u.t.Cleanup(func() { stop(); w.writers.Wait() })
	u.push("created", "1.2.0", "1.2.7")
	t := u.t
	for kind, do := range map[string]func(context.Context, int) error{"create": u.create, "update": u.relabel, "apply": u.applyAgain, "undo": u.undo} {
		done := &atomic.Int64{}
		w.done[kind] = done
		w.writers.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				if err := do(context.WithoutCancel(ctx), n); err != nil {
					t.Errorf("%s %d: %v", kind, n, err)
				}
				done.Add(1)
			}
		})
	}
	return w
}

// more waits for more writes of each kind.
func (w *writes) more() {
	w.u.t.Helper()
	var all errgroup.Group
	for kind, done := range w.done {
		before := done.Load()
		all.Go(func() error {
			ctx, cancel := context.WithTimeout(w.u.t.Context(), patience)
			defer cancel()
			return installation.Until(ctx, kind, func(context.Context) error {
				if n := done.Load() - before; n < enough {
					return fmt.Errorf("%d of %d", n, enough)
				}
				return nil
			})
		})
	}
	must(w.u.t, all.Wait())
}

// end stops the writers, and says how much they wrote.
func (w *writes) end() {
	w.stop()
	w.writers.Wait()
	var said []string
	for kind, done := range w.done {
		said = append(said, fmt.Sprintf("%d of %s", done.Load(), kind))
	}
	w.u.t.Logf("writes: %s", strings.Join(said, ", "))
}

// create makes a Deployment, which has to be resolved, and deletes it.
func (u *upgrading) create(ctx context.Context, n int) error {
	var d appsv1.Deployment
	if err := yaml.Unmarshal([]byte(u.deploymentOf("created", "1.2.0", patches, "garboard.dev/trigger: push")), &d); err != nil {
		return err
	}
	d.Name, d.Spec.Replicas = fmt.Sprintf("created-%d", n), new(int32)
	made, err := u.writer.AppsV1().Deployments(namespace).Create(ctx, &d, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	if err := u.runs(made, "created", "1.2.7", ""); err != nil {
		return err
	}
	return u.writer.AppsV1().Deployments(namespace).Delete(ctx, d.Name, metav1.DeleteOptions{})
}

// relabel writes something else than an image, which stays.
func (u *upgrading) relabel(ctx context.Context, n int) error {
	patch := fmt.Appendf(nil, `{"metadata":{"labels":{"written":"%d"}}}`, n)
	d, err := u.writer.AppsV1().Deployments(namespace).Patch(ctx, "labelled", types.MergePatchType, patch, metav1.PatchOptions{})
	if err != nil {
		return err
	}
	return u.runs(d, "labelled", "1.2.7", "")
}

// applyAgain applies the version from before the update, which stays where it is.
func (u *upgrading) applyAgain(ctx context.Context, _ int) error {
	manifest := u.deploymentOf("labelled", "1.2.0", patches, everySecond)
	if _, _, err := u.Kubectl(ctx, manifest, "-n", namespace, "apply", "-f", "-"); err != nil {
		return err
	}
	d, err := u.writer.AppsV1().Deployments(namespace).Get(ctx, "labelled", metav1.GetOptions{})
	if err != nil {
		return err
	}
	return u.runs(d, "labelled", "1.2.7", "")
}

// undo goes back, and the next time forth, once the controller has seen the last one.
func (u *upgrading) undo(ctx context.Context, n int) error {
	if _, _, err := u.Kubectl(ctx, "", "-n", namespace, "rollout", "undo", "deployment/undone"); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var d *appsv1.Deployment
	err := installation.Until(ctx, "the controller", func(ctx context.Context) (err error) {
		if d, err = u.writer.AppsV1().Deployments(namespace).Get(ctx, "undone", metav1.GetOptions{}); err == nil && d.Status.ObservedGeneration != d.Generation {
			err = fmt.Errorf("it has seen generation %d of %d", d.Status.ObservedGeneration, d.Generation)
		}
		return err
	})
	if err != nil {
		return err
	}
	if n%2 == 0 {
		return u.runs(d, "undone", "1.2.0", "web=1.2.7")
	}
	return u.runs(d, "undone", "1.2.7", "")
}

// runs is an error where a Deployment runs or holds something else.
func (u *upgrading) runs(d *appsv1.Deployment, app, tag, hold string) error {
	image, held := d.Spec.Template.Spec.Containers[0].Image, d.Annotations["garboard.dev/hold"]
	if want := u.repository(app) + ":" + tag; image != want || held != hold {
		return fmt.Errorf("it runs %s and holds %q, want %s and %q", image, held, want, hold)
	}
	return nil
}
