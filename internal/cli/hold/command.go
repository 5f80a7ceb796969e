package hold

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/garboard-dev/garboard/internal/cli/access"
	"github.com/garboard-dev/garboard/internal/cli/cmdline"
)

// NewCommand returns garboard hold.
func NewCommand() *cobra.Command {
	return cmdline.Group(&cobra.Command{
		Use:   "hold",
		Short: "Keep workloads from going back to a version that they left",
		Long: "A hold keeps a container from a version and from all below it that are above\n" +
			"what runs. An undo or another way back makes one by itself. It ends when\n" +
			"something higher appears, when a person goes to the version or past it by\n" +
			"hand, or when it is cleared.",
	}, newHoldListCommand(), newHoldSetCommand(), newHoldClearCommand())
}

// runOnWorkload runs a command on one workload.
func runOnWorkload(o *access.ClusterOptions, command *cobra.Command, named string, do func(context.Context, *Holds, access.Workload) ([]Hold, error)) ([]Hold, error) {
	return runInCluster(o, command, func(ctx context.Context, cluster *access.Cluster, holds *Holds) ([]Hold, error) {
		w, err := cluster.Workload(named)
		if err != nil {
			return nil, err
		}
		return do(ctx, holds, w)
	})
}

// runInCluster runs a command in the cluster, in the time that it has. What it learnt
// before it failed is returned with the error.
func runInCluster(o *access.ClusterOptions, command *cobra.Command, do func(context.Context, *access.Cluster, *Holds) ([]Hold, error)) ([]Hold, error) {
	ctx, cancel := context.WithTimeout(command.Context(), o.Timeout)
	defer cancel()
	cluster, err := o.Connect(command.ErrOrStderr())
	if err != nil {
		return nil, err
	}
	holds, err := do(ctx, cluster, &Holds{Kinds: o.Custom.Kinds(), Client: cluster.Client})
	return holds, o.Late(err)
}
