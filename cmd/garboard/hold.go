package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/garboard-dev/garboard/internal/hold"
)

func newHoldCommand() *cobra.Command {
	return group(&cobra.Command{
		Use:   "hold",
		Short: "Keep workloads from going back to a version that they left",
		Long: "A hold keeps a container from a version and from all below it that are above\n" +
			"what runs. An undo or another way back makes one by itself. It ends when\n" +
			"something higher appears, when somebody goes to the version or past it by\n" +
			"hand, or when it is cleared.",
	}, newHoldListCommand(), newHoldSetCommand(), newHoldClearCommand())
}

// on runs a command on one workload.
func (o *clusterOptions) on(command *cobra.Command, named string, do func(context.Context, *hold.Holds, hold.Workload) ([]hold.Hold, error)) ([]hold.Hold, error) {
	return o.within(command, func(ctx context.Context, cluster *access, holds *hold.Holds) ([]hold.Hold, error) {
		w, err := cluster.workload(named)
		if err != nil {
			return nil, err
		}
		return do(ctx, holds, w)
	})
}

// within runs a command in the cluster, in the time that it has. What it learnt
// before it failed is returned with the error.
func (o *clusterOptions) within(command *cobra.Command, do func(context.Context, *access, *hold.Holds) ([]hold.Hold, error)) ([]hold.Hold, error) {
	ctx, cancel := context.WithTimeout(command.Context(), o.timeout)
	defer cancel()
	cluster, err := o.connect(command.ErrOrStderr())
	if err != nil {
		return nil, err
	}
	holds, err := do(ctx, cluster, &hold.Holds{Kinds: o.custom.kinds(), Client: cluster.client})
	return holds, o.late(err)
}
