package updater

import "time"

// Push is what a registry said of itself: a hint that a repository has changed.
type Push struct {
	// Repository is canonical.
	Repository string
	// Tag is what was pushed, where the registry says so.
	Tag string
	// Received is when the notification came in.
	Received time.Time
}

// Pushed polls a repository at once, before those whose time has come. The push
// is a hint and no more: what is there is read from the registry. It does nothing
// for a repository that nobody uses, and on a replica that does not lead.
func (u *Updater) Pushed(p Push) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.leads || !u.tracker.used(p.Repository) {
		return
	}
	if at, known := u.pushed[p.Repository]; !known || p.Received.Before(at) {
		u.pushed[p.Repository] = p.Received
	}
	u.polls.AddUrgent(p.Repository)
}

// pushedBefore polls for what was pushed before this replica led.
func (u *Updater) pushedBefore() {
	if u.Recent == nil {
		return
	}
	for _, p := range u.Recent() {
		u.Pushed(p)
	}
}

// isCalled reports whether a repository is to be polled before its turn.
func (u *Updater) isCalled(repository string, now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	_, pushed := u.pushed[repository]
	ripe, waits := u.ripe[repository]
	return pushed || waits && !ripe.After(now)
}

// takePushed returns when the push came in that the poll which begins now is for.
func (u *Updater) takePushed(repository string) (received time.Time, ok bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	received, ok = u.pushed[repository]
	delete(u.pushed, repository)
	return received, ok
}
