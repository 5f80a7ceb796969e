package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/garboard-dev/garboard/internal/voting/enforcement"
)

// stepLimit bounds each step of a measurement.
const stepLimit = 40 * time.Minute

// figure is what was measured at one size.
type figure struct {
	// Source is the folder of the version.
	Source                  string
	Workloads, Repositories int
	// CreateSeconds is how long it took to create those that were not there yet, New.
	New           int
	CreateSeconds float64
	// StartSeconds is from the updater's start to its first poll, when it knows all
	// workloads; Start are its requests by then.
	StartSeconds float64
	Start        map[string]int
	// HeapBytes and ResidentBytes are the updater's after all repositories were
	// polled once, PeakBytes the most that was resident until the end.
	HeapBytes, ResidentBytes, PeakBytes float64
	// RestSeconds is how long nothing happened; Rest are the requests to the API
	// server meanwhile, and Polls and Lists how often repositories were polled and
	// lists read, of Listed repositories.
	RestSeconds          float64
	Rest                 map[string]int
	Polls, Lists, Listed int
	// MoveSeconds is from the last push to the last bump, and Move are the requests
	// meanwhile, MoveCPU the seconds of a CPU that each process took. Once is how many
	// Deployments run the new tag after one change.
	MoveSeconds float64
	Move        map[string]int
	MoveCPU     cpu
	Once        int
}

// measure takes the figures of one size, with an updater of its own.
func (s *stage) measure(ctx context.Context, size int, b build) (figure, error) {
	f := figure{Source: b.source, Workloads: size, Repositories: s.repositories, New: size - s.created}
	s.garboard.Use(b.source, b.binary)
	asked := newAudit(s.cluster.AuditLog)
	began := time.Now()
	if err := s.within(ctx, "creating", func(ctx context.Context) error { return s.grow(ctx, f.Workloads) }); err != nil {
		return f, err
	}
	f.CreateSeconds = time.Since(began).Seconds()
	if _, err := asked.requests(); err != nil {
		return f, err
	}
	err := s.within(ctx, "starting the updater", func(ctx context.Context) error { return s.start(ctx, asked, &f) })
	if err != nil {
		return f, err
	}
	for _, step := range []struct {
		what string
		do   func(context.Context, *audit, *figure) error
	}{{"resting", s.atRest}, {"moving all", s.move}} {
		if err := s.within(ctx, step.what, func(ctx context.Context) error { return step.do(ctx, asked, &f) }); err != nil {
			return f, err
		}
	}
	return f, s.garboard.StopUpdater(ctx)
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

// start starts the updater and waits for its first poll, and then until it has
// polled all repositories.
func (s *stage) start(ctx context.Context, asked *audit, f *figure) error {
	began := time.Now()
	clear(asked.read) // the log has the updater of the size before, too
	if err := s.garboard.StartUpdater(ctx, fmt.Sprintf("--max-rollouts=%d", s.pace)); err != nil {
		return err
	}
	if _, err := s.until(ctx, "garboard_updater_polls_total", 1); err != nil {
		return err
	}
	f.StartSeconds = time.Since(began).Seconds()
	var err error
	if f.Start, err = asked.requests(); err != nil {
		return err
	}
	if tracked, err := s.until(ctx, "garboard_updater_repositories", float64(s.repositories)); err != nil || int(tracked) != s.repositories {
		return fmt.Errorf("%v repositories are polled, want %d: %w", tracked, s.repositories, err)
	}
	if _, err = s.until(ctx, "garboard_updater_polls_total", float64(s.repositories)); err != nil {
		return err
	}
	if f.Source != s.source { // another version may read nothing of votes
		return nil
	}
	return untilVotesAreJudged(ctx, asked)
}

// untilVotesAreJudged waits until the updater has looked, once and beside its first polls,
// at what votes rest on: the bindings of the policies are the last that it reads of it.
func untilVotesAreJudged(ctx context.Context, asked *audit) error {
	const bindings = "validatingadmissionpolicybindings"
	err := wait.PollUntilContextTimeout(ctx, time.Second, time.Minute, true, func(context.Context) (bool, error) {
		_, err := asked.requests()
		return asked.read[bindings] >= len(enforcement.Names()), err
	})
	if err != nil {
		return fmt.Errorf("waiting for the updater to read %d %s: it has read %d: %w", len(enforcement.Names()), bindings, asked.read[bindings], err)
	}
	return nil
}

// atRest measures memory, and what is asked while nothing happens.
func (s *stage) atRest(ctx context.Context, asked *audit, f *figure) error {
	before, err := s.metrics(ctx)
	if err != nil {
		return err
	}
	f.HeapBytes, f.ResidentBytes = before["go_memstats_heap_inuse_bytes"], before["process_resident_memory_bytes"]
	if _, err := asked.requests(); err != nil {
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
	after, err := s.metrics(ctx)
	if err != nil {
		return err
	}
	f.Polls = int(after["garboard_updater_polls_total"] - before["garboard_updater_polls_total"])
	f.Rest, err = asked.requests()
	return err
}

// move pushes a tag to all repositories and waits until all workloads run it.
func (s *stage) move(ctx context.Context, asked *audit, f *figure) error {
	before, err := s.standings(ctx)
	if err != nil {
		return err
	}
	if err := s.push(ctx); err != nil {
		return err
	}
	began := time.Now()
	busy, err := s.cpu(ctx)
	if err != nil {
		return err
	}
	if f.Move, err = asked.untilPatched(ctx, f.Workloads); err != nil {
		return err
	}
	if _, err := s.until(ctx, `garboard_updater_bumps_total{outcome="moved"}`, float64(f.Workloads)); err != nil {
		return err
	}
	f.MoveSeconds = time.Since(began).Seconds()
	taken, err := s.cpu(ctx)
	if err != nil {
		return err
	}
	f.MoveCPU = taken.since(busy)
	rest, err := asked.requests()
	if err != nil {
		return err
	}
	for kind, n := range rest {
		f.Move[kind] += n
	}
	after, err := s.standings(ctx)
	if err != nil {
		return err
	}
	for name, now := range after {
		if now.tag == s.tag && now.generation == before[name].generation+1 {
			f.Once++
		}
	}
	f.PeakBytes, err = peak(s.garboard.Updater().Pid())
	return err
}

// until waits until a metric has a value, or more.
func (s *stage) until(ctx context.Context, metric string, least float64) (float64, error) {
	// As often as that tells anything: to read the metrics costs the updater time, the
	// more workloads it has.
	var last float64
	var unread error
	err := wait.PollUntilContextCancel(ctx, time.Second, true, func(ctx context.Context) (bool, error) {
		var all map[string]float64
		all, unread = s.metrics(ctx)
		last = all[metric]
		return unread == nil && last >= least, nil
	})
	if err != nil {
		return last, errors.Join(fmt.Errorf("waiting for %s: it is %v, want %v", metric, last, least), unread)
	}
	return last, nil
}

// metrics reads the updater's, summed up by name, and each with its labels.
func (s *stage) metrics(ctx context.Context) (map[string]float64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.garboard.Updater().Metrics+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	return parseMetrics(response.Body)
}

func parseMetrics(text io.Reader) (map[string]float64, error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(text)
	if err != nil {
		return nil, err
	}
	all := map[string]float64{}
	for name, family := range families {
		for _, m := range family.GetMetric() {
			value := m.GetCounter().GetValue() + m.GetGauge().GetValue()
			all[name] += value
			for _, label := range m.GetLabel() {
				all[fmt.Sprintf("%s{%s=%q}", name, label.GetName(), label.GetValue())] += value
			}
		}
	}
	return all, nil
}

// peak is the most memory that a process had resident.
func peak(pid int) (float64, error) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		return 0, fmt.Errorf("reading the updater's memory: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kilobytes, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 64)
			return kilobytes * 1024, err
		}
	}
	return 0, fmt.Errorf("reading the updater's memory: no VmHWM in /proc/%d/status", pid)
}
