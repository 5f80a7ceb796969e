package main

import (
	"fmt"

	"github.com/spf13/pflag"
	coordinationv1client "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/garboard-dev/garboard/internal/cli/cmdline"
	"github.com/garboard-dev/garboard/updater/shard"
	"github.com/garboard-dev/garboard/updater/status"
)

// addShardFlags has the repositories divided over several updaters.
func (o *updaterOptions) addShardFlags(flags *pflag.FlagSet) {
	flags.IntVar(&o.shards, "shards", 1, "parts that the repositories are divided into, to be shared by all replicas; with 1, one replica works and the others stand by")
}

func (o *updaterOptions) shardFaults() cmdline.Faults {
	switch {
	case o.shards < 1 || o.shards > shard.Max:
		return cmdline.Faults{fmt.Sprintf("--shards: %d: allowed: 1 to %d", o.shards, shard.Max)}
	case o.shards > 1 && !o.lease.elect:
		return cmdline.Faults{fmt.Sprintf("--shards: %d: allowed: 1, with --leader-elect=false", o.shards)}
	}
	return nil
}

// elects reports whether one replica alone is to work.
func (o *updaterOptions) elects() bool { return o.lease.elect && o.shards == 1 }

// member makes this replica one of those that share the work, and puts it on the
// manager.
func (o *updaterOptions) member(manager ctrl.Manager) (*shard.Member, error) {
	namespace, err := o.lease.ownNamespace()
	if err != nil {
		return nil, err
	}
	config := rest.AddUserAgent(rest.CopyConfig(manager.GetConfig()), "shards")
	config.Timeout = o.lease.deadline / 2 // one request that hangs loses no Lease
	client, err := coordinationv1client.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("making the client for Leases: %w", err)
	}
	member, err := shard.New(shard.Options{
		Leases: client, Namespace: namespace, Shards: o.shards, Single: status.LeaseName,
		LeaseDuration: o.lease.duration, RenewDeadline: o.lease.deadline, RetryPeriod: o.lease.retry,
	})
	if err != nil {
		return nil, err
	}
	return member, manager.Add(member)
}
