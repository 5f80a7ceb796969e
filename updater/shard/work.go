package shard

import "context"

// Changed is told when this member has gained or lost shards, and when it works again on
// one that it refused to work on meanwhile. It is for one listener; changes that were not received yet are one.
func (m *Member) Changed() <-chan struct{} { return m.changed }

// Owns reports whether the repository's shard is this member's.
func (m *Member) Owns(repository string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.admits(m.claims[Of(repository, m.Shards)])
}

// Begin is Owns for a piece of work: while it is under way, the shard is not
// given to another member. The returned context ends when the shard is lost all
// the same; done has to be called at the end. ok is false, and the others nil,
// where the shard is not this member's.
func (m *Member) Begin(ctx context.Context, repository string) (work context.Context, done func(), ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.claims[Of(repository, m.Shards)]
	if !m.admits(c) {
		return nil, nil, false
	}
	c.active++
	work, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(c.lost, cancel)
	return work, func() {
		stop()
		cancel()
		m.mu.Lock()
		defer m.mu.Unlock()
		if c.active--; c.active == 0 && c.leaving {
			close(c.idle)
		}
	}, true
}

// admits is works for a caller, to whom a shard that is refused is not this member's. Where
// it is all the same, as Leases were renewed late, the caller is told afterwards: see
// readmit. The caller holds the lock.
func (m *Member) admits(c *claim) bool {
	if c == nil {
		return false
	}
	works := m.works(c)
	c.refused = c.refused || !works
	return works
}

// readmit tells of shards that are worked on again, although no election was lost or won.
// The caller holds the lock.
func (m *Member) readmit() {
	for _, c := range m.claims {
		if c.refused && m.works(c) {
			c.refused = false
			m.log.Info("working on a shard again", "shard", c.shard)
			m.tell()
		}
	}
}

// works reports whether a claim is good for work that begins now: the Lease was
// renewed, and the others looked at, so lately that no other member can have
// the shard. This holds for a process that was stopped for a while, too. The caller
// holds the lock.
func (m *Member) works(c *claim) bool {
	now := m.Clock.Now()
	return c.held && !c.leaving && c.lost.Err() == nil &&
		now.Sub(c.lock.renewed()) < m.RenewDeadline && now.Sub(m.looked) < m.RenewDeadline
}

// yield begins nothing more for a shard, and gives its Lease back when all is
// done. The election renews it until then. The caller holds the lock.
func (m *Member) yield(c *claim) {
	if c.leaving {
		return
	}
	c.leaving = true
	m.log.Info("giving up a shard", "shard", c.shard)
	m.tell()
	if c.active == 0 {
		close(c.idle)
	}
	go func() {
		select {
		case <-c.idle:
			c.stop()
		case <-c.over: // lost meanwhile
		}
	}()
}

// won is called when the election is. It may be late: the Lease may have been lost
// or stopped again.
func (m *Member) won(ctx context.Context, c *claim) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if ctx.Err() != nil {
		return
	}
	c.held, c.refused = true, false
	m.log.Info("took a shard", "shard", c.shard)
	m.tell()
}

// ended is called when a Lease is not renewed any more, before it is given back.
func (m *Member) ended(c *claim) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c.held = false
	c.lose()
	m.tell()
}

// tell wakes the listener for changes.
func (m *Member) tell() {
	select {
	case m.changed <- struct{}{}:
	default: // not listened to yet: one is enough
	}
}

// abandon ends a claim that something is under way for. The work is told that it
// has lost the shard; the Lease is given back only if it has ended by then.
func (m *Member) abandon(c *claim) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c.lose()
	c.stop()
}
