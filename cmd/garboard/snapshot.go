package main

import (
	"fmt"
	"time"

	"github.com/spf13/pflag"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/garboard-dev/garboard/internal/cli/cmdline"
	"github.com/garboard-dev/garboard/resolver/snapshot"
)

// snapshotOptions are the flags that say where the index outlives the process.
type snapshotOptions struct {
	file     string
	interval time.Duration
}

func (o *snapshotOptions) addFlags(flags *pflag.FlagSet) {
	flags.StringVar(&o.file, "index-snapshot", "", "`FILE` that keeps what is known of registries for the next start, this process's own; none by default")
	flags.DurationVar(&o.interval, "index-snapshot-interval", snapshot.DefaultInterval, "how often the snapshot is written where something has changed")
}

func (o *snapshotOptions) check() cmdline.Faults {
	if o.interval <= 0 {
		return cmdline.Faults{fmt.Sprintf("--index-snapshot-interval: %q: allowed: a duration above 0, such as 5m", o.interval)}
	}
	return nil
}

// keep fills the index from the file, and has it written from now on. A file that
// cannot be used is told of, and is no reason not to start: a registry can be
// asked instead.
func (o *snapshotOptions) keep(manager ctrl.Manager, index snapshot.Index) error {
	if o.file == "" {
		return nil
	}
	logger := log.Log.WithName("index-snapshot").WithValues("file", o.file)
	keeper, err := snapshot.New(snapshot.Options{
		Path: o.file, Interval: o.interval, Index: index,
		Report: func(err error) { logger.Error(err, "the index was not kept") },
	})
	if err != nil {
		return err
	}
	if lists, err := keeper.Load(); err != nil {
		logger.Info("starting without a snapshot", "error", err.Error())
	} else {
		logger.Info("loaded", "lists", lists)
	}
	return manager.Add(keeper)
}
