package identity

import (
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	// firstRetry is when a cloud is asked again after a failure; it doubles
	// with each further one. A cluster without a cloud identity is asked at
	// most every lastRetry, for one that gets it later.
	firstRetry = 30 * time.Second
	lastRetry  = 10 * time.Minute
	// margin is what must be left of a token for it to be given out: a read of a
	// long list takes its time. Of a short life it is a tenth.
	margin = time.Minute
)

// grant is what a cloud gave, and until when it holds.
type grant[T any] struct {
	value   T
	expires time.Time
}

// pace is how a cell asks.
type pace struct {
	now func() time.Time
	// timeout ends a question to the cloud, patience the wait of those who
	// need its answer; both count from when the question was put.
	timeout, patience time.Duration
}

// cell keeps one grant and renews it. No caller asks the cloud itself: the
// question is put once, beside them all, under a deadline of its own, since the
// first caller's would end it for everyone.
type cell[T any] struct {
	pace
	ask func(context.Context) (grant[T], error)

	mu       sync.Mutex
	kept     T
	renewAt  time.Time
	usableTo time.Time
	question *question[T]
	failures int // in a row
	failure  error
	retryAt  time.Time
}

// question is one that the cloud has not answered yet.
type question[T any] struct {
	done     chan struct{}
	patience context.Context
	// value and err are there once done is closed.
	value T
	err   error
}

func newCell[T any](p pace, ask func(context.Context) (grant[T], error)) *cell[T] {
	return &cell[T]{pace: p, ask: ask}
}

// get returns what is kept, or waits for it: until the context ends, or the
// cell's patience does. A failure is returned at once until it is time to ask
// again.
func (c *cell[T]) get(ctx context.Context) (T, error) {
	c.mu.Lock()
	now := c.now()
	if c.question == nil && !now.Before(c.renewAt) && !now.Before(c.retryAt) {
		c.put(ctx)
	}
	kept, usable := c.kept, now.Before(c.usableTo)
	open, failure := c.question, c.failure
	c.mu.Unlock()

	var none T
	switch {
	case usable:
		return kept, nil
	case open == nil:
		return none, failure
	default:
		return open.wait(ctx)
	}
}

// put asks the cloud. The caller holds the lock.
func (c *cell[T]) put(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.timeout)
	patience, forget := context.WithTimeout(ctx, c.patience)
	open := &question[T]{done: make(chan struct{}), patience: patience}
	c.question = open
	go func() {
		defer cancel()
		defer forget()
		granted, err := c.ask(ctx)
		c.keepAnswer(open, granted, err)
	}()
}

// keepAnswer keeps the answer, or the failure, and lets everyone know.
func (c *cell[T]) keepAnswer(open *question[T], granted grant[T], err error) {
	c.mu.Lock()
	now := c.now()
	life := granted.expires.Sub(now)
	if err == nil && life <= 0 {
		err = errExpired
	}
	if err != nil {
		granted = grant[T]{}
		c.failures++
		c.failure, c.retryAt = err, now.Add(backOff(c.failures))
	} else {
		c.failures, c.failure, c.retryAt = 0, nil, time.Time{}
		c.kept = granted.value
		c.renewAt = now.Add(life / 10 * 8)
		c.usableTo = granted.expires.Add(-min(margin, life/10))
	}
	c.question = nil
	c.mu.Unlock()

	open.value, open.err = granted.value, err
	close(open.done)
}

func (q *question[T]) wait(ctx context.Context) (T, error) {
	var none T
	select {
	case <-q.done:
		return q.value, q.err
	case <-q.patience.Done():
	case <-ctx.Done():
	}
	select {
	case <-q.done: // It came together with the deadline.
		return q.value, q.err
	default:
	}
	if ctx.Err() != nil {
		return none, fmt.Errorf("waiting for a token: %w", ctx.Err())
	}
	return none, fmt.Errorf("waiting for a token: %w", q.patience.Err())
}

// backOff is the pause after so many failures in a row.
func backOff(failures int) time.Duration {
	pause := firstRetry
	for range failures - 1 {
		pause *= 2
		if pause >= lastRetry {
			return lastRetry
		}
	}
	return pause
}
