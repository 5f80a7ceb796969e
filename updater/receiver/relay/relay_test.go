package relay_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	testingclock "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/garboard-dev/garboard/updater/poll"
	"github.com/garboard-dev/garboard/updater/receiver/relay"
)

func TestAPushReachesEveryReplicaOnce(t *testing.T) {
	api := fake.NewClientBuilder().Build()
	one, two := newReplica(t, api, nil), newReplica(t, api, nil)
	defer one.run(t)()
	defer two.run(t)()
	now := time.Now()
	for _, image := range []string{"docker.io/library/nginx", "ghcr.io/team/app", "docker.io/library/nginx"} {
		one.pushed(t, now, image)
		now = now.Add(time.Nanosecond)
		for _, r := range []*replica{one, two} {
			if got := r.next(t); got.Repository != image {
				t.Errorf("handed over %+v, want %q", got, image)
			}
		}
	}
	two.pushed(t, now, "quay.io/team/last")
	if got := one.next(t); got.Repository != "quay.io/team/last" || !got.Received.Equal(now) {
		t.Errorf("handed over %+v", got)
	}
	one.wantHanded(t, "docker.io/library/nginx", "docker.io/library/nginx", "ghcr.io/team/app", "quay.io/team/last")
	if got := two.next(t); got.Repository != "quay.io/team/last" {
		t.Errorf("handed over %+v", got)
	}
	two.wantHanded(t, "docker.io/library/nginx", "docker.io/library/nginx", "ghcr.io/team/app", "quay.io/team/last")
}

// A push that was accepted while the leader died is there for the next one, also
// for a process that began later.
func TestAReplicaThatComesLaterFindsWhatWasPushed(t *testing.T) {
	api := fake.NewClientBuilder().Build()
	one := newReplica(t, api, nil)
	stop := one.run(t)
	first := time.Now()
	last := first.Add(time.Millisecond)
	one.pushed(t, first, "ghcr.io/team/app")
	one.next(t)
	one.pushed(t, last, "ghcr.io/team/app") // waits for others to come
	stop()                                  // what waits is written before the end
	late := newReplica(t, api, nil)
	defer late.run(t)()
	if got := late.next(t); got.Repository != "ghcr.io/team/app" {
		t.Errorf("handed over %+v", got)
	}
	recent := late.Recent()
	if len(recent) != 1 || recent[0].Repository != "ghcr.io/team/app" || !recent[0].Received.Equal(last) {
		t.Errorf("recent: %+v", recent)
	}
}

// One image is a dozen notifications: the first counts at once, and the rest once
// more when they are over, since the tag may come last.
func TestNotificationsOfARepositoryAreCoalesced(t *testing.T) {
	api := fake.NewClientBuilder().Build()
	clock := testingclock.NewFakeClock(start)
	r := newReplica(t, api, clock)
	r.pushed(t, start, "ghcr.io/team/app", "ghcr.io/team/other")
	r.Step(t.Context())
	r.wantHanded(t, "ghcr.io/team/app", "ghcr.io/team/other")
	for range 20 {
		clock.Step(10 * time.Millisecond)
		r.pushed(t, clock.Now(), "ghcr.io/team/app")
		if wait := r.Step(t.Context()); wait <= 0 || wait > time.Second {
			t.Fatalf("to come back after %s", wait)
		}
	}
	r.wantHanded(t)
	clock.Step(800 * time.Millisecond)
	r.Step(t.Context())
	r.wantHanded(t, "ghcr.io/team/app")
	if got := stored(t, api).Data[relay.KeyOf("ghcr.io/team/app")]; got != `{"repository":"ghcr.io/team/app","at":"2026-09-22T08:30:00.01Z"}` {
		t.Errorf("stored: %s", got)
	}
}

func TestABurstIsOneWrite(t *testing.T) {
	r := newReplica(t, fake.NewClientBuilder().Build(), testingclock.NewFakeClock(start))
	for i := range 200 {
		r.pushed(t, start, fmt.Sprintf("ghcr.io/team/app-%d", i))
	}
	r.Step(t.Context())
	wrote(t, r, "written", 1)
}

func TestNoMoreIsTakenThanThereIsRoomFor(t *testing.T) {
	r := newReplica(t, fake.NewClientBuilder().Build(), testingclock.NewFakeClock(start))
	for i := range relay.MaxKeys {
		r.pushed(t, start, fmt.Sprintf("ghcr.io/team/app-%d", i))
	}
	if err := r.Pushed([]poll.Push{{Repository: "ghcr.io/team/one-more"}}); !errors.Is(err, relay.ErrFull) {
		t.Errorf("got %v, want %v", err, relay.ErrFull)
	}
	r.pushed(t, start, "ghcr.io/team/app-7") // takes no room
}

// The object has a megabyte at most; what is oldest makes room.
func TestTheOldestMakeRoom(t *testing.T) {
	api := fake.NewClientBuilder().Build()
	clock := testingclock.NewFakeClock(start)
	r := newReplica(t, api, clock)
	for i := range relay.MaxKeys {
		r.pushed(t, start.Add(time.Duration(i)*time.Millisecond), fmt.Sprintf("ghcr.io/team/app-%d", i))
	}
	r.Step(t.Context())
	r.Heard(stored(t, api))
	clock.Step(time.Minute)
	r.pushed(t, clock.Now(), "ghcr.io/team/new-1", "ghcr.io/team/new-2", "ghcr.io/team/app-0")
	r.Step(t.Context())
	data := stored(t, api).Data
	if len(data) != relay.MaxKeys {
		t.Errorf("%d keys, want %d", len(data), relay.MaxKeys)
	}
	for repository, want := range map[string]bool{
		"ghcr.io/team/new-1": true, "ghcr.io/team/new-2": true, "ghcr.io/team/app-0": true,
		"ghcr.io/team/app-1": false, "ghcr.io/team/app-2": false, "ghcr.io/team/app-3": true,
	} {
		if _, there := data[relay.KeyOf(repository)]; there != want {
			t.Errorf("%s is there: %v, want %v", repository, there, want)
		}
	}
}

// While nothing can be written, this process is told all the same, and once.
func TestAWriteThatFailsIsTriedAgain(t *testing.T) {
	broken := true
	api := fake.NewClientBuilder().WithInterceptorFuncs(interceptor.Funcs{
		Patch: func(ctx context.Context, c client.WithWatch, object client.Object, p client.Patch, opts ...client.PatchOption) error {
			if broken {
				return errors.New("the API server is away")
			}
			return c.Patch(ctx, object, p, opts...)
		},
	}).Build()
	clock := testingclock.NewFakeClock(start)
	r := newReplica(t, api, clock)
	r.pushed(t, start, "ghcr.io/team/app")
	if wait := r.Step(t.Context()); wait != time.Second {
		t.Errorf("again after %s, want a second", wait)
	}
	r.pushed(t, start, "ghcr.io/team/other")
	r.Step(t.Context())
	r.wantHanded(t, "ghcr.io/team/app", "ghcr.io/team/other")
	wrote(t, r, "failed", 1)
	clock.Step(time.Second)
	if wait := r.Step(t.Context()); wait != 2*time.Second {
		t.Errorf("again after %s, want two seconds", wait)
	}
	broken = false
	clock.Step(2 * time.Second)
	r.Step(t.Context())
	if got := len(stored(t, api).Data); got != 2 {
		t.Errorf("%d are stored, want 2", got)
	}
	r.Heard(stored(t, api))
	r.wantHanded(t)
}

// While the ConfigMap cannot be written, or may not be watched, no word comes of what was
// handed over here, and it could be remembered without end.
func TestWhatWasHandedOverIsForgottenWithoutAWord(t *testing.T) {
	for name, broken := range map[string]bool{"the API server takes no write": true, "the ConfigMap may not be watched": false} {
		t.Run(name, func(t *testing.T) {
			api := interceptor.NewClient(fake.NewClientBuilder().Build(), interceptor.Funcs{
				Patch: func(context.Context, client.WithWatch, client.Object, client.Patch, ...client.PatchOption) error {
					if broken {
						return errors.New("no")
					}
					return nil
				},
			})
			clock := testingclock.NewFakeClock(start)
			r := newReplica(t, api, clock)
			for round := range 5 {
				var repositories []string
				for i := range relay.MaxKeys {
					repositories = append(repositories, fmt.Sprintf("ghcr.io/team/app-%d-%d", round, i))
				}
				r.pushed(t, clock.Now(), repositories...)
				r.Step(t.Context())
				clock.Step(time.Minute)
			}
			if got := r.Handed(); got > 3*relay.MaxKeys {
				t.Errorf("%d are remembered", got)
			}
		})
	}
}

func TestOldPushesArePruned(t *testing.T) {
	api := fake.NewClientBuilder().Build()
	clock := testingclock.NewFakeClock(start)
	r := newReplica(t, api, clock)
	r.pushed(t, start, "ghcr.io/team/old", "ghcr.io/team/renewed")
	r.Step(t.Context())
	clock.Step(relay.Retention)
	r.pushed(t, clock.Now(), "ghcr.io/team/young")
	r.Step(t.Context())
	clock.Step(time.Second)
	r.Heard(stored(t, api))

	// Another replica writes what this one has not heard of: it must not be lost.
	other := newReplica(t, api, clock)
	other.pushed(t, clock.Now(), "ghcr.io/team/renewed")
	other.Step(t.Context())
	r.Prune(t.Context())
	if got := len(stored(t, api).Data); got != 3 {
		t.Errorf("%d keys, want all 3 left alone", got)
	}
	r.Heard(stored(t, api))
	r.Prune(t.Context())
	data := stored(t, api).Data
	if _, there := data[relay.KeyOf("ghcr.io/team/old")]; there || len(data) != 2 {
		t.Errorf("left: %v", data)
	}
	if recent := r.Recent(); len(recent) != 2 {
		t.Errorf("recent: %+v", recent)
	}
}

// Whoever may write the ConfigMap gets nothing but polls of repositories.
func TestWhatIsNoPushIsNotHandedOver(t *testing.T) {
	r := newReplica(t, fake.NewClientBuilder().Build(), testingclock.NewFakeClock(start))
	at := func(t time.Time) string { return t.Format(time.RFC3339Nano) }
	r.Heard(&corev1.ConfigMap{Data: map[string]string{
		"good":        `{"repository":"ghcr.io/team/app","at":"` + at(start) + `"}`,
		"empty":       "",
		"no JSON":     "{",
		"no time":     `{"repository":"ghcr.io/team/a"}`,
		"old":         `{"repository":"ghcr.io/team/b","at":"` + at(start.Add(-time.Hour)) + `"}`,
		"to come":     `{"repository":"ghcr.io/team/c","at":"` + at(start.Add(time.Hour)) + `"}`,
		"no image":    `{"repository":"ghcr.io/TEAM","at":"` + at(start) + `"}`,
		"no registry": `{"repository":"nginx","at":"` + at(start) + `"}`,
		"with a tag":  `{"repository":"ghcr.io/team/d:1","at":"` + at(start) + `"}`,
		"with more":   `{"repository":"ghcr.io/team/e","tag":"1","at":"` + at(start) + `"}`, // as an earlier version wrote it
		"too long":    `{"repository":"ghcr.io/team/f","tag":"1","x":"` + strings.Repeat("x", 4000) + `","at":"` + at(start) + `"}`,
	}})
	r.wantHanded(t, "ghcr.io/team/app", "ghcr.io/team/e")
}
