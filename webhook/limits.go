package webhook

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/garboard-dev/garboard/internal/inflight"
	"github.com/garboard-dev/garboard/resolver"
)

const (
	// DefaultInFlight is for Limits.InFlight. While registries answer, a request
	// takes milliseconds, so that so many mean that one hangs; each that waits
	// holds its object, some ten kilobytes of it.
	DefaultInFlight = 256
	// refusedAt is how many times InFlight requests are refused at. Those above
	// InFlight do not wait for a registry, so that as many more are a flood.
	refusedAt = 4
	// MaxBody is how large a request may be, in bytes: two objects of 3 MiB, the
	// most that the API server takes, and the rest of a review.
	MaxBody = 7 << 20
	// maxBodies bounds the bodies of all requests together, in bytes of usual objects.
	// To answer a large one takes eleven times as much memory in all (measured with
	// 750 kB) beside the body itself, and the container has 256 MiB.
	maxBodies = 16 << 20
	// maxWaiting bounds those of requests that may wait for registries. What is left
	// is for those that do not: a registry that hangs takes the room from nothing else.
	maxWaiting = maxBodies / 2
	// smallBody is one that does not count for maxWaiting: as many as may wait at
	// the same time have room beside it.
	smallBody = 16 << 10
)

// Limits bound what requests take together.
type Limits struct {
	// InFlight is how many requests may wait for registries at the same time.
	// One more is answered at once, from what is known; four times as many are
	// refused. The default is DefaultInFlight.
	InFlight int
	// Metrics count. Required.
	Metrics *Metrics
}

// inFlightLimiter bounds how many requests are answered at once.
type inFlightLimiter struct {
	next     http.Handler
	limits   Limits
	inFlight atomic.Int64
	bodies   *inflight.Bodies
	// waiting has room for bodies of requests that may wait for registries.
	waiting *semaphore.Weighted
}

func newInFlightLimiter(next http.Handler, limits Limits) *inFlightLimiter {
	if limits.InFlight <= 0 {
		limits.InFlight = DefaultInFlight
	}
	return &inFlightLimiter{
		next: recoverHTTP(limits.Metrics, next), limits: limits,
		bodies: inflight.NewBodies(maxBodies), waiting: semaphore.NewWeighted(maxWaiting),
	}
}

// ServeHTTP answers one request. It counts once it is here whole: a client that
// only announces a body, or sends it slowly, takes no place from another.
func (l *inFlightLimiter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.ContentLength < 0: // the API server names it
		http.Error(w, "the length of the request is not given", http.StatusLengthRequired)
		return
	case r.ContentLength > MaxBody:
		http.Error(w, "the request is too large", http.StatusRequestEntityTooLarge)
		return
	}
	read, err := l.bodies.ReadAll(r.Body, inflight.Interrupt(w))
	defer read.Release()
	switch {
	case errors.Is(err, inflight.ErrTooLarge):
		http.Error(w, "the request is too large", http.StatusRequestEntityTooLarge)
		return
	case err != nil && !errors.Is(err, inflight.ErrNoRoom):
		http.Error(w, "the request cannot be read", http.StatusBadRequest)
		return
	}
	now := l.inFlight.Add(1)
	defer l.inFlight.Add(-1)
	if err != nil || now > int64(refusedAt*l.limits.InFlight) {
		// The failure policy decides.
		l.limits.Metrics.overloaded(overloadRefused)
		http.Error(w, "Garboard has too many requests to answer", http.StatusServiceUnavailable)
		return
	}
	r.Body = newWholeBody(read.Data)
	wait, waited := l.mayWait(now, read.Weight)
	defer waited()
	if !wait {
		r = r.WithContext(context.WithValue(r.Context(), busyKey{}, true))
	}
	held := &heldAnswer{ResponseWriter: w}
	l.next.ServeHTTP(held, r.WithContext(context.WithValue(r.Context(), heldKey{}, held)))
	if held.late.Load() {
		l.limits.Metrics.overloaded(overloadRefused)
		http.Error(w, "Garboard had no time to answer", http.StatusServiceUnavailable)
		return
	}
	held.send()
	attempt(r.Context(), panicOutside, l.limits.Metrics, held.tell)
}

// mayWait reports whether a request with a body of a size may wait for a registry, beside so
// many in flight. waited is called when it is answered.
func (l *inFlightLimiter) mayWait(inFlight, size int64) (wait bool, waited func()) {
	none := func() {}
	switch {
	case inFlight > int64(l.limits.InFlight):
		return false, none
	case size <= smallBody:
		return true, none
	case l.waiting.TryAcquire(size):
		return true, func() { l.waiting.Release(size) }
	default:
		return false, none
	}
}

type busyKey struct{}

// busy reports whether the request must not wait for a registry.
func busy(ctx context.Context) bool { return ctx.Value(busyKey{}) != nil }

// warningBusy is told where an answer might have been another otherwise.
const warningBusy = "Garboard has too many requests to wait for a registry"

// CacheOnly returns a Decider that answers from what is known. Where
// nothing is, each row that resolves answers what it would have resolved from:
// a new image as it is written, and one that is stored never goes back.
func (d *Decider) CacheOnly() *Decider {
	options := d.DeciderOptions
	options.Resolver = cacheOnlyResolver{options.Resolver}
	return &Decider{DeciderOptions: options, versions: d.versions}
}

var errBusy = errors.New("too many requests in flight to ask a registry")

// cacheOnlyResolver gives a resolver no time.
type cacheOnlyResolver struct{ Resolver }

// Resolve answers from what is known, and says that no registry was asked instead of
// blaming it.
func (h cacheOnlyResolver) Resolve(ctx context.Context, q resolver.Query) (resolver.Resolution, error) {
	ctx, cancel := context.WithDeadline(ctx, time.Time{})
	defer cancel()
	resolution, err := h.Resolver.Resolve(ctx, q)
	for _, late := range []*error{&resolution.Err, &err} {
		if errors.Is(*late, context.DeadlineExceeded) {
			*late = errBusy
		}
	}
	return resolution, err
}
