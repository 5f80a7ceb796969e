package snapshot

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/garboard-dev/garboard/resolver"
)

// DefaultInterval is how often a changed index is written: what a killed process
// has learnt since then is lost. A write takes a fifth of a second of a CPU where a
// thousand repositories of a thousand tags are known.
const DefaultInterval = 5 * time.Minute

// Index is what a snapshot is of; *resolver.Resolver has one. Its Changes are
// another number whenever Known has something new to say.
type Index interface {
	Known() resolver.Knowledge
	Restore(k resolver.Knowledge) error
	Changes() uint64
}

// Options say what is kept where.
type Options struct {
	// Path of the file. Beside it, Path.new is written. Required.
	Path string
	// Index is required.
	Index Index
	// Interval between two writes. The default is DefaultInterval.
	Interval time.Duration
	// Report is told of a write that failed. The default ignores it.
	Report func(error)
}

// Keeper keeps the snapshot of one index.
type Keeper struct {
	options Options
	written uint64 // Changes of the index, when it was last written
}

// New neither reads nor writes. The error is that of a required option.
func New(o Options) (*Keeper, error) {
	switch {
	case o.Path == "":
		return nil, errors.New("keeping a snapshot of the index: no file given")
	case o.Index == nil:
		return nil, errors.New("keeping a snapshot of the index: no index given")
	}
	if o.Interval <= 0 {
		o.Interval = DefaultInterval
	}
	if o.Report == nil {
		o.Report = func(error) {}
	}
	return &Keeper{options: o}, nil
}

// Load puts what the file holds into the index, and returns how many lists that
// are; none where there is no file. The error says why the file cannot be used.
// Nothing of it is in the index then, and the program goes on without.
func (k *Keeper) Load() (lists int, err error) {
	known, err := readFile(k.options.Path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return 0, nil
	case err == nil:
		err = k.options.Index.Restore(known)
	}
	if err != nil {
		return 0, fmt.Errorf("reading snapshot %q: %w", k.options.Path, err)
	}
	return len(known.Lists), nil
}

// Start writes the index at each interval if it has changed, and once more when
// ctx ends; then it returns nil.
func (k *Keeper) Start(ctx context.Context) error {
	ticker := time.NewTicker(k.options.Interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			k.keep()
			return nil
		case <-ticker.C:
			k.keep()
		}
	}
}

// NeedLeaderElection says that each replica has an index, so each keeps it.
func (*Keeper) NeedLeaderElection() bool { return false }

// keep writes the index if it has changed. What could not be written is tried
// again at the next interval.
func (k *Keeper) keep() {
	changes := k.options.Index.Changes() // before Known: what changes meanwhile is written next time
	if changes == k.written {
		return
	}
	known := k.options.Index.Known()
	if err := writeFile(k.options.Path, &known); err != nil {
		k.options.Report(fmt.Errorf("writing snapshot %q: %w", k.options.Path, err))
		return
	}
	k.written = changes
}
