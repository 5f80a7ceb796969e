package poll

import "time"

// Push is what a registry said of itself: a hint that a repository has changed.
type Push struct {
	// Repository is canonical.
	Repository string
	// Received is when the notification came in.
	Received time.Time
}

// Pushed polls a repository at once, before those whose time has come. The push
// is a hint and no more: what is there is read from the registry. It does nothing
// for a repository that no workload uses, and on a replica that does not lead.
func (p *Poller) Pushed(push Push) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.leads || !p.tracker.used(push.Repository) {
		return
	}
	if push.Received.IsZero() {
		push.Received = p.Clock.Now()
	}
	if of := p.planOf(push.Repository); of.pushed.IsZero() || push.Received.Before(of.pushed) {
		of.pushed = push.Received
	}
	p.Queue.AddUrgent(push.Repository)
}

// CatchUp polls what came in before this replica led, or owned it, or knew who uses it:
// at once for recent pushes, and once within a minute for repositories that registries
// tell of, and that may have no other poll. What waited for a gate is known to none.
func (p *Poller) CatchUp() {
	if p.Recent != nil {
		for _, push := range p.Recent() {
			p.Pushed(push)
		}
	}
	now := p.Clock.Now()
	for _, repository := range p.tracker.pushOnly() {
		if !p.Ownership.Owns(repository) {
			continue
		}
		wait := shareOf(repository, catchUpWithin)
		p.pollAt(repository, now.Add(wait))
		p.Queue.AddAfter(repository, wait)
	}
}

// catchUpWithin is how long it takes, so that a start asks no registry for
// everything at once.
const catchUpWithin = time.Minute

// takePushed returns when the push came in that the poll which begins now is for; zero if
// there was none.
func (p *Poller) takePushed(repository string) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	of := p.plans[repository]
	if of == nil {
		return time.Time{}
	}
	received := of.pushed
	of.pushed = time.Time{}
	return received
}
