package shard

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"
	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// Member is one of the updaters that share the work.
type Member struct {
	Options
	census *census
	own    *coordinationv1.Lease
	log    logr.Logger

	mu     sync.Mutex
	claims map[int]*claim
	// looked is when the last round began that went well, and waits why no shard
	// is taken at present.
	looked time.Time
	waits  string
	// changed is told when this member has other shards than before.
	changed chan struct{}
}

// New returns a Member that has no shard before it is started.
func New(o Options) (*Member, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Member{Options: o, census: newCensus(o), claims: map[int]*claim{}, changed: make(chan struct{}, 1), log: logr.Discard()}, nil
}

// NeedLeaderElection tells the manager that every replica takes part.
func (*Member) NeedLeaderElection() bool { return false }

// Start takes part until the context ends. It then begins nothing more, waits for
// what is under way, and gives the Leases back.
func (m *Member) Start(ctx context.Context) error {
	m.log = log.FromContext(ctx).WithValues("member", m.Identity)
	wait.JitterUntilWithContext(ctx, func(ctx context.Context) {
		if err := m.round(ctx); err != nil && ctx.Err() == nil {
			m.log.Error(err, "looking at the Leases of the shards")
		}
	}, m.RetryPeriod, 0.2, true)
	m.leave(context.WithoutCancel(ctx))
	return nil
}

// round renews the member's own Lease, looks at all others, and has this member
// compete for the shards that should be its own. The order matters: of two
// members that start with different numbers of shards, one at least sees the other.
func (m *Member) round(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, m.RenewDeadline)
	defer cancel()
	began := m.Clock.Now()
	if err := m.announce(ctx); err != nil {
		return fmt.Errorf("renewing Lease %q: %w", m.memberLease().Name, err)
	}
	list, err := m.Leases.Leases(m.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("listing the Leases of namespace %q: %w", m.Namespace, err)
	}
	v := m.census.look(list.Items, m.Clock.Now())
	if !slices.Contains(v.members, m.Identity) {
		return fmt.Errorf("listing the Leases of namespace %q: this member's own is not there", m.Namespace)
	}
	if err := m.follow(context.WithoutCancel(ctx), v, began); err != nil {
		return err
	}
	m.deleteLeases(ctx, v.dead)
	return nil
}

// announce writes the member's own Lease. Only a write counts: what was written
// before may have run out.
func (m *Member) announce(ctx context.Context) (err error) {
	leases := m.Leases.Leases(m.Namespace)
	defer func() {
		if err != nil {
			m.own = nil // whatever is there now
		}
	}()
	if m.own == nil {
		m.own, err = leases.Create(ctx, &coordinationv1.Lease{ObjectMeta: m.memberLease(), Spec: m.spec()}, metav1.CreateOptions{})
		if !apierrors.IsAlreadyExists(err) {
			return err
		}
		if m.own, err = leases.Get(ctx, m.memberLease().Name, metav1.GetOptions{}); err != nil {
			return err
		}
	}
	next := m.own.DeepCopy()
	next.Labels, next.Spec = m.labels(), m.spec()
	m.own, err = leases.Update(ctx, next, metav1.UpdateOptions{})
	return err
}

func (m *Member) spec() coordinationv1.LeaseSpec {
	return coordinationv1.LeaseSpec{
		HolderIdentity: ptr.To(m.Identity), RenewTime: ptr.To(metav1.NewMicroTime(m.Clock.Now())),
		LeaseDurationSeconds: ptr.To(int32(m.LeaseDuration / time.Second)), //nolint:gosec // seconds, not decades
	}
}

// follow starts and ends claims, as the view wants it.
func (m *Member) follow(ctx context.Context, v view, began time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.looked = began
	m.readmit()
	m.wait(v)
	wanted := assignShards(v.holders, v.members)
	for shard := range m.Shards {
		c := m.claims[shard]
		switch mine := wanted[shard] == m.Identity && v.single == ""; {
		case c == nil && mine && m.waits == "":
			claim, err := m.newClaim(ctx, shard, v.ranOut[shard])
			if err != nil {
				return err
			}
			m.claims[shard] = claim
			go m.contest(claim) //nolint:contextcheck // it has its own
		case c != nil && !c.held && (!mine || m.waits != ""):
			c.stop()
		case c != nil && c.held && !mine:
			m.yield(c)
		}
	}
	return nil
}

// wait notes why no shard is taken, and logs it when that changes. What is held
// stays: those who divide otherwise wait as well. An updater without shards does
// not look at them, so that all of them are left to it.
func (m *Member) wait(v view) {
	why := ""
	switch {
	case v.single != "":
		why = fmt.Sprintf("an updater without shards is at work: %q holds the Lease %q", v.single, m.Single)
	case len(v.otherDivisions) > 0:
		why = fmt.Sprintf("updaters with another number of shards than %d are there: %s", m.Shards, strings.Join(v.otherDivisions, ", "))
	}
	switch why {
	case m.waits:
	case "":
		m.log.Info("taking shards again")
	default:
		m.log.Info("taking no shard", "reason", why)
	}
	m.waits = why
}

// deleteLeases deletes the Leases of members that ended without giving them back. A
// member that is only slow writes its own again.
func (m *Member) deleteLeases(ctx context.Context, dead []coordinationv1.Lease) {
	for i := range dead {
		precondition := metav1.Preconditions{UID: &dead[i].UID, ResourceVersion: &dead[i].ResourceVersion}
		err := m.Leases.Leases(m.Namespace).Delete(ctx, dead[i].Name, metav1.DeleteOptions{Preconditions: &precondition})
		if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
			m.log.Error(err, "deleting the Lease of a member that is gone", "lease", dead[i].Name)
		}
	}
}

// leave gives up all shards. The member's own Lease goes first, so that others
// stand ready for them.
func (m *Member) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, m.RenewDeadline)
	defer cancel()
	err := m.Leases.Leases(m.Namespace).Delete(ctx, m.memberLease().Name, metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		m.log.Error(err, "deleting the Lease of this member; it runs out by itself")
	}
	m.mu.Lock()
	claims := make([]*claim, 0, len(m.claims))
	for _, c := range m.claims {
		claims = append(claims, c)
		m.yield(c)
	}
	m.mu.Unlock()
	for _, c := range claims {
		select {
		case <-c.over:
		case <-ctx.Done():
			m.abandon(c)
		}
	}
}
