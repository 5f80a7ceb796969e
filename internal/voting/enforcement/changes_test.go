package enforcement_test

import (
	"errors"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/garboard-dev/garboard/internal/voting/enforcement"
)

// cluster is an API server that dates what is created, and counts changes.
type cluster struct {
	*world
	*fake.Clientset
	now time.Time
}

// newCluster has what is installed, made at the start.
func newCluster(t *testing.T, start time.Time) *cluster {
	t.Helper()
	w := installed(t)
	for _, policy := range w.policies {
		policy.UID, policy.Generation, policy.CreationTimestamp = "policy", 1, metav1.NewTime(start)
	}
	for _, binding := range w.bindings {
		binding.UID, binding.Generation, binding.CreationTimestamp = "binding", 1, metav1.NewTime(start)
	}
	c := &cluster{world: w, Clientset: w.client(), now: start}
	c.PrependReactor("create", "leases", func(action clienttesting.Action) (bool, runtime.Object, error) {
		create, ok := action.(clienttesting.CreateAction)
		lease, isLease := create.GetObject().(*coordinationv1.Lease)
		if ok && isLease {
			lease.CreationTimestamp = metav1.NewTime(c.now)
		}
		return false, nil, nil
	})
	return c
}

// change changes a spec in place, n times, to what it is in the end.
func (c *cluster) change(t *testing.T, n int64) {
	t.Helper()
	policy := c.policies["garboard-votes"]
	policy.Generation += n
	if _, err := c.AdmissionregistrationV1().ValidatingAdmissionPolicies().Update(t.Context(), policy, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
}

func (c *cluster) look(t *testing.T, readOnly bool) (enforcement.State, error) {
	t.Helper()
	policies := enforcement.Policies{Client: c.AdmissionregistrationV1(), Leases: c.CoordinationV1().Leases("garboard"), ReadOnly: readOnly}
	return policies.Look(t.Context())
}

func (c *cluster) wantSince(t *testing.T, want time.Time) {
	t.Helper()
	state, err := c.look(t, false)
	if err != nil || state.Since.Before(want) || state.Since.After(want.Add(10*time.Second)) {
		t.Errorf("votes count since %s (%v), want soon after %s", state.Since, err, want)
	}
}

// A policy that is weakened and put right in place keeps its date, and so would votes that
// were forged meanwhile.
func TestVotesFromBeforeAChangeDoNotCount(t *testing.T) {
	start := time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)
	c := newCluster(t, start)
	c.now = start.Add(time.Hour)
	c.wantSince(t, start)
	if leases, err := c.CoordinationV1().Leases("garboard").List(t.Context(), metav1.ListOptions{}); err != nil || len(leases.Items) > 0 {
		t.Errorf("what was never changed is noted: %v %v", leases, err)
	}

	c.change(t, 2)
	c.wantSince(t, c.now)
	noted := c.now
	c.now = c.now.Add(time.Hour)
	c.wantSince(t, noted) // another updater, or the same after a restart

	c.change(t, 2)
	c.wantSince(t, c.now)
	noted = c.now
	c.now = c.now.Add(time.Hour)
	c.wantSince(t, noted)

	binding := c.bindings["garboard-updates"]
	binding.Generation++
	if _, err := c.AdmissionregistrationV1().ValidatingAdmissionPolicyBindings().Update(t.Context(), binding, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	c.wantSince(t, c.now)
}

// One that is deleted and made anew begins with its first generation again.
func TestPolicyMadeAnewIsAnother(t *testing.T) {
	start := time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)
	c := newCluster(t, start)
	c.change(t, 2)
	c.wantSince(t, start)
	c.now = start.Add(time.Hour)
	policy := c.policies["garboard-votes"]
	policy.UID = "another"
	c.change(t, 0)
	c.wantSince(t, c.now)
}

func TestWhoOnlyLooksNotesNothing(t *testing.T) {
	start := time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)
	c := newCluster(t, start)
	if state, err := c.look(t, true); err != nil || state.Changed {
		t.Errorf("what was never changed: %+v, %v", state, err)
	}
	c.change(t, 1)
	var fault *enforcement.Fault
	if _, err := c.look(t, true); !errors.As(err, &fault) || fault.Error() != "lease/garboard-approvals does not tell yet since when the policies, which were changed, are as they are" {
		t.Errorf("before the updater has noted it: %v", err)
	}
	c.wantSince(t, start)
	if state, err := c.look(t, true); err != nil || !state.Changed || !state.Since.After(start) {
		t.Errorf("afterwards: %+v, %v", state, err)
	}
}

// Two replicas see the change at the same moment: both go by what one of them noted.
func TestReplicasAgreeSinceWhen(t *testing.T) {
	start := time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)
	c := newCluster(t, start)
	c.change(t, 1)
	c.wantSince(t, start) // what the policies were, noted
	c.change(t, 1)
	c.now = start.Add(time.Hour)
	first := true
	c.PrependReactor("create", "leases", func(action clienttesting.Action) (bool, runtime.Object, error) {
		create, ok := action.(clienttesting.CreateAction)
		if !ok || !first {
			return false, nil, nil
		}
		first = false
		theirs := create.GetObject().DeepCopyObject()
		if lease, ok := theirs.(*coordinationv1.Lease); ok {
			lease.CreationTimestamp = metav1.NewTime(start.Add(time.Minute))
		}
		if err := c.Tracker().Create(action.GetResource(), theirs, action.GetNamespace()); err != nil {
			t.Error(err)
		}
		return false, nil, nil // which is refused, since it is there
	})
	c.wantSince(t, start.Add(time.Minute))
	if first {
		t.Error("nothing was noted")
	}
}

// Without Garboard's own namespace there is no place to note it.
func TestChangeThatCannotBeNotedOpensNothing(t *testing.T) {
	c := newCluster(t, time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC))
	c.change(t, 1)
	policies := enforcement.Policies{Client: c.AdmissionregistrationV1()}
	var fault *enforcement.Fault
	if _, err := policies.Enforced(t.Context()); !errors.As(err, &fault) {
		t.Errorf("got %v, want a fault", err)
	}
}
