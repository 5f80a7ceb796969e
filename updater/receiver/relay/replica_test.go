package relay_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	toolscache "k8s.io/client-go/tools/cache"
	testingclock "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/garboard-dev/garboard/updater/poll"
	"github.com/garboard-dev/garboard/updater/receiver/relay"
)

const namespace = "garboard"

var start = time.Date(2026, 9, 22, 8, 30, 0, 0, time.UTC)

// informers is a real informer of the ConfigMap of a fake API server.
type informers struct {
	informer toolscache.SharedIndexInformer
}

func (i informers) GetInformer(context.Context, client.Object, ...cache.InformerGetOption) (cache.Informer, error) {
	return i.informer, nil
}

// listing says that the fake API server cannot begin a watch with a list.
type listing struct{}

func (listing) IsWatchListSemanticsUnSupported() bool { return true }

func watching(t *testing.T, api client.WithWatch) informers {
	t.Helper()
	// Open before the list: the fake keeps no events for a watch to begin with.
	events, err := api.Watch(t.Context(), &corev1.ConfigMapList{}, client.InNamespace(namespace))
	if err != nil {
		t.Fatal(err)
	}
	informer := toolscache.NewSharedIndexInformer(toolscache.ToListWatcherWithWatchListSemantics(&toolscache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, _ metav1.ListOptions) (runtime.Object, error) {
			list := &corev1.ConfigMapList{}
			return list, api.List(ctx, list, client.InNamespace(namespace))
		},
		WatchFuncWithContext: func(context.Context, metav1.ListOptions) (watch.Interface, error) { return events, nil },
	}, listing{}), &corev1.ConfigMap{}, 0, nil)
	go informer.RunWithContext(t.Context())
	return informers{informer}
}

// replica is a relay with what it handed over.
type replica struct {
	*relay.Relay
	metrics *prometheus.Registry
	told    chan poll.Push

	mu     sync.Mutex
	handed []string
}

func newReplica(t *testing.T, api client.WithWatch, clock *testingclock.FakeClock) *replica {
	t.Helper()
	r := &replica{metrics: prometheus.NewRegistry(), told: make(chan poll.Push, 10_000)}
	counted, err := relay.NewMetrics(r.metrics)
	if err != nil {
		t.Fatal(err)
	}
	o := relay.Options{
		Namespace: namespace, Client: api, Informers: watching(t, api), Metrics: counted, Log: logr.Discard(),
		Hand: func(p poll.Push) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.handed = append(r.handed, p.Repository)
			r.told <- p
		},
	}
	if clock != nil {
		o.Clock = clock
	}
	r.Relay = relay.New(o)
	return r
}

func (r *replica) run(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	stop = func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	return sync.OnceFunc(stop)
}

// next is what is handed over next.
func (r *replica) next(t *testing.T) poll.Push {
	t.Helper()
	select {
	case p := <-r.told:
		return p
	case <-time.After(20 * time.Second):
		t.Fatal("nothing is handed over")
		return poll.Push{}
	}
}

func (r *replica) pushed(t *testing.T, at time.Time, repositories ...string) {
	t.Helper()
	pushes := make([]poll.Push, 0, len(repositories))
	for _, repository := range repositories {
		pushes = append(pushes, poll.Push{Repository: repository, Received: at})
	}
	if err := r.Pushed(pushes); err != nil {
		t.Fatal(err)
	}
}

func (r *replica) wantHanded(t *testing.T, want ...string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	slices.Sort(r.handed)
	if diff := cmp.Diff(want, r.handed); diff != "" {
		t.Errorf("handed over (-want +got):\n%s", diff)
	}
	r.handed = nil
}

func stored(t *testing.T, api client.Client) *corev1.ConfigMap {
	t.Helper()
	object := &corev1.ConfigMap{}
	if err := api.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: relay.Name}, object); err != nil {
		t.Fatal(err)
	}
	return object
}

func wrote(t *testing.T, r *replica, outcome string, want int) {
	t.Helper()
	text := fmt.Sprintf("# HELP garboard_push_relay_writes_total Writes of pushes for other replicas, by outcome.\n"+
		"# TYPE garboard_push_relay_writes_total counter\ngarboard_push_relay_writes_total{outcome=%q} %d\n", outcome, want)
	if err := testutil.GatherAndCompare(r.metrics, strings.NewReader(text)); err != nil {
		t.Error(err)
	}
}
