package resolver

import (
	"context"
	"errors"

	"golang.org/x/sync/semaphore"

	"github.com/garboard-dev/garboard/resolver/internal/recent"
)

const (
	// defaultMaxReads is for Options.MaxReads. A read that hangs has a connection with
	// TLS, some hundred kilobytes.
	defaultMaxReads = 256
	// ownersShare is which part of all reads one owner may have under way.
	ownersShare = 8
	// maxOwners bounds the owners that are remembered.
	maxOwners = 4096
)

// errManyReads is a read that was not begun in its caller's time.
var errManyReads = errors.New("too many other reads are under way")

// reads bounds those that are under way: repositories are input, and a read goes on for those
// who come later when its caller has left.
type reads struct {
	all    *semaphore.Weighted
	each   int64
	owners *recent.Map[string, *semaphore.Weighted]
}

func newReads(o *Options) *reads {
	return &reads{
		all: semaphore.NewWeighted(int64(o.MaxReads)), each: int64(max(o.MaxReads/ownersShare, 1)),
		owners: recent.New[string, *semaphore.Weighted](maxOwners, o.ReadTimeout, o.Now),
	}
}

// places are those of the reads that one owner has begun.
type places struct {
	reads *reads
	owner string
}

// of is the part of an owner; the empty one has no bound of its own.
func (r *reads) of(owner string) places { return places{r, owner} }

// own are the places of the owner alone; nil where it has no bound.
func (p places) own() *semaphore.Weighted {
	if p.owner == "" {
		return nil
	}
	return p.reads.owners.Get(p.owner, func() *semaphore.Weighted { return semaphore.NewWeighted(p.reads.each) })
}

// take waits for a place, which leave gives back.
func (p places) take(ctx context.Context) (leave func(), err error) {
	own := p.own()
	if own != nil {
		if err := own.Acquire(ctx, 1); err != nil {
			return nil, err
		}
	}
	if err := p.reads.all.Acquire(ctx, 1); err != nil {
		if own != nil {
			own.Release(1)
		}
		return nil, err
	}
	return p.leave(own), nil
}

// tryTake takes a place that is free; ok is false where none is.
func (p places) tryTake() (leave func(), ok bool) {
	own := p.own()
	if own != nil && !own.TryAcquire(1) {
		return nil, false
	}
	if p.reads.all.TryAcquire(1) {
		return p.leave(own), true
	}
	if own != nil {
		own.Release(1)
	}
	return nil, false
}

func (p places) leave(own *semaphore.Weighted) func() {
	return func() {
		p.reads.all.Release(1)
		if own != nil {
			own.Release(1)
		}
	}
}
