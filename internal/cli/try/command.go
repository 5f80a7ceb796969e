package try

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/garboard-dev/garboard/internal/cli/cmdline"
)

// NewCommand returns garboard try.
func NewCommand() *cobra.Command {
	var timeout time.Duration
	command := &cobra.Command{
		Use:   "try",
		Short: "Show in seconds, and without a cluster, what Garboard does",
		Long: "Apply a Deployment, push newer tags, apply it again, undo a rollout: each step\n" +
			"with what the webhooks answer. They are the real ones, and so is the resolver;\n" +
			"the registry runs in this process, on loopback, and what a cluster does beside\n" +
			"is played. Nothing outside of the process is read or changed.\n\n" +
			"In a checkout, make demo tells the same story on a real control plane.",
		Args: cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error {
			if timeout <= 0 {
				return cmdline.Faults{fmt.Sprintf("--timeout: %q: allowed: a duration above 0, such as 30s", timeout)}
			}
			return nil
		},
		RunE: func(command *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(command.Context(), timeout)
			defer cancel()
			err := Run(ctx, command.OutOrStdout())
			if errors.Is(err, context.DeadlineExceeded) {
				return fmt.Errorf("not done within --timeout=%s: %w", timeout, err)
			}
			return err
		},
	}
	command.Flags().DurationVar(&timeout, "timeout", time.Minute, "how long it all may take")
	return command
}
