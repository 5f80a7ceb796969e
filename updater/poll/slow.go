package poll

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/garboard-dev/garboard/updater/watched"
)

const (
	// prompt is how long a poll may keep a worker. One that takes longer goes on
	// without it, so that no registry keeps another's polls.
	prompt = 5 * time.Second
	// slowPerWorker bounds the polls that go on without a worker. One namespace has three
	// quarters of them at most.
	slowPerWorker = 8
	// putBack is when a poll is tried again for which there was no place.
	putBack = 5 * time.Second
	// maxPoll bounds a poll as a whole, but for the read that is under way then.
	// The next poll goes on where it stopped.
	maxPoll = 5 * time.Minute
)

var (
	// errPollTooLong is the failure of a poll that has taken maxPoll.
	errPollTooLong = errors.New("the registry answers too slowly: the next poll goes on from here")
	// errNoPlace ends a poll that turned out slow while all places for slow polls
	// were taken.
	errNoPlace = errors.New("too many slow polls")
)

// slowPolls are the polls that go on without a worker, and which repositories are
// known to need that.
type slowPolls struct {
	most  int
	going sync.WaitGroup

	mu    sync.Mutex
	known map[string]bool
	taken int
	// of counts the places by namespace.
	of map[string]int
}

func newSlowPolls(workers int) *slowPolls {
	return &slowPolls{most: slowPerWorker * workers, known: map[string]bool{}, of: map[string]int{}}
}

// take takes a place for a poll that workloads of some namespaces want, if one is free: as
// that of the namespace that has fewest, so that no other namespace can use up what one has.
func (s *slowPolls) take(namespaces []string) (release func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken == s.most {
		return nil, false
	}
	fewest := ""
	for i, namespace := range namespaces {
		if i == 0 || s.of[namespace] < s.of[fewest] {
			fewest = namespace
		}
	}
	if s.of[fewest] >= s.most*3/4 {
		return nil, false
	}
	s.taken++
	s.of[fewest]++
	return func() { s.release(fewest) }, true
}

func (s *slowPolls) release(namespace string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken--
	if s.of[namespace]--; s.of[namespace] == 0 {
		delete(s.of, namespace)
	}
}

func (s *slowPolls) is(repository string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.known[repository]
}

// note remembers whether the last poll of a repository was slow.
func (s *slowPolls) note(repository string, slow bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if slow {
		s.known[repository] = true
	} else {
		delete(s.known, repository)
	}
}

// run runs the poll of a repository, and returns when the worker may go on: at its
// end, or when it turns out slow. A repository that was slow before needs a place from
// the start; run reports false, without a poll, if there is none.
func (p *Poller) run(ctx context.Context, repository string, poll func(context.Context)) bool {
	slow, release := p.slow.is(repository), func() {}
	if slow {
		var free bool
		if release, free = p.takeSlow(repository); !free {
			return false
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	began, done, placed := p.Clock.Now(), make(chan struct{}), make(chan func(), 1)
	p.slow.going.Go(func() {
		poll(ctx)
		cancel(nil)
		p.slow.note(repository, p.Clock.Since(began) >= prompt && p.tracker.used(repository))
		close(done)
		(<-placed)()
	})
	if !slow {
		release = p.turnsSlow(repository, done, cancel)
	}
	placed <- release
	return true
}

func (p *Poller) takeSlow(repository string) (release func(), ok bool) {
	return p.slow.take(p.tracker.namespacesOf(repository))
}

// turnsSlow waits until a poll is done, or until it turns out slow, and takes a place for it
// then. Where there is none the poll is ended. It returns what gives the place back.
func (p *Poller) turnsSlow(repository string, done <-chan struct{}, cancel context.CancelCauseFunc) (release func()) {
	timer := p.Clock.NewTimer(prompt)
	defer timer.Stop()
	select {
	case <-done:
		return func() {}
	case <-timer.C():
	}
	if release, ok := p.takeSlow(repository); ok {
		return release
	}
	cancel(errNoPlace)
	<-done
	return func() {}
}

// rest is what a poll that took too long has not looked at.
type rest struct {
	users []watched.Key
	// container is where it stopped in the first of them.
	container string
}

// before puts what was left in front of the users of a poll.
func (r rest) before(users []watched.Key) []watched.Key {
	fresh := slices.DeleteFunc(users, func(key watched.Key) bool { return slices.Contains(r.users, key) })
	return append(slices.Clone(r.users), fresh...)
}

// startingAt returns the containers that are still to be looked at.
func startingAt(all []watched.Container, container string) []watched.Container {
	i := slices.IndexFunc(all, func(c watched.Container) bool { return c.Slot.Key() == container })
	return all[max(i, 0):]
}
