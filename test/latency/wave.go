package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// wave is a push to several repositories at once, whose users all move. Each round is
// made by hand first, in a loop over the same number of workloads, so that both see the
// same load.
type wave struct {
	*measurement
	repositories, each, rounds int
}

// workload is the n-th of a repository.
func (w *wave) workload(repository, n int) int { return repository*w.each + n }

// compare measures the rounds, and prints a line for the two ways.
func (w *wave) compare(ctx context.Context) error {
	var hand, push times
	for round := range w.rounds {
		if err := w.pause(ctx); err != nil {
			return err
		}
		tag := fmt.Sprintf("1.%d.0", round+1)
		for _, way := range []struct {
			into *times
			do   func(context.Context, string) ([]time.Duration, error)
		}{{&hand, w.patchAll}, {&push, w.notifyAll}} {
			took, err := way.do(ctx, tag)
			if err != nil {
				return err
			}
			way.into.add(took)
		}
	}
	fmt.Printf("\nFrom a push of %d repositories to the spec of their %d workloads each, %d rounds:\n\n| by | p50 | p95 | the last |\n|---|---|---|---|\n%s%s",
		w.repositories, w.each, w.rounds, hand.row("their patches in a loop"), push.row("push notifications"))
	fmt.Printf("\nPush notifications take %.2f times as long at p50, %.2f times at p95\n", ratio(push.at(50), hand.at(50)), ratio(push.at(95), hand.at(95)))
	return nil
}

// pause waits: a push within a second of the last one of its repository is told of later.
func (w *wave) pause(ctx context.Context) error {
	select {
	case <-time.After(w.rest):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// push puts a tag into all repositories.
func (w *wave) push(ctx context.Context, tag string) error {
	for r := range w.repositories {
		if _, err := w.cluster.Push(ctx, repository(r), tag); err != nil {
			return err
		}
	}
	return nil
}

func (w *wave) patchAll(ctx context.Context, tag string) ([]time.Duration, error) {
	began := time.Now()
	for r := range w.repositories {
		for n := range w.each {
			if err := w.patch(ctx, w.workload(r, n), tag); err != nil {
				return nil, err
			}
		}
	}
	return w.awaitAll(ctx, byHand, tag, began)
}

func (w *wave) notifyAll(ctx context.Context, tag string) ([]time.Duration, error) {
	if err := w.push(ctx, tag); err != nil {
		return nil, err
	}
	began := time.Now()
	all, told := errgroup.WithContext(ctx)
	for r := range w.repositories {
		all.Go(func() error { return w.notify(told, w.workload(r, 0), tag) })
	}
	if err := all.Wait(); err != nil {
		return nil, err
	}
	return w.awaitAll(ctx, followed, tag, began)
}

// awaitAll returns how long each workload took to name the new image.
func (w *wave) awaitAll(ctx context.Context, namespace, tag string, began time.Time) ([]time.Duration, error) {
	var mu sync.Mutex
	var took []time.Duration
	all, ctx := errgroup.WithContext(ctx)
	for n := range w.repositories * w.each {
		all.Go(func() error {
			at, err := w.await(ctx, namespace, n, w.image(n, tag))
			mu.Lock()
			defer mu.Unlock()
			took = append(took, at.Sub(began))
			return err
		})
	}
	return took, all.Wait()
}

// times are those of all rounds.
type times struct{ all, last []time.Duration }

func (t *times) add(round []time.Duration) {
	t.all, t.last = append(t.all, round...), append(t.last, slices.MaxFunc(round, cmp.Compare[time.Duration]))
}

func (t *times) at(percent int) time.Duration { return percentile(t.all, percent) }

func (t *times) row(name string) string {
	var row strings.Builder
	fmt.Fprintf(&row, "| %s |", name)
	for _, d := range []time.Duration{t.at(50), t.at(95), percentile(t.last, 50)} {
		fmt.Fprintf(&row, " %d ms |", d.Milliseconds())
	}
	return row.String() + "\n"
}

// percentile sorts what it is given.
func percentile(all []time.Duration, percent int) time.Duration {
	slices.Sort(all)
	return all[min(len(all)*percent/100, len(all)-1)]
}

func ratio(a, b time.Duration) float64 { return float64(a) / float64(b) }
