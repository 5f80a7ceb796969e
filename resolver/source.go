package resolver

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/garboard-dev/garboard/resolver/registry"
)

// source reads one thing of a registry for all who want it: one request at a
// time, on its own time, and with a pause after a failure.
type source[T any] struct {
	mu      sync.Mutex
	started int // reads so far
	flight  *flight
	readAt  time.Time // of the last success; zero before the first
	read    int       // number of the last success

	failure  error
	failedAt time.Time
	retryAt  time.Time
	pause    time.Duration
	// slow: a caller waited for long without an answer. No caller waits again until
	// a read has succeeded; the reads go on.
	slow bool
}

// flight is a read under way.
type flight struct {
	number int
	done   chan struct{}
	begun  time.Time
	// guessed is as in the demand.
	guessed bool
	asker   *registry.Asker
	err     error // once done is closed
}

// longWait makes a source a slow one. A caller that had less left says nothing
// about the registry.
const longWait = time.Second

// demand is what one caller wants of a source. All of its functions except fetch are
// called with the source locked.
type demand[T any] struct {
	repository string
	// places are where a read that is begun needs one.
	places places
	what   string // as the metric names it
	// since asks for a read that ended no earlier, in spite of a pause; the
	// zero value leaves it to needed.
	since time.Time
	// needed reports whether what is known will not do.
	needed func(now time.Time) bool
	// afterRead is called when a read has ended that began after the caller came, so
	// that the caller does not ask again for what the registry does not have.
	afterRead func(now time.Time)
	fetch     func(context.Context) (T, error)
	// guessed is a read that no caller asked for: what it fails with is no answer.
	guessed bool
	accept  func(value T, now time.Time)
}

var errSlow = errors.New("other callers waited for this read without an answer")

// updateSource refreshes a source if the demand requires it, and returns what is known then,
// as current has it. The error is why it could not be refreshed: what is known is older
// then, or nothing. Current is called with the source locked; known is false where there
// is nothing to fall back on.
func updateSource[T, V any](ctx context.Context, s *source[T], o *Options, d demand[T], current func() (value V, known bool)) (V, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	waited, err := s.refresh(ctx, o, d)
	value, known := current()
	o.Metrics.looked(d.what, waited, known, err)
	return value, err
}

// refresh returns once a demand is met, or cannot be. The caller holds the lock, which is
// released while refresh waits.
func (s *source[T]) refresh(ctx context.Context, o *Options, d demand[T]) (waited bool, err error) {
	arrived := s.started
	var leave func() // of a place that no read has taken yet
	defer func() {
		if leave != nil {
			leave()
		}
	}()
	for {
		now := o.Now()
		switch {
		case s.read > arrived: // as new as this caller can ask for, even if another made it
			d.afterRead(now)
			return waited, nil
		case !s.readAt.Before(d.since) && !d.needed(now):
			return waited, nil
		case s.failed(d.since, now):
			return waited, s.failure
		case ctx.Err() != nil:
			return waited, &registry.Error{Kind: registry.Timeout, Repository: d.repository, Err: ctx.Err()}
		}
		flight := s.flight
		if flight == nil && leave == nil {
			if leave, err = s.takePlace(ctx, d.places); err != nil {
				return waited, &registry.Error{Kind: registry.Timeout, Repository: d.repository, Err: errManyReads}
			}
			continue // while it waited, another caller may have begun
		}
		switch {
		case flight == nil:
			flight, leave = s.start(ctx, o, d, leave), nil
		case leave != nil: // another caller has begun
			leave()
			leave = nil
		}
		flight.asker.Join(d.places.owner)
		if s.slow && d.since.IsZero() {
			return waited, &registry.Error{Kind: registry.Timeout, Repository: d.repository, Err: errSlow}
		}
		waited = true
		s.mu.Unlock()
		select {
		case <-flight.done:
		case <-ctx.Done():
		}
		s.mu.Lock()
		select {
		case <-flight.done:
		default:
			s.slow = s.slow || o.Now().Sub(flight.begun) >= longWait
			return waited, &registry.Error{Kind: registry.Timeout, Repository: d.repository, Err: ctx.Err()}
		}
		if flight.err != nil && !flight.guessed {
			return waited, flight.err
		}
		// One that had begun before is perhaps too old for what is wanted. The
		// next is shared by all who waited for it.
	}
}

// failed reports whether the last failure is the answer: it came since the time
// that the caller names, or its pause is not over. The source is locked.
func (s *source[T]) failed(since, now time.Time) bool {
	if since.IsZero() {
		return now.Before(s.retryAt)
	}
	return s.failure != nil && !s.failedAt.Before(since)
}

// takePlace waits for a place of a read. The source is locked, and released meanwhile.
func (s *source[T]) takePlace(ctx context.Context, from places) (leave func(), err error) {
	if leave, ok := from.tryTake(); ok {
		return leave, nil
	}
	s.mu.Unlock()
	defer s.mu.Lock()
	return from.take(ctx)
}

// begin begins a read that the next caller waits for, unless one is on its way, or to be left
// alone after a failure, or there is no place for a read. The source is locked.
func (s *source[T]) begin(ctx context.Context, o *Options, d demand[T]) {
	if s.flight != nil || s.failed(time.Time{}, o.Now()) {
		return
	}
	if leave, ok := d.places.tryTake(); ok {
		s.start(ctx, o, d, leave)
	}
}

// start begins a read, which leaves its place at its end. The source is locked.
func (s *source[T]) start(ctx context.Context, o *Options, d demand[T], leave func()) *flight {
	s.started++
	begun := &flight{number: s.started, done: make(chan struct{}), begun: o.Now(), guessed: d.guessed, asker: registry.NewAsker(d.places.owner)}
	s.flight = begun
	ctx, cancel := context.WithTimeout(registry.WithAsker(context.WithoutCancel(ctx), begun.asker), o.ReadTimeout)
	go func() {
		defer cancel()
		defer leave()
		value, err := d.fetch(ctx)
		s.mu.Lock()
		defer s.mu.Unlock()
		now := o.Now()
		s.flight, begun.err = nil, err
		switch {
		case err == nil:
			s.failure, s.retryAt, s.pause, s.slow = nil, time.Time{}, 0, false
			s.readAt, s.read = now, begun.number
			d.accept(value, now)
		case !d.guessed:
			s.pause = min(max(2*s.pause, o.RetryAfter), max(o.FreshFor, o.RetryAfter))
			s.failure, s.failedAt, s.retryAt = err, now, now.Add(s.pause)
		}
		close(begun.done)
	}()
	return begun
}

// stale reports whether the last success is too old to answer. The source is
// locked.
func (s *source[T]) stale(now time.Time, freshFor time.Duration) bool {
	return s.readAt.IsZero() || now.Sub(s.readAt) >= freshFor
}
