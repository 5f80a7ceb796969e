package main

import (
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"github.com/garboard-dev/garboard/internal/cli/cmdline"
)

// leaseOptions say who of several updaters works, and how long the others wait for one
// that is gone.
type leaseOptions struct {
	elect     bool
	namespace string
	duration  time.Duration
	deadline  time.Duration // of a renewal
	retry     time.Duration // between two attempts
}

// addFlags has the names that the programs of Kubernetes itself have. The defaults are
// twice as patient as those of controller-runtime: a leader that lost its Lease to a busy
// API server starts anew and reads everything again, while an updater may well be away
// for half a minute.
func (o *leaseOptions) addFlags(flags *pflag.FlagSet) {
	flags.BoolVar(&o.elect, "leader-elect", true, "let one of several replicas work, elected by a Lease")
	flags.StringVar(&o.namespace, "leader-elect-namespace", "", "namespace of the Lease; in a Pod its own is the default")
	flags.DurationVar(&o.duration, "leader-elect-lease-duration", 30*time.Second, "how long a Lease holds that is not renewed: another replica then takes over")
	flags.DurationVar(&o.deadline, "leader-elect-renew-deadline", 20*time.Second, "how long a replica that cannot renew its Lease works on; less than the Lease holds")
	flags.DurationVar(&o.retry, "leader-elect-retry-period", 4*time.Second, "how often replicas try to get or renew a Lease; at most half of the renew deadline")
}

// check returns the faults of the flags' values: each replica must have stopped before
// another may take over, after more than one attempt to renew.
func (o *leaseOptions) check() cmdline.Faults {
	var faults cmdline.Faults
	if o.duration < time.Second || o.duration%time.Second != 0 {
		faults = append(faults, fmt.Sprintf("--leader-elect-lease-duration: %s: allowed: whole seconds, 1s or more", o.duration))
	}
	if o.deadline <= 0 || o.deadline >= o.duration {
		faults = append(faults, fmt.Sprintf("--leader-elect-renew-deadline: %s: allowed: more than 0, and less than --leader-elect-lease-duration, which is %s", o.deadline, o.duration))
	}
	if o.retry <= 0 || o.retry > o.deadline/2 {
		faults = append(faults, fmt.Sprintf("--leader-elect-retry-period: %s: allowed: more than 0, and at most half of --leader-elect-renew-deadline, which is %s", o.retry, o.deadline))
	}
	return faults
}
