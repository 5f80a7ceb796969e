package relay

import (
	"context"
	"maps"
	"time"

	"github.com/garboard-dev/garboard/updater/poll"
)

// idle is how long Run waits where there is nothing to do.
const idle = time.Minute

// step hands over what is due and writes what is unwritten. It returns when there
// is something to do again, if nothing comes in.
func (r *Relay) step(ctx context.Context) time.Duration {
	due, next := r.take()
	for _, push := range due {
		r.options.Hand(push)
	}
	batch, after := r.batch()
	if len(batch) == 0 {
		return min(next, after)
	}
	return min(next, r.wrote(batch, r.write(ctx, batch)))
}

// finish hands over and writes what is left, whatever its time.
func (r *Relay) finish(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lastTimeout)
	defer cancel()
	r.mu.Lock()
	clear(r.last)
	r.retry = time.Time{}
	r.mu.Unlock()
	r.step(ctx)
}

// take returns the pushes whose repositories have been quiet for long enough,
// and when the next will have been.
func (r *Relay) take() (due []poll.Push, next time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.options.Clock.Now()
	maps.DeleteFunc(r.last, func(_ string, at time.Time) bool { return now.Sub(at) >= quiet })
	r.forget()
	next = idle
	for repository, push := range r.waiting {
		if at, early := r.last[repository]; early {
			next = min(next, at.Add(quiet).Sub(now))
			continue
		}
		delete(r.waiting, repository)
		r.last[repository] = now
		r.unwritten[repository] = push
		// As it will come back by the watch.
		r.handed[keyOf(repository)] = formatValue(push)
		due = append(due, push)
	}
	return due, next
}

// forget drops what was handed over here and is not stored, where that is too much: it was
// not written, or there is no word of it. It may come once more then. The caller holds the
// lock.
func (r *Relay) forget() {
	if len(r.handed) <= 2*MaxKeys {
		return
	}
	maps.DeleteFunc(r.handed, func(key, _ string) bool { _, there := r.stored[key]; return !there })
}

// batch is what is to be written now; else the time after which.
func (r *Relay) batch() (batch map[string]poll.Push, after time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if wait := r.retry.Sub(r.options.Clock.Now()); wait > 0 && len(r.unwritten) > 0 {
		return nil, wait
	}
	for len(r.unwritten) > MaxKeys {
		delete(r.unwritten, oldest(r.unwritten))
	}
	return maps.Clone(r.unwritten), idle
}

func oldest(pushes map[string]poll.Push) string {
	var first string
	for repository, push := range pushes {
		if first == "" || push.Received.Before(pushes[first].Received) {
			first = repository
		}
	}
	return first
}

// wrote notes what became of a write, and returns when to write again.
func (r *Relay) wrote(batch map[string]poll.Push, err error) time.Duration {
	r.options.Metrics.wrote(err)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		for repository, push := range batch {
			if r.unwritten[repository] == push {
				delete(r.unwritten, repository)
			}
		}
		r.failures, r.retry = 0, time.Time{}
		return idle
	}
	wait := min(retryMost, retryFirst<<min(r.failures, 10))
	r.failures++
	r.retry = r.options.Clock.Now().Add(wait)
	r.options.Log.Error(err, "pushes are not told to other replicas yet", "repositories", len(batch), "again", wait.String())
	return wait
}
