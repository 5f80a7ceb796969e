package shard

import (
	"context"
	"fmt"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/utils/clock"
)

// claim is this member's part in the election for one shard: from when it wants
// the shard until it has nothing to do with its Lease any more. Its fields are
// guarded by the member's lock.
type claim struct {
	shard    int
	lock     *timedLock
	config   leaderelection.LeaderElectionConfig
	election *leaderelection.LeaderElector
	// run is how long the election goes on, and stop ends it. The holder of
	// the Lease then gives it back.
	run  context.Context
	stop context.CancelFunc
	// held: the election was won. leaving: nothing new is begun.
	held, leaving bool
	// refused: a piece of work did not begin, since the shard may have been another's.
	refused bool
	// lost ends when the Lease was lost, and with it what is under way.
	lost   context.Context
	lose   context.CancelFunc
	active int
	// idle is closed when the claim is leaving and nothing is under way.
	idle chan struct{}
	// over is closed when the claim has nothing to do with the Lease any more.
	over chan struct{}
}

// timedLock is a Lease that knows when it was last renewed.
type timedLock struct {
	resourcelock.Interface

	// ranOut is what the Lease said when it was seen to have run out.
	ranOut resourcelock.LeaderElectionRecord
	clock  clock.Clock
	mu     sync.Mutex
	at     time.Time
}

// Get shows a Lease free that was seen to have run out, as long as it says the same.
// The election itself would wait once more for as long as it lasts, from when it
// first looks.
func (l *timedLock) Get(ctx context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	record, raw, err := l.Interface.Get(ctx)
	if err == nil && record.HolderIdentity == l.ranOut.HolderIdentity && record.RenewTime.Equal(&l.ranOut.RenewTime) {
		record.HolderIdentity = ""
	}
	return record, raw, err
}

func (l *timedLock) Create(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	return l.timed(func() error { return l.Interface.Create(ctx, record) })
}

func (l *timedLock) Update(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	return l.timed(func() error { return l.Interface.Update(ctx, record) })
}

// timed counts from before the write: another replica cannot have seen the Lease
// earlier.
func (l *timedLock) timed(write func() error) error {
	sent := l.clock.Now()
	if err := write(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.at = sent
	return nil
}

func (l *timedLock) renewed() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.at
}

// release gives the Lease back, so that the next owner need not wait until it
// runs out. The election's own release does not look whose the Lease is by then:
// after an outage it would take it from the next owner.
func (l *timedLock) release(ctx context.Context) error {
	for {
		record, _, err := l.Interface.Get(ctx)
		if apierrors.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading Lease %q: %w", l.Describe(), err)
		}
		if record.HolderIdentity != l.Identity() {
			return nil
		}
		now := metav1.NewTime(l.clock.Now())
		err = l.Interface.Update(ctx, resourcelock.LeaderElectionRecord{
			LeaderTransitions: record.LeaderTransitions, LeaseDurationSeconds: 1, AcquireTime: now, RenewTime: now,
		})
		// The election's last renewal may arrive after it was given up.
		if err == nil || !apierrors.IsConflict(err) {
			return err
		}
	}
}

// newClaim prepares a claim to a shard, of whose Lease this was seen to have run
// out; contest makes it.
func (m *Member) newClaim(ctx context.Context, shard int, ranOut resourcelock.LeaderElectionRecord) (*claim, error) {
	c := &claim{shard: shard, idle: make(chan struct{}), over: make(chan struct{})}
	c.lock = &timedLock{clock: m.Clock, ranOut: ranOut, Interface: &resourcelock.LeaseLock{
		LeaseMeta: metav1.ObjectMeta{Name: LeaseName(shard), Namespace: m.Namespace},
		Client:    m.Leases, Labels: m.labels(),
		LockConfig: resourcelock.ResourceLockConfig{Identity: m.Identity},
	}}
	c.config = leaderelection.LeaderElectionConfig{
		Name: LeaseName(shard), Lock: c.lock, LeaseDuration: m.LeaseDuration, RetryPeriod: m.RetryPeriod,
		// It counts from when it should have renewed: a period after it last did.
		RenewDeadline: m.RenewDeadline - m.RetryPeriod,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(ctx context.Context) { m.won(ctx, c) },
			OnStoppedLeading: func() { m.ended(c) },
		},
	}
	var err error
	if c.election, err = leaderelection.NewLeaderElector(c.config); err != nil {
		return nil, fmt.Errorf("making the election for shard %d: %w", shard, err)
	}
	c.run, c.stop = context.WithCancel(ctx)
	c.lost, c.lose = context.WithCancel(ctx)
	return c, nil
}

// contest takes part in an election until it is stopped or lost. The claim is dropped
// then.
func (m *Member) contest(c *claim) {
	c.election.Run(c.run)
	m.mu.Lock()
	lost, busy := c.run.Err() == nil, c.active > 0
	m.mu.Unlock()
	switch {
	case lost:
		m.log.Info("lost a shard: its Lease could not be renewed", "shard", c.shard)
	case busy:
		m.log.Info("a shard is still worked on; it is free when its Lease has run out", "shard", c.shard)
	default:
		end, cancel := context.WithTimeout(context.WithoutCancel(c.run), m.RenewDeadline)
		defer cancel()
		if err := c.lock.release(end); err != nil {
			m.log.Error(err, "releasing a shard; it is free when its Lease has run out", "shard", c.shard)
		}
	}
	c.stop()
	// An election that is stopped leaves its metric as it was; a new one clears it.
	_, _ = leaderelection.NewLeaderElector(c.config) // it was good before
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.claims, c.shard)
	close(c.over)
}
