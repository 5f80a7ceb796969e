package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

const (
	pollEvery = 50 * time.Millisecond
	// waitLimit bounds each wait of a start; all of them together take five
	// seconds on two idle cores, and an API server alone a minute on busy ones.
	waitLimit = 2 * time.Minute
	// readyLimit bounds one question whether the API server is ready.
	readyLimit = 5 * time.Second
	tailLines  = 15
)

// fatalError is an error that no more polling can mend.
type fatalError struct{ error }

func (f fatalError) Unwrap() error { return f.error }

// poll calls check until it returns nil or a fatal error, or the context ends;
// the error then has check's last one too.
func poll(ctx context.Context, every time.Duration, check func(context.Context) error) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		err := check(ctx)
		if err == nil || errors.As(err, &fatalError{}) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		case <-tick.C:
		}
	}
}

// await polls until check succeeds. It gives up after waitLimit, and at once
// when the process that it waits for has ended; the error has the end of the
// process's log.
func (c *Cluster) await(ctx context.Context, p *Process, what string, check func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, waitLimit, fmt.Errorf("not there after %s", waitLimit))
	defer cancel()
	err := poll(ctx, pollEvery, func(ctx context.Context) error {
		err := check(ctx)
		if err != nil && p.ended() {
			return fatalError{fmt.Errorf("%s has ended (%s): %w", p.Name, p.cmd.ProcessState, err)}
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("waiting for %s: %w\n%s", what, err, tail(p.Log))
	}
	return nil
}

// tail is the end of a log file, under the file's name.
func tail(name string) string {
	f, err := os.Open(name)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = f.Close() }()
	const enough = tailLines * 1000
	if info, err := f.Stat(); err == nil && info.Size() > enough {
		_, _ = f.Seek(-enough, io.SeekEnd)
	}
	text, err := io.ReadAll(f)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	lines = lines[max(len(lines)-tailLines, 0):]
	return "the end of " + name + ":\n" + strings.Join(lines, "\n")
}
