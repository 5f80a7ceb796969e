// Package vote is garboard vote: taking votes back.
package vote

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/garboard-dev/garboard/internal/cli/access"
	"github.com/garboard-dev/garboard/internal/cli/cmdline"
	"github.com/garboard-dev/garboard/internal/cli/updates"
	"github.com/garboard-dev/garboard/internal/voting"
	"github.com/garboard-dev/garboard/internal/voting/ballot"
)

// NewCommand returns garboard vote.
func NewCommand() *cobra.Command {
	return cmdline.Group(&cobra.Command{
		Use:   "vote",
		Short: "Take votes on updates back",
		Long:  "Votes are cast by \"garboard approve\" and \"garboard reject\".",
	}, newWithdrawCommand())
}

// nameFormat is the value of -o: there is nothing left to show but names.
type nameFormat updates.Format

// String returns the format as it is written on the command line.
func (f *nameFormat) String() string { return string(*f) }

// Type names the value in the help.
func (f *nameFormat) Type() string { return "format" }

// Choices are the one format.
func (f *nameFormat) Choices() []string { return cmdline.Words(updates.FormatName) }

// Set refuses every format but name.
func (f *nameFormat) Set(text string) error { return cmdline.SetChoice(f, text) }

// withdrawOptions are the flags of garboard vote withdraw.
type withdrawOptions struct {
	updates.Choice
	format nameFormat
	dryRun updates.DryRun
}

func newWithdrawCommand() *cobra.Command {
	o := withdrawOptions{dryRun: updates.DryRunNone}
	command := &cobra.Command{
		Use:   "withdraw [UPDATE | RESOURCE/NAME ...]",
		Short: "Take your votes on updates back",
		Long: "Take your votes on pending updates back, whichever they were. Once an update is\n" +
			"decided, its votes are counted and stay.",
		Example: "  garboard vote withdraw deployment/shop",
		PreRunE: func(_ *cobra.Command, args []string) error { return o.Check(args).OrNil() },
		RunE:    o.run,
	}
	o.AddFlags(command.Flags())
	command.Flags().VarP(&o.format, "output", "o", "output format: name")
	command.Flags().Var(&o.dryRun, "dry-run", "server: have the API server judge it, and change nothing")
	return command
}

func (o *withdrawOptions) run(command *cobra.Command, args []string) error {
	ctx, cancel := context.WithTimeout(command.Context(), o.Timeout)
	defer cancel()
	cluster, err := o.Connect(command.ErrOrStderr())
	if err != nil {
		return err
	}
	report := &updates.Report{Out: command.OutOrStdout(), Format: updates.Format(o.format), DryRun: o.dryRun.On(), Namespaces: o.AllNamespaces}
	failures, err := o.withdraw(ctx, cluster, args, report)
	if err != nil {
		return o.Late(err)
	}
	return errors.Join(report.End(), failures.OrNil())
}

func (o *withdrawOptions) withdraw(ctx context.Context, cluster *access.Cluster, args []string, report *updates.Report) (cmdline.LineErrors, error) {
	found, err := o.Find(ctx, cluster, args, updates.IsPending)
	if err != nil {
		return nil, err
	}
	box, votes, err := o.Box(ctx, cluster, o.dryRun.On())
	if err != nil {
		return nil, err
	}
	failures := found.Failures
	for i := range found.Updates {
		update := &found.Updates[i]
		if len(args) == 0 && len(voting.VotesOf(box.Voter, update, votes)) == 0 {
			continue // one of many
		}
		_, err := box.Withdraw(ctx, update, votes)
		switch refused := (*ballot.RefusedError)(nil); {
		case errors.As(err, &refused):
			failures = append(failures, err)
		case err != nil:
			failures = append(failures, fmt.Errorf("%s: %w", updates.Name(update), o.Late(err)))
		default:
			report.Tell(update, "vote withdrawn", nil)
		}
	}
	return failures, nil
}
