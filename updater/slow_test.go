package updater

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"

	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/resolver/policy"
	"github.com/garboard-dev/garboard/updater/poll"
	"github.com/garboard-dev/garboard/updater/report"
)

// slowRegistry answers for repositories under slow.example after delay, and for all
// others at once; it counts by repository and tag.
type slowRegistry struct {
	delay time.Duration
	mu    sync.Mutex
	reads map[string]int
}

// Resolve is a Resolver.
func (r *slowRegistry) Resolve(ctx context.Context, q resolver.Query) (resolver.Resolution, error) {
	if strings.HasPrefix(q.Repository.String(), "slow.example/") {
		select {
		case <-time.After(r.delay):
		case <-ctx.Done():
			return resolver.Resolution{}, ctx.Err()
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reads[q.Repository.String()+":"+q.Tag]++
	return resolver.Resolution{Tag: q.Tag, Reason: policy.StayNewest}, nil
}

func (r *slowRegistry) of(image string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.reads[image]
}

// polledEachMinute is a workload whose containers run the tags 1.0.0, 1.0.1 and so on.
func polledEachMinute(t *testing.T, name, repository string, containers int) *unstructured.Unstructured {
	t.Helper()
	list := make([]any, containers)
	for i := range list {
		list[i] = map[string]any{"name": fmt.Sprintf("c%02d", i), "image": fmt.Sprintf("%s:1.0.%d", repository, i)}
	}
	o := object(t, `{apiVersion: apps/v1, kind: Deployment, metadata: {namespace: on,
  annotations: {garboard.dev/policy: patch, garboard.dev/pollSchedule: "@every 1m"}}}`)
	o.SetName(name)
	set(t, o, list, "spec", "template", "spec", "containers")
	return o
}

// newPoller is an updater that polls by the clock of a synctest bubble.
func newPoller(t *testing.T, registry *slowRegistry, workers int, objects ...*unstructured.Unstructured) (*Updater, *events.FakeRecorder) {
	t.Helper()
	metrics, err := report.NewMetrics(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	s, recorder := &server{objects: map[string]*unstructured.Unstructured{}}, events.NewFakeRecorder(100)
	u := New(Options{Cache: cached{server: s}, Resolver: registry, Metrics: metrics, Clock: clock.RealClock{}, Events: recorder, Workers: workers})
	u.poller.Lead(true)
	for _, o := range objects {
		s.objects[o.GetName()] = o
		u.track(t.Context(), keyIs(o), o)
	}
	return u, recorder
}

// stop ends the queues of an updater, and waits for its polls.
func stop(t *testing.T, u *Updater) {
	t.Helper()
	u.poller.ShutDown()
	u.mover.ShutDown()
	u.watcher.ShutDown()
	u.poller.Run(t.Context())
}

// polling runs the workers of an updater for so long, and looks at its liveness each
// ten seconds.
func polling(t *testing.T, u *Updater, lasts time.Duration) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var polls sync.WaitGroup
	polls.Go(func() { u.poller.Run(ctx) })
	for end := time.Now().Add(lasts); time.Now().Before(end); <-time.After(10 * time.Second) {
		if err := u.Healthy(); err != nil {
			t.Errorf("liveness: %v", err)
			break
		}
	}
	cancel()
	stop(t, u)
	polls.Wait()
}

// Ten repositories of which each read takes 45 seconds had all workers, and the process
// killed by its liveness probe, so that no other repository was polled.
func TestSlowRegistriesKeepNoOtherPoll(t *testing.T) {
	for name, tt := range map[string]struct {
		repositories, containers int
		lasts                    time.Duration
		// reads is the least of each container of the slow ones.
		reads int
	}{
		"ten slow repositories of a container each":         {10, 1, time.Hour, 25},
		"ten slow repositories of twenty containers each":   {10, 20, 2 * time.Hour, 2},
		"more slow repositories than may be polled at once": {100, 1, 2 * time.Hour, 10},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				registry := &slowRegistry{delay: 45 * time.Second, reads: map[string]int{}}
				objects := []*unstructured.Unstructured{polledEachMinute(t, "fast", "fast.example/app", 1)}
				for i := range tt.repositories {
					objects = append(objects, polledEachMinute(t, fmt.Sprintf("slow-%d", i), fmt.Sprintf("slow.example/app-%d", i), tt.containers))
				}
				u, _ := newPoller(t, registry, 4, objects...)
				polling(t, u, tt.lasts)
				// An interval is a minute and six seconds of jitter at most; the first two may
				// wait until the slow ones are known as such.
				if got, want := registry.of("fast.example/app:1.0.0"), int(tt.lasts/(66*time.Second))-3; got < want {
					t.Errorf("the fast repository was read %d times in %s, want %d", got, tt.lasts, want)
				}
				for i := range tt.repositories {
					for c := range tt.containers {
						image := fmt.Sprintf("slow.example/app-%d:1.0.%d", i, c)
						if got := registry.of(image); got < tt.reads {
							t.Errorf("%s was read %d times in %s, want %d", image, got, tt.lasts, tt.reads)
						}
					}
				}
			})
		})
	}
}

// Whoever may write one namespace has as many slow registries as they like.
func TestSlowRegistriesOfOneNamespaceKeepNoSlowPollOfAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := &slowRegistry{delay: 45 * time.Second, reads: map[string]int{}}
		other := polledEachMinute(t, "other", "slow.example/other", 1)
		other.SetNamespace("other")
		objects := []*unstructured.Unstructured{other}
		for i := range 400 {
			objects = append(objects, polledEachMinute(t, fmt.Sprintf("slow-%d", i), fmt.Sprintf("slow.example/app-%d", i), 1))
		}
		u, _ := newPoller(t, registry, 4, objects...)
		polling(t, u, 2*time.Hour)
		// A read, an interval, and five seconds where no place was free.
		if got, want := registry.of("slow.example/other:1.0.0"), int(2*time.Hour/(2*time.Minute))-5; got < want {
			t.Errorf("the slow repository of another namespace was read %d times in 2h, want %d", got, want)
		}
	})
}

// A read that is cut off since there is no place for another slow poll says nothing
// about the registry.
func TestPollThatIsPutOffTellsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const places = 6 // of one worker, for one namespace
		registry := &slowRegistry{delay: 55 * time.Second, reads: map[string]int{}}
		objects := []*unstructured.Unstructured{polledEachMinute(t, "late", "slow.example/late", 1)}
		for i := range places {
			objects = append(objects, polledEachMinute(t, fmt.Sprintf("slow-%d", i), fmt.Sprintf("slow.example/app-%d", i), 1))
		}
		u, recorder := newPoller(t, registry, 1, objects...)
		for i := range places {
			u.Pushed(poll.Push{Repository: fmt.Sprintf("slow.example/app-%d", i)})
			u.poller.Work(t.Context())
		}
		u.Pushed(poll.Push{Repository: "slow.example/late"})
		began := time.Now()
		u.poller.Work(t.Context())
		if took := time.Since(began); took != 5*time.Second || registry.of("slow.example/late:1.0.0") > 0 {
			t.Fatalf("the poll that finds no place had its worker for %s", took)
		}
		if len(recorder.Events) > 0 {
			t.Errorf("told %q", <-recorder.Events)
		}
		for _, standing := range u.Standings("") {
			if standing.Reason == report.ReasonUnavailable {
				t.Errorf("standing %+v", standing)
			}
		}
		for time.Since(began) < 10*time.Minute { // the others take turns with it
			u.poller.Work(t.Context())
		}
		stop(t, u)
		if registry.of("slow.example/late:1.0.0") == 0 {
			t.Error("it is not read once there is a place")
		}
	})
}
