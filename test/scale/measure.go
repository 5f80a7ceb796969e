package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"time"

	"github.com/garboard-dev/garboard/internal/voting/enforcement"
)

// stepLimit bounds each step of a measurement.
const stepLimit = 40 * time.Minute

// measure takes the figures of one size, with updaters of its own.
func (s *stage) measure(ctx context.Context, z size, b build) (figure, error) {
	s.size = z
	f := figure{Source: b.source, Workloads: z.workloads, Repositories: s.repositories, New: z.workloads - s.created, Updaters: make([]part, z.updaters)}
	s.garboard.Use(b.source, b.binary)
	log := newAudit(s.cluster.AuditLog)
	for _, step := range []struct {
		what string
		do   func(context.Context, *audit, *figure) error
	}{{"creating", s.create}, {"starting the updaters", s.start}, {"resting", s.atRest}, {"moving all", s.move}} {
		if err := s.within(ctx, step.what, func(ctx context.Context) error { return step.do(ctx, log, &f) }); err != nil {
			return f, err
		}
	}
	return f, s.running.stop(ctx)
}

func (s *stage) within(ctx context.Context, what string, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, stepLimit)
	defer cancel()
	fmt.Fprintln(os.Stderr, what)
	if err := do(ctx); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// create creates the workloads that are not there yet. The log of the API server, which has
// updaters before these, is read to its end.
func (s *stage) create(ctx context.Context, log *audit, f *figure) error {
	began := time.Now()
	if err := s.grow(ctx, f.Workloads); err != nil {
		return err
	}
	f.CreateSeconds = time.Since(began).Seconds()
	return log.read()
}

// start starts the updaters and waits for the first poll of each, and then until they share
// the repositories evenly and have polled all.
func (s *stage) start(ctx context.Context, log *audit, f *figure) error {
	began := time.Now()
	s.registry.listed()
	if err := s.startUpdaters(ctx, log); err != nil {
		return err
	}
	if err := s.running.until(ctx, each(metricPolls, 1, math.Inf(1))); err != nil {
		return err
	}
	f.StartSeconds = time.Since(began).Seconds()
	made, err := log.take(s.running.credentials)
	if err != nil {
		return err
	}
	for i := range f.Updaters {
		f.Updaters[i].Start = made[i]
	}
	if err := s.untilPolled(ctx); err != nil {
		return err
	}
	f.PolledSeconds = time.Since(began).Seconds()
	if f.Source != s.source { // another version may read nothing of votes
		return nil
	}
	// They look, once and beside the first polls, at what votes rest on: the bindings of the
	// policies are the last that is read of it.
	return log.untilRead(ctx, s.running.credentials, "validatingadmissionpolicybindings", len(enforcement.Names()))
}

// untilPolled waits until each updater follows all repositories and has its equal part of the
// shards, and all repositories were polled.
func (s *stage) untilPolled(ctx context.Context) error {
	all := float64(s.repositories)
	least, most := s.shards/s.updaters, (s.shards+s.updaters-1)/s.updaters
	for _, good := range []func([]metrics) error{
		each("garboard_updater_repositories", all, all),
		each(metricShards, float64(least), float64(most)),
		together(metricPolls, all),
		func([]metrics) error {
			if n := s.registry.read(); n < s.repositories {
				return fmt.Errorf("the lists of %d repositories were read, want %d", n, s.repositories)
			}
			return nil
		},
	} {
		if err := s.running.until(ctx, good); err != nil {
			return err
		}
	}
	return nil
}

// atRest measures memory, and what is asked while nothing happens.
func (s *stage) atRest(ctx context.Context, log *audit, f *figure) error {
	before, err := s.running.metrics(ctx)
	if err != nil {
		return err
	}
	if _, err := log.take(s.running.credentials); err != nil {
		return err
	}
	s.registry.listed()
	began := time.Now()
	over := time.NewTimer(s.rest)
	defer over.Stop()
	select {
	case <-over.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	f.RestSeconds = time.Since(began).Seconds()
	f.Lists, f.Listed = s.registry.listed()
	after, err := s.running.metrics(ctx)
	if err != nil {
		return err
	}
	made, err := log.take(s.running.credentials)
	if err != nil {
		return err
	}
	for i := range f.Updaters {
		p := &f.Updaters[i]
		p.HeapBytes, p.ResidentBytes = before[i]["go_memstats_heap_inuse_bytes"], before[i][metricResident]
		p.Polls = int(after[i][metricPolls] - before[i][metricPolls])
		p.Rest = made[i]
	}
	return nil
}

// move pushes a tag to all repositories and waits until all workloads run it.
func (s *stage) move(ctx context.Context, log *audit, f *figure) error {
	ran, err := s.standings(ctx)
	if err != nil {
		return err
	}
	before, err := s.usage(ctx)
	if err != nil {
		return err
	}
	if _, err := log.take(s.running.credentials); err != nil {
		return err
	}
	began := time.Now()
	if err := s.push(ctx); err != nil {
		return err
	}
	f.PushSeconds = time.Since(began).Seconds()
	if err := log.untilPatched(ctx, s.running.credentials, f.Workloads); err != nil {
		return err
	}
	if err := s.running.until(ctx, together(metricMoved, float64(f.Workloads))); err != nil {
		return err
	}
	f.MoveSeconds = time.Since(began).Seconds()
	after, err := s.usage(ctx)
	if err != nil {
		return err
	}
	made, err := log.take(s.running.credentials)
	if err != nil {
		return err
	}
	f.moved(before, after, made)
	run, err := s.standings(ctx)
	if err != nil {
		return err
	}
	for name, now := range run {
		if now.tag == s.tag && now.generation == ran[name].generation+1 {
			f.Once++
		}
	}
	return nil
}
