package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/garboard-dev/garboard/test/installation"
)

// updaters are those that are measured together.
type updaters struct {
	servers []*installation.Server
	// credentials tell their requests apart in the API server's log.
	credentials []string
}

// startUpdaters starts as many as share the repositories, one after another: so the
// credential that is new in the log is that of the last one.
func (s *stage) startUpdaters(ctx context.Context, log *audit) error {
	s.running = updaters{}
	arguments := []string{fmt.Sprintf("--max-rollouts=%d", s.pace/s.updaters)}
	if s.shards > 1 {
		arguments = append(arguments, fmt.Sprintf("--shards=%d", s.shards))
	}
	for range s.updaters {
		if err := s.garboard.StartUpdater(ctx, arguments...); err != nil {
			return err
		}
		s.running.servers = append(s.running.servers, s.garboard.Updater())
		credential, err := log.untilNew(ctx)
		if err != nil {
			return err
		}
		s.running.credentials = append(s.running.credentials, credential)
	}
	return nil
}

func (u *updaters) stop(ctx context.Context) error {
	var stops errgroup.Group
	for _, server := range u.servers {
		stops.Go(func() error { return server.Stop(ctx) })
	}
	return stops.Wait()
}

// metrics reads those of each updater.
func (u *updaters) metrics(ctx context.Context) ([]metrics, error) {
	all := make([]metrics, 0, len(u.servers))
	for _, server := range u.servers {
		of, err := readMetrics(ctx, server.Metrics+"/metrics")
		if err != nil {
			return nil, fmt.Errorf("reading the metrics of %s: %w", server.Name, err)
		}
		all = append(all, of)
	}
	return all, nil
}

// until waits until the metrics of the updaters are as they should be; the error of good
// says what they are.
func (u *updaters) until(ctx context.Context, good func([]metrics) error) error {
	var last error
	// As often as that tells anything: to read the metrics costs an updater time, the
	// more workloads it has.
	err := wait.PollUntilContextCancel(ctx, time.Second, true, func(ctx context.Context) (bool, error) {
		all, err := u.metrics(ctx)
		if last = err; err == nil {
			last = good(all)
		}
		return last == nil, nil
	})
	return errors.Join(err, last)
}

// peaks are the most memory that each had resident.
func (u *updaters) peaks() ([]float64, error) {
	var all []float64
	for _, server := range u.servers {
		bytes, err := peak(server.Pid())
		if err != nil {
			return nil, fmt.Errorf("reading the memory of %s: %w", server.Name, err)
		}
		all = append(all, bytes)
	}
	return all, nil
}

func peak(pid int) (float64, error) {
	name := filepath.Join("/proc", strconv.Itoa(pid), "status")
	text, err := os.ReadFile(name)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kilobytes, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 64)
			return kilobytes * 1024, err
		}
	}
	return 0, fmt.Errorf("no VmHWM in %s", name)
}
