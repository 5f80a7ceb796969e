package main

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// latencies creates one Deployment at a time. The cases take turns, so that all
// see the same load, and the ratios are of one run.
func (b *bench) latencies(ctx context.Context) error {
	for range b.requests {
		for _, v := range b.cases {
			before := v.count()
			took, err := v.create(ctx)
			if err != nil {
				return fmt.Errorf("creating with %q: %w", v.name, err)
			}
			v.took = append(v.took, took)
			v.asked += v.count() - before
			v.admitted++
		}
	}
	return nil
}

// count is what the case's registry was asked so far.
func (v *variant) count() int64 {
	if v.registry == nil {
		return 0
	}
	return v.registry.requests.Load()
}

// throughput creates with all clients at once, in rounds.
func (b *bench) throughput(ctx context.Context) error {
	const rounds = 4
	done := make([]int64, len(b.cases))
	for range rounds {
		for i, v := range b.cases {
			before := v.count()
			n, err := b.burst(ctx, v, b.load/rounds)
			if err != nil {
				return fmt.Errorf("creating with %q: %w", v.name, err)
			}
			done[i] += n
			v.asked += v.count() - before
			v.admitted += n
		}
	}
	for i, v := range b.cases {
		v.rate = float64(done[i]) / b.load.Seconds()
	}
	return nil
}

func (b *bench) burst(ctx context.Context, v *variant, lasts time.Duration) (int64, error) {
	over, cancel := context.WithTimeout(ctx, lasts)
	defer cancel()
	var clients errgroup.Group
	var done atomic.Int64
	for range b.clients {
		clients.Go(func() error {
			for over.Err() == nil {
				if _, err := v.create(ctx); err != nil {
					return err
				}
				done.Add(1)
			}
			return nil
		})
	}
	err := clients.Wait()
	return done.Load(), err
}

// table prints what was measured, as docs/performance.md has it.
func (b *bench) table() {
	fmt.Printf("\nCreating a Deployment: %d one by one in turns, then %d clients for %s; the registry takes %s.\n\n", b.requests, b.clients, b.load, b.latency)
	fmt.Println("| webhook | p50 | p95 | p99 | requests a second | registry requests an admission |")
	fmt.Println("|---|---|---|---|---|---|")
	for _, v := range b.cases {
		slices.Sort(v.took)
		asked := "-"
		if v.registry != nil {
			asked = fmt.Sprintf("%.2f (%d for %d)", float64(v.asked)/float64(v.admitted), v.asked, v.admitted)
		}
		fmt.Printf("| %s | %s | %s | %s | %.0f | %s |\n", v.name, v.percentile(50), v.percentile(95), v.percentile(99), v.rate, asked)
	}
	warm := b.named("warm")
	for _, beside := range []*variant{b.named("noop"), b.named("patched")} {
		fmt.Printf("\nGarboard warm, beside %s: %.2f times at p50, %.2f at p95, %.2f at p99\n",
			beside.name, warm.ratio(beside, 50), warm.ratio(beside, 95), warm.ratio(beside, 99))
	}
}

func (b *bench) named(namespace string) *variant {
	return b.cases[slices.IndexFunc(b.cases, func(v *variant) bool { return v.namespace == namespace })]
}

// at is a percentile of what one request took; they are sorted by then.
func (v *variant) at(percent int) time.Duration {
	return v.took[min(len(v.took)*percent/100, len(v.took)-1)]
}

func (v *variant) percentile(percent int) string {
	return fmt.Sprintf("%.2f ms", float64(v.at(percent).Microseconds())/1000)
}

func (v *variant) ratio(to *variant, percent int) float64 {
	return float64(v.at(percent)) / float64(to.at(percent))
}
