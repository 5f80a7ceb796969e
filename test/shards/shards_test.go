// Package shards tries the division of repositories over several updaters on a
// real API server: who owns what when updaters come, go and are cut off.
package shards

import (
	"fmt"
	"slices"
	"testing"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/garboard-dev/garboard/test/cluster"
)

// It takes more than 20 seconds: Leases of six run out twice, and the API server is started
// twice.
func TestShards(t *testing.T) {
	shared = cluster.StartForTest(t, cluster.Options{NoCertManager: true})
	t.Run("are spread evenly, and each has one owner", spread)
	t.Run("of one that is cut off go to the others, and it stops before", cutOff)
	t.Run("of one that stops go to the others at once", handedOver)
	t.Run("are kept until what is under way is done", drained)
	t.Run("are not taken beside another number of them", otherNumber)
	t.Run("are not taken beside an updater without", single)
	t.Run("are nobody's while the API server is away", away) // the last one: it ends the API server
}

func spread(t *testing.T) {
	s := newSpace(t, 4, quick)
	s.start("a")
	s.await("one to have all", func() error { return s.owned(4) })
	s.start("b")
	s.await("two to have two each", func() error { return s.owned(2, 2) })
	s.start("c")
	s.await("three to share", func() error { return s.owned(1, 1, 2) })
	for range 3 {
		s.start("")
	}
	s.await("two to stand by", func() error { return s.owned(0, 0, 1, 1, 1, 1) })
}

func cutOff(t *testing.T) {
	s := newSpace(t, 4, quick)
	a, b := s.start("a"), s.start("b")
	s.await("two to share", func() error { return s.owned(2, 2) })
	a.cut(true)
	s.await("the other to have all", func() error {
		if n := b.owns(); n != 4 {
			return fmt.Errorf("it has %d", n)
		}
		return nil
	})
	if n := a.owns(); n != 0 {
		t.Errorf("the one that is cut off still works on %d shards", n)
	}
	s.await("the Lease of the one that is gone to be deleted", func() error {
		if n := len(s.leases("garboard-updater-member-")); n != 1 {
			return fmt.Errorf("there are %d", n)
		}
		return nil
	})
	a.cut(false)
	s.await("it to be back", func() error { return s.owned(2, 2) })
}

// The Leases last for an hour here: whoever waits for them to run out waits too
// long.
func handedOver(t *testing.T) {
	s := newSpace(t, 3, patient)
	a := s.start("a")
	s.await("one to have all", func() error { return s.owned(3) })
	s.start("b")
	s.await("a newcomer to get its part", func() error { return s.owned(1, 2) })
	a.stop()
	s.await("the other to have all", func() error { return s.owned(3) })
	a = s.start("a")
	s.await("one that comes back to get its part", func() error { return s.owned(1, 2) })
	a.stop()
	for _, lease := range s.leases("garboard-updater-member-") {
		if holder := ptr.Deref(lease.Spec.HolderIdentity, ""); holder == a.Identity {
			t.Errorf("the one that stopped left %s", lease.Name)
		}
	}
}

// Without it, a bump that has begun is sent while the next owner sends its own.
func drained(t *testing.T) {
	s := newSpace(t, 1, patient)
	a := s.start("a")
	s.await("one to have it", func() error { return s.owned(1) })
	work, done, ok := a.Begin(t.Context(), "example.com/app")
	if !ok {
		t.Fatal("the owner may not begin")
	}
	b := s.start("b")
	stopped := a.stopping()
	s.await("the owner to begin nothing more", func() error {
		if a.Owns("example.com/app") {
			return fmt.Errorf("it owns the shard")
		}
		return nil
	})
	s.looks(b, 5)
	if b.Owns("example.com/app") || work.Err() != nil {
		t.Errorf("the work goes on, its context says %v; the next owner has the shard: %v", work.Err(), b.Owns("example.com/app"))
	}
	done()
	<-stopped
	s.await("the next owner to have it", func() error { return s.owned(1) })
}

func otherNumber(t *testing.T) {
	s := newSpace(t, 4, patient)
	a := s.start("a")
	s.await("one to have all", func() error { return s.owned(4) })
	other := s.startWith("other", 6) // two of which nobody has
	s.looks(other, 5)
	if n := other.owns(); n != 0 || a.owns() != 4 {
		t.Errorf("the one with 6 shards has %d, the one with 4 has %d", n, a.owns())
	}
	a.stop()
	s.await("the one with 6 shards to have all", func() error { return s.owned(6) })
}

func single(t *testing.T) {
	s := newSpace(t, 2, patient)
	leases := shared.Client().CoordinationV1().Leases(s.name)
	lease, err := leases.Create(t.Context(), &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: singleLease}, Spec: coordinationv1.LeaseSpec{
		HolderIdentity: ptr.To("old"), LeaseDurationSeconds: ptr.To[int32](3600),
	}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	a := s.start("a")
	s.looks(a, 3)
	if n := a.owns(); n != 0 {
		t.Errorf("it has %d shards", n)
	}
	lease.Spec.HolderIdentity = ptr.To("")
	if lease, err = leases.Update(t.Context(), lease, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	s.await("it to have all", func() error { return s.owned(2) })
	lease.Spec.HolderIdentity = ptr.To("new") // one that does not look at shards
	if _, err = leases.Update(t.Context(), lease, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	s.await("it to give all up", func() error { return s.owned(0) })
}

func away(t *testing.T) {
	s := newSpace(t, 3, quick)
	s.start("a")
	s.start("b")
	s.await("two to share", func() error { return s.owned(1, 2) })
	if err := shared.StopAPIServer(); err != nil {
		t.Fatal(err)
	}
	s.await("both to stop", func() error { return s.owned(0, 0) })
	if err := shared.StartAPIServer(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.await("two to share again", func() error { return s.owned(1, 2) })
}

// owned is nil when the members have so many shards, in order of their number,
// and every shard has exactly one owner. Members that stopped do not count.
func (s *space) owned(want ...int) error {
	var got, total = []int{}, 0
	for _, m := range s.members {
		if !m.stopped() {
			got, total = append(got, m.owns()), total+m.owns()
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		return fmt.Errorf("they have %v, want %v", got, want)
	}
	return nil
}

// looks waits until a member has looked at the Leases so many times.
func (s *space) looks(m *member, times int) {
	s.t.Helper()
	seen := map[string]bool{}
	s.await("rounds of "+m.Identity, func() error {
		for _, lease := range s.leases("garboard-updater-member-") {
			if ptr.Deref(lease.Spec.HolderIdentity, "") == m.Identity {
				seen[lease.ResourceVersion] = true
			}
		}
		if len(seen) <= times {
			return fmt.Errorf("%d so far", len(seen))
		}
		return nil
	})
}
