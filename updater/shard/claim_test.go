package shard

import (
	"context"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/utils/clock"
	clocktesting "k8s.io/utils/clock/testing"
	"k8s.io/utils/ptr"
)

func ownClaim(t *testing.T, clock clock.Clock) (*Member, *claim) {
	t.Helper()
	m, err := New(Options{
		Leases: fake.NewClientset().CoordinationV1(), Namespace: "garboard", Shards: 1, Identity: "a_1", Clock: clock,
		LeaseDuration: 30 * time.Second, RenewDeadline: 20 * time.Second, RetryPeriod: 4 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	c, err := m.newClaim(t.Context(), 0, resourcelock.LeaderElectionRecord{})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.lock.Create(t.Context(), resourcelock.LeaderElectionRecord{HolderIdentity: m.Identity, LeaseDurationSeconds: 30}); err != nil {
		t.Fatal(err)
	}
	m.claims[0], m.looked = c, clock.Now()
	m.won(t.Context(), c)
	return m, c
}

// A process that was stopped for a minute, with its whole machine perhaps, wakes
// up in the middle of what it did: nothing has told it yet that the shard is
// another's.
func TestNothingBeginsOnceTheLeaseMayBeAnothers(t *testing.T) {
	for name, test := range map[string]struct {
		renewed, looked time.Duration // how long ago
		want            bool
	}{
		"just renewed":                      {0, 0, true},
		"within the deadline":               {19 * time.Second, 19 * time.Second, true},
		"not renewed within the deadline":   {20 * time.Second, 0, false},
		"nobody looked within the deadline": {0, 20 * time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			clock := clocktesting.NewFakeClock(time.Unix(1000, 0))
			m, c := ownClaim(t, clock)
			c.lock.at, m.looked = clock.Now().Add(-test.renewed), clock.Now().Add(-test.looked)
			if got := m.Owns("example.com/app"); got != test.want {
				t.Errorf("Owns: got %v, want %v", got, test.want)
			}
			_, done, ok := m.Begin(t.Context(), "example.com/app")
			if ok != test.want {
				t.Errorf("Begin: got %v, want %v", ok, test.want)
			}
			if ok {
				done()
			}
		})
	}
}

// A poll that is refused is planned no more until it is told of a change. The election knows
// of none where the Lease was renewed late, and yet in time.
func TestListenerIsToldWhenARefusedShardIsWorkedOnAgain(t *testing.T) {
	for name, test := range map[string]struct {
		late    time.Duration
		begins  bool
		renewed bool
		want    bool
	}{
		"a piece of work was refused":        {late: 20 * time.Second, begins: true, renewed: true, want: true},
		"nothing was refused, in time":       {late: 19 * time.Second, begins: true, renewed: true},
		"nothing was refused, nothing due":   {late: 20 * time.Second, renewed: true},
		"the Lease has not been renewed yet": {late: 20 * time.Second, begins: true},
	} {
		t.Run(name, func(t *testing.T) {
			clock := clocktesting.NewFakeClock(time.Unix(1000, 0))
			m, c := ownClaim(t, clock)
			<-m.Changed() // the shard was won
			clock.Step(test.late)
			if test.begins {
				if _, done, ok := m.Begin(t.Context(), "example.com/app"); ok {
					done()
				}
			}
			if test.renewed {
				c.lock.at = clock.Now()
			}
			if err := m.round(t.Context()); err != nil {
				t.Fatal(err)
			}
			if owns := m.Owns("example.com/app"); owns != test.renewed {
				t.Errorf("Owns: got %v, want %v", owns, test.renewed)
			}
			select {
			case <-m.Changed():
				if !test.want {
					t.Error("a change was told")
				}
			default:
				if test.want {
					t.Error("no change was told")
				}
			}
		})
	}
}

func TestWorkIsToldThatItsShardIsLost(t *testing.T) {
	m, c := ownClaim(t, clock.RealClock{})
	work, done, ok := m.Begin(t.Context(), "example.com/app")
	if !ok {
		t.Fatal("the owner may not begin")
	}
	defer done()
	m.ended(c)
	select {
	case <-work.Done():
	case <-t.Context().Done():
		t.Error("the work goes on")
	}
	if m.Owns("example.com/app") {
		t.Error("the shard is still owned")
	}
}

// Without it, whoever lost its Lease in an outage takes it from the next owner when
// the API server is back, and a third one takes it from there: two owners.
func TestReleaseLeavesTheLeaseOfTheNextOwner(t *testing.T) {
	m, c := ownClaim(t, clock.RealClock{})
	leases := m.Leases.Leases("garboard")
	held := func() string {
		lease, err := leases.Get(t.Context(), LeaseName(0), metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return ptr.Deref(lease.Spec.HolderIdentity, "")
	}
	lease, err := leases.Get(t.Context(), LeaseName(0), metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ holder, want string }{{"b_1", "b_1"}, {m.Identity, ""}} {
		lease.Spec.HolderIdentity = &test.holder
		if lease, err = leases.Update(t.Context(), lease, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		if err := c.lock.release(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
		if got := held(); got != test.want {
			t.Errorf("held by %q, released by %q: it is %q's then, want %q", test.holder, m.Identity, got, test.want)
		}
	}
}

// Without it, what a killed updater had is nobody's for twice as long as a Lease
// lasts: until the others see that it has run out, and then as long again.
func TestLeaseThatHasRunOutIsNotWaitedForAgain(t *testing.T) {
	m, first := ownClaim(t, clock.RealClock{})
	leases := m.Leases.Leases("garboard")
	lease, err := leases.Get(t.Context(), LeaseName(0), metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	lease.Spec.HolderIdentity, lease.Spec.LeaseDurationSeconds = ptr.To("b_1"), ptr.To[int32](3600)
	if lease, err = leases.Update(t.Context(), lease, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	c := newCensus(m.Options)
	c.look([]coordinationv1.Lease{*lease}, time.Unix(0, 0))
	gone := c.look([]coordinationv1.Lease{*lease}, time.Unix(3600, 0))
	record, _, err := first.lock.Get(t.Context())
	if err != nil || record.HolderIdentity != "b_1" {
		t.Fatalf("before it has run out it is held by %q, %v", record.HolderIdentity, err)
	}
	next, err := m.newClaim(t.Context(), 0, gone.ranOut[0])
	if err != nil {
		t.Fatal(err)
	}
	if record, _, err = next.lock.Get(t.Context()); err != nil || record.HolderIdentity != "" {
		t.Errorf("once it has run out it is held by %q, %v", record.HolderIdentity, err)
	}
	lease.Spec.RenewTime = ptr.To(metav1.NowMicro())
	if _, err := leases.Update(t.Context(), lease, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	if record, _, err = next.lock.Get(t.Context()); err != nil || record.HolderIdentity != "b_1" {
		t.Errorf("renewed after all it is held by %q, %v", record.HolderIdentity, err)
	}
}
