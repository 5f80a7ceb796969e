package chaos

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	cmv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	"github.com/go-logr/logr"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/test/cluster"
	"github.com/garboard-dev/garboard/test/installation"
	"github.com/garboard-dev/garboard/webhook"
)

var (
	duration = flag.Duration("duration", time.Minute, "how long the chaos lasts, without start and end")
	seed     = flag.Uint64("seed", 0, "chooses the writes and troubles; 0 for another one each time")
	writers  = flag.Int("writers", 8, "how many write at once")
)

// Whatever comes and goes, no image goes down that nobody asked to, no write is
// lost, nothing rolls for nothing, and every request is answered in time. The
// seed chooses what each writer does and what troubles come, not how they
// interleave. It takes as long as -duration says, and no less than each trouble coming once.
func TestChaos(t *testing.T) {
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	t.Logf("to do the same again: -seed=%d -duration=%s", *seed, *duration)
	ctrl.SetLogger(logr.Discard())
	c := cluster.StartForTest(t, cluster.Options{})
	registry := newMoody(t, c.Registry)
	garboard, err := installation.Install(t.Context(), c, installation.Options{
		Source: "../..", Args: []string{"--private-registries=" + registry.host()},
		WebhookArgs: []string{
			"--fresh-for=1s", // so that the registry's moods are felt
			// As in production: the API server's idle connections to a replica outlive its
			// route.
			"--shutdown-delay=" + webhook.DefaultShutdownDelay.String(),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, c, registry.host())
	watching, unwatch := context.WithCancel(t.Context())
	var background sync.WaitGroup
	defer background.Wait()
	defer unwatch()
	for _, watch := range watches(w.client, w.namespace, w.ledger) {
		background.Go(func() { watch.follow(watching) })
	}
	steady := w.steady(t)

	trouble := &troubles{
		world: w, garboard: garboard, certs: certificates(t, c), mirror: newMirror(t, w.namespace), random: w.dice(100), had: map[string]int{},
	}
	trouble.leave = func(server *installation.Server) {
		background.Go(func() {
			if err := server.Leave(watching); err != nil {
				t.Error(err)
			}
		})
	}
	background.Go(func() {
		if err := trouble.kubelet(watching); err != nil {
			t.Error(err)
		}
	})
	enough, cancel := context.WithTimeout(t.Context(), *duration)
	defer cancel()
	chaos, over := context.WithCancel(t.Context())
	defer over()
	var work sync.WaitGroup
	for n := range *writers {
		writer := &writer{world: w, number: n, random: w.dice(n)}
		work.Go(func() { writer.work(chaos) })
	}
	work.Go(func() { registry.sulk(chaos, w.dice(101)) })
	work.Go(func() { w.release(chaos, t) })
	work.Go(func() {
		defer over()
		if err := trouble.run(enough); err != nil {
			t.Error(err)
		}
	})
	work.Wait()

	w.settle(t, steady)
	w.judge(t, trouble, registry)
}

func newWorld(t *testing.T, c *cluster.Cluster, host string) *world {
	t.Helper()
	config := c.RESTConfig()
	config.WarningHandler = rest.NoWarnings{} // each answer has some
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{
		cluster: c, client: client, namespace: "chaos", ledger: newLedger(), weather: newWeather(client), kinds: map[string]int{},
		images: []string{host + "/team/one", host + "/team/two", host + "/team/three"},
	}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.namespace, Labels: map[string]string{"garboard.dev/enabled": "true"}}}
	if _, err := client.CoreV1().Namespaces().Create(t.Context(), namespace, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		w.push(t.Context(), t)
	}
	if err := w.weather.count(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	return w
}

// dice are the random numbers of one who acts.
func (w *world) dice(who int) *rand.Rand { return rand.New(rand.NewPCG(*seed, uint64(who))) }

func certificates(t *testing.T, c *cluster.Cluster) client.Client {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := cmv1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	api, err := client.New(c.RESTConfig(), client.Options{Scheme: scheme})
	if err != nil {
		t.Fatal(err)
	}
	return api
}

// push releases the next tag of every repository, 1.2.0 first.
func (w *world) push(ctx context.Context, t *testing.T) {
	next := w.newest.Load() + 1
	tags := []int64{next}
	if next == 1 {
		tags = []int64{0, 1}
	}
	for _, tag := range tags {
		for _, repository := range []string{"team/one", "team/two", "team/three", "mirror/team/one", "mirror/team/two", "mirror/team/three"} {
			if _, err := w.cluster.Push(ctx, repository, fmt.Sprintf("1.2.%d", tag)); err != nil {
				t.Error(err)
				return
			}
		}
	}
	w.newest.Store(next)
}

// release pushes on and on.
func (w *world) release(ctx context.Context, t *testing.T) {
	for w.after(ctx, 30) == nil && ctx.Err() == nil {
		w.push(context.WithoutCancel(ctx), t)
	}
}

// steady makes a Deployment a repository that nobody writes to again, and a slow one.
func (w *world) steady(t *testing.T) []string {
	t.Helper()
	var names []string
	err := installation.Until(t.Context(), "the opt-in to hold", func(ctx context.Context) error {
		probe := (&app{name: "probe", image: w.images[0]}).object()
		created, err := w.deployments().Create(ctx, probe, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		if err == nil && tagOf(created.Spec.Template) != int(w.newest.Load()) {
			err = fmt.Errorf("created with 1.2.%d", tagOf(created.Spec.Template))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, image := range w.images {
		a := &app{name: fmt.Sprintf("steady-%d", i), image: image}
		if _, err := w.deployments().Create(t.Context(), a.object(), metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		names = append(names, a.name)
	}
	if _, err := w.deployments().Create(t.Context(), w.slow(), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	return append(names, "slow")
}

// slow is a Deployment whose rollouts are good and slow, and most are overtaken by the
// next. To take one back would be a way down. Its healthTimeout is longer than the
// controllers stand still where an API server is killed again and again; rollouts that
// take longer than it are those of test/e2e.
func (w *world) slow() *appsv1.Deployment {
	d := (&app{name: "slow", image: w.images[0]}).object()
	d.Annotations["garboard.dev/rollback"], d.Annotations["garboard.dev/healthTimeout"] = "auto", "2m"
	d.Spec.Replicas, d.Spec.MinReadySeconds = ptr.To[int32](10), 3
	d.Spec.Strategy.RollingUpdate = &appsv1.RollingUpdateDeployment{MaxSurge: ptr.To(intstr.FromInt32(1)), MaxUnavailable: ptr.To(intstr.FromInt32(0))}
	return d
}

// settle waits until the updater has brought what nobody wrote to to the newest
// tag, and the watches have seen the last of it.
func (w *world) settle(t *testing.T, steady []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), giveUp)
	defer cancel()
	err := installation.Until(ctx, "the updater to bring the newest tag everywhere", func(ctx context.Context) error {
		for _, name := range steady {
			d, err := w.deployments().Get(ctx, name, metav1.GetOptions{})
			if err != nil {
				return err
			}
			if tag := tagOf(d.Spec.Template); tag != int(w.newest.Load()) {
				return fmt.Errorf("%s runs 1.2.%d, the newest is 1.2.%d", name, tag, w.newest.Load())
			}
			if held := d.Annotations[workload.AnnotationHold]; held != "" {
				w.ledger.fault("%s is held from %s, and nobody took it back", name, held)
			}
			if !w.ledger.knows(d) {
				return errors.New("the watch is behind")
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if err := w.weather.count(t.Context(), true); err != nil {
		t.Error(err)
	}
}

// judge tells what was found, and that enough happened to find something.
func (w *world) judge(t *testing.T, trouble *troubles, registry *moody) {
	t.Helper()
	faults, looked := w.ledger.found()
	for _, fault := range faults {
		t.Error(fault)
	}
	if w.weather.outside > 0 {
		t.Errorf("%d calls of the webhooks came to nothing while all was well; all that the API server logged of such, in troubles or out of them:\n%s",
			w.weather.outside, loggedFailures(t, w.cluster))
	}
	for _, each := range trouble.all() {
		if trouble.had[each.name] == 0 {
			t.Errorf("it never happened that %s: the chaos was too short", each.name)
		}
	}
	asked := registry.asked()
	t.Logf("%d writes: %v", w.writes.Load(), w.kinds)
	t.Log(looked)
	t.Logf("troubles: %v; failed attempts that they excuse: %v", trouble.had, w.weather.excused)
	t.Logf("%d tags; requests by the registry's mood: %v", w.newest.Load()+1, asked)
	if w.ledger.moves == 0 || w.ledger.downs == 0 || len(w.kinds) < 10 {
		t.Errorf("too little happened: %d moves up, %d down, %v", w.ledger.moves, w.ledger.downs, slices.Sorted(maps.Keys(w.kinds)))
	}
}
