package updater

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	cachetesting "k8s.io/client-go/tools/cache/testing"
	"k8s.io/client-go/tools/events"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/resolver/policy"
	"github.com/garboard-dev/garboard/updater/report"
	"github.com/garboard-dev/garboard/updater/watched"
)

// many is an API server in memory with many Deployments, and a registry that has nothing
// newer for them.
type many struct {
	cache.Cache
	deployments, others, namespaces *cachetesting.FakeControllerSource
	informers                       map[string]toolscache.SharedIndexInformer
	// asked is how often credentials were looked for, evaluated how often the registry was
	// asked about a workload.
	asked, evaluated int
	// list is the number of all lists; zero where more than the list decides.
	list  uint64
	clock *clocktesting.FakeClock
}

// perNamespace is how many Deployments a namespace has.
const perNamespace = 200

func newMany(workloads, repositories int) *many {
	m := &many{
		deployments: cachetesting.NewFakeControllerSource(), others: cachetesting.NewFakeControllerSource(),
		namespaces: cachetesting.NewFakeControllerSource(), informers: map[string]toolscache.SharedIndexInformer{},
		clock: clocktesting.NewFakeClock(noon),
	}
	for n := range workloads {
		if n%perNamespace == 0 {
			m.namespaces.Add(&metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{
				Name: fmt.Sprintf("team-%d", n/perNamespace), Labels: map[string]string{workload.LabelEnabled: "true"},
			}})
		}
		m.deployments.Add(oneOfMany(n, repositories))
	}
	return m
}

// oneOfMany is a Deployment of the size that people have, which was moved once.
func oneOfMany(n, repositories int) *appsv1.Deployment {
	variables := make([]corev1.EnvVar, 20)
	for i := range variables {
		variables[i] = corev1.EnvVar{Name: fmt.Sprintf("SETTING_%d", i), Value: fmt.Sprintf("the value of setting %d of workload %d", i, n)}
	}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{
			Name: fmt.Sprintf("web-%d", n), Namespace: fmt.Sprintf("team-%d", n/perNamespace), UID: types.UID(fmt.Sprintf("0b1f4bd5-4d57-4a6e-9a39-%012d", n)), Generation: 2,
			Labels:      map[string]string{"app.kubernetes.io/name": "web"},
			Annotations: map[string]string{"garboard.dev/policy": "minor", "garboard.dev/pollSchedule": "@every 1m", "example.com/team": "web"},
		},
		Spec: appsv1.DeploymentSpec{Replicas: new(int32(2)), Template: corev1.PodTemplateSpec{
			ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{workload.AnnotationRecord: "web=1.3.0"}},
			Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "web", Image: fmt.Sprintf("%s-%d:1.3.0", repository, n%repositories), Env: variables}}},
		}},
		Status: appsv1.DeploymentStatus{ObservedGeneration: 2, Replicas: 2, UpdatedReplicas: 2, ReadyReplicas: 2, AvailableReplicas: 2},
	}
}

// GetInformer implements cache.Informers.
func (m *many) GetInformer(_ context.Context, o client.Object, _ ...cache.InformerGetOption) (cache.Informer, error) {
	name := fmt.Sprintf("%T", o)
	if known := m.informers[name]; known != nil {
		return known, nil
	}
	source := m.others
	switch o.(type) {
	case *metav1.PartialObjectMetadata:
		source = m.namespaces
	case *appsv1.Deployment:
		source = m.deployments
	case *appsv1.StatefulSet, *appsv1.DaemonSet, *batchv1.CronJob:
	default:
		return nil, fmt.Errorf("the updater follows a %T", o)
	}
	informer := toolscache.NewSharedIndexInformer(source, o, 0, toolscache.Indexers{toolscache.NamespaceIndex: toolscache.MetaNamespaceIndexFunc})
	m.informers[name] = informer
	return informer, informer.SetTransform(watched.CacheOptions(workload.StandardKinds()).DefaultTransform)
}

// Get implements client.Reader for namespaces.
func (m *many) Get(_ context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	into.SetName(key.Name)
	into.SetLabels(map[string]string{workload.LabelEnabled: "true"})
	return nil
}

// Resolve implements poll.Resolver. It asks for credentials, as a resolver does.
func (m *many) Resolve(ctx context.Context, q resolver.Query) (resolver.Resolution, error) {
	if _, err := q.Credentials.For(ctx, q.Repository); err != nil {
		return resolver.Resolution{}, err
	}
	m.evaluated++
	return resolver.Resolution{Tag: q.Tag, Reason: policy.StayNewest, List: m.list}, nil
}

// Of implements poll.Credentials.
func (m *many) Of(string, *workload.Object, workload.Slot, settings.Rule) resolver.Credentials {
	return m
}

// For implements resolver.Credentials: there are none.
func (m *many) For(context.Context, resolver.Repository) ([]resolver.Credential, error) {
	m.asked++
	return nil, nil
}

// follow starts an Updater that knows all workloads, and does nothing by itself.
func (m *many) follow(tb testing.TB) *Updater {
	tb.Helper()
	counted, err := report.NewMetrics(prometheus.NewRegistry())
	if err != nil {
		tb.Fatal(err)
	}
	u := New(Options{
		Kinds: workload.StandardKinds(), Cache: watched.NewCache(m), Resolver: m, Credentials: m, Metrics: counted, Events: events.NewFakeRecorder(0), Clock: m.clock,
	})
	for _, kind := range u.Kinds.Rolling() {
		if _, err := u.Cache.GetInformer(tb.Context(), watched.Empty(kind.GroupVersionKind)); err != nil {
			tb.Fatal(err)
		}
	}
	if _, err := u.Cache.GetInformer(tb.Context(), watched.EmptyNamespace()); err != nil {
		tb.Fatal(err)
	}
	for _, informer := range m.informers {
		go informer.RunWithContext(tb.Context())
	}
	if err := u.watch(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { u.poller.ShutDown(); u.mover.ShutDown(); u.watcher.ShutDown() })
	return u
}

// poll polls a repository when it is due.
func (m *many) poll(tb testing.TB, u *Updater, repository string) {
	tb.Helper()
	m.clock.Step(time.Minute)
	if err := u.poller.Poll(tb.Context(), repository); err != nil {
		tb.Fatal(err)
	}
}

// BenchmarkMany tells what an updater keeps of each workload, and what a poll takes for each.
func BenchmarkMany(b *testing.B) {
	for _, size := range []struct{ workloads, repositories int }{{1000, 200}, {10000, 200}, {30000, 2000}} {
		b.Run(fmt.Sprintf("workloads=%d/repositories=%d", size.workloads, size.repositories), func(b *testing.B) {
			m := newMany(size.workloads, size.repositories)
			before := heapInUse()
			u := m.follow(b)
			kept := heapInUse() - before
			followed := u.poller.Repositories()
			if len(followed) != size.repositories || len(u.poller.Keys()) != size.workloads {
				b.Fatalf("%d workloads of %d repositories are followed", len(u.poller.Keys()), len(followed))
			}
			polled := 0
			b.ReportAllocs()
			for b.Loop() { // one repository each, when it is due
				b.StopTimer()
				m.clock.Step(time.Minute)
				b.StartTimer()
				if err := u.poller.Poll(b.Context(), followed[polled%len(followed)]); err != nil {
					b.Fatal(err)
				}
				polled++
			}
			if each := size.workloads / size.repositories; m.evaluated != polled*each {
				b.Fatalf("%d evaluations in %d polls of %d workloads", m.evaluated, polled, each)
			}
			b.ReportMetric(float64(kept)/float64(size.workloads), "kept-B/workload")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(polled*size.workloads/size.repositories), "ns/workload")
			runtime.KeepAlive(u)
		})
	}
}

// heapInUse is what is in use after everything else was collected.
func heapInUse() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// What a poll allocates for a workload is the same however many there are: the first of
// what would make ten times the workloads cost more than ten times as much. Of a list that is
// the same as before it evaluates one.
func TestAPollTakesTheSameForEachWorkload(t *testing.T) {
	for name, test := range map[string]struct {
		list      uint64
		evaluated func(workloads int) int
		most      float64
	}{
		"where more than the list decides": {0, func(workloads int) int { return 4 * workloads }, 150},
		"of the same list":                 {7, func(workloads int) int { return workloads + 3 }, 10},
	} {
		t.Run(name, func(t *testing.T) {
			of := func(workloads int) float64 {
				m := newMany(workloads, 1)
				m.list = test.list
				u := m.follow(t)
				m.poll(t, u, repository+"-0")
				allocations := testing.AllocsPerRun(2, func() { m.poll(t, u, repository+"-0") }) // and once before
				if want := test.evaluated(workloads); m.evaluated != want {
					t.Errorf("%d evaluations of %d workloads in 4 polls, want %d", m.evaluated, workloads, want)
				}
				return allocations / float64(workloads)
			}
			few, all := of(20), of(400)
			t.Logf("%.2f allocations for each of 400 workloads, %.2f of 20", all, few)
			if all > 1.25*few || all > test.most {
				t.Errorf("a poll allocates %.0f times for each of 400 workloads, and %.0f for each of 20; want no more, and at most %.0f", all, few, test.most)
			}
		})
	}
}

func TestAPollLooksForCredentialsOnceForEachWorkload(t *testing.T) {
	m := newMany(20, 1)
	u := m.follow(t)
	m.poll(t, u, repository+"-0")
	if m.asked != 20 {
		t.Errorf("it looked %d times for the credentials of 20 workloads", m.asked)
	}
}
