package main

import (
	"fmt"

	"github.com/spf13/pflag"

	"github.com/garboard-dev/garboard/internal/cli/cmdline"
	"github.com/garboard-dev/garboard/updater/move"
)

// defaultRollouts lets a release of a base image, which may be an update of
// everything at once, not take every workload down that it breaks.
const defaultRollouts = 50

func addPaceFlags(flags *pflag.FlagSet, pace *move.Pace) {
	flags.IntVar(&pace.Cluster, "max-rollouts", defaultRollouts, "workloads that are being rolled out at once; 0 for no bound")
	flags.IntVar(&pace.Namespace, "max-rollouts-per-namespace", move.ThreeQuarters, "the same in each namespace; 0 for no bound, -1 for three quarters of --max-rollouts")
	flags.IntVar(&pace.Registry, "max-rollouts-per-registry", 0, "the same of images from one registry; 0 for no bound")
}

func paceFaults(pace move.Pace) cmdline.Faults {
	var faults cmdline.Faults
	for _, bound := range []struct {
		flag         string
		value, least int
	}{
		{"max-rollouts", pace.Cluster, 0}, {"max-rollouts-per-namespace", pace.Namespace, move.ThreeQuarters}, {"max-rollouts-per-registry", pace.Registry, 0},
	} {
		if bound.value < bound.least {
			faults = append(faults, fmt.Sprintf("--%s: %d: allowed: %d or more", bound.flag, bound.value, bound.least))
		}
	}
	return faults
}
