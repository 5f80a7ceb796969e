// Package approve is garboard approve and garboard reject: a vote on each update that is
// named.
package approve

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/internal/cli/access"
	"github.com/garboard-dev/garboard/internal/cli/cmdline"
	"github.com/garboard-dev/garboard/internal/cli/updates"
	"github.com/garboard-dev/garboard/internal/voting"
	"github.com/garboard-dev/garboard/internal/voting/ballot"
)

// options are the flags of both commands.
type options struct {
	updates.Choice
	paper  ballot.Paper
	format updates.Format
	dryRun updates.DryRun
}

// NewApproveCommand returns garboard approve.
func NewApproveCommand() *cobra.Command {
	o := options{paper: ballot.Paper{Verdict: v1alpha1.VerdictApprove}}
	command := o.command(&cobra.Command{
		Use:   "approve [UPDATE | RESOURCE/NAME ...]",
		Short: "Vote for updates that wait for approvals",
		Long: "Vote for updates: by their names, as \"garboard pending\" shows them, by their\n" +
			"workloads, by labels, or for all that are pending. Each is a vote of its own, in\n" +
			"your own name: your rights decide, and the last vote counts.",
		Example: "  garboard approve deployment/shop -m \"tried on staging\"\n  garboard approve -l team=shop\n" +
			"  garboard approve --all --dry-run=server",
	})
	command.Flags().BoolVar(&o.paper.Reopen, "reopen", false, "have an update that expired or was rejected voted on again")
	command.Flags().BoolVar(&o.paper.Now, "now", false, "do not wait for what the setting \"after\" names")
	return command
}

// NewRejectCommand returns garboard reject.
func NewRejectCommand() *cobra.Command {
	o := options{paper: ballot.Paper{Verdict: v1alpha1.VerdictReject}}
	return o.command(&cobra.Command{
		Use:   "reject [UPDATE | RESOURCE/NAME ...]",
		Short: "Vote against updates that wait for approvals",
		Long: "Vote against updates, which are chosen as by \"garboard approve\". One rejection\n" +
			"closes that version; a newer one is proposed as ever.",
		Example: "  garboard reject shop-5d41402abc4b2a76 -m \"breaks the checkout\"\n  garboard reject deployment/shop",
	})
}

func (o *options) command(command *cobra.Command) *cobra.Command {
	o.dryRun = updates.DryRunNone
	command.PreRunE = func(_ *cobra.Command, args []string) error { return o.check(args).OrNil() }
	command.RunE = o.run
	o.AddFlags(command.Flags())
	command.Flags().StringVarP(&o.paper.Comment, "comment", "m", "", "what you have to say about it")
	command.Flags().VarP(&o.format, "output", "o", "output format of the votes: json, yaml or name")
	command.Flags().Var(&o.dryRun, "dry-run", "server: have the API server judge the votes, and keep none")
	return command
}

func (o *options) check(args []string) cmdline.Faults {
	faults := o.Check(args)
	if n := utf8.RuneCountInString(o.paper.Comment); n > ballot.MaxComment {
		faults = append(faults, fmt.Sprintf("--comment: has %d characters: allowed: at most %d", n, ballot.MaxComment))
	}
	if o.paper.Reopen && (o.All || o.Selector != "" || slices.ContainsFunc(args, func(a string) bool { return strings.Contains(a, "/") })) {
		faults = append(faults, "--reopen: goes with UPDATE alone: kubectl get imageupdates lists those that are over, too")
	}
	return faults
}

func (o *options) run(command *cobra.Command, args []string) error {
	ctx, cancel := context.WithTimeout(command.Context(), o.Timeout)
	defer cancel()
	cluster, err := o.Connect(command.ErrOrStderr())
	if err != nil {
		return err
	}
	found, err := o.Find(ctx, cluster, args, o.wants)
	if err != nil {
		return o.Late(err)
	}
	if len(found.Updates) == 0 && len(found.Failures) == 0 {
		fmt.Fprintln(command.ErrOrStderr(), o.NonePending(cluster))
	}
	report := &updates.Report{Out: command.OutOrStdout(), Format: o.format, DryRun: o.dryRun.On(), Namespaces: o.AllNamespaces}
	failures := found.Failures
	if len(found.Updates) > 0 {
		failed, err := o.vote(ctx, cluster, found.Updates, report)
		if err != nil {
			return o.Late(err)
		}
		failures = append(failures, failed...)
	}
	return errors.Join(report.End(), failures.OrNil())
}

// wants reports whether an update that is not named itself waits for such a vote.
func (o *options) wants(u *v1alpha1.ImageUpdate) bool {
	return updates.IsPending(u) || o.paper.Now && u.Status.Phase == v1alpha1.PhaseApproved
}

// vote casts a vote on each, and goes on past one that fails.
func (o *options) vote(ctx context.Context, cluster *access.Cluster, chosen []v1alpha1.ImageUpdate, report *updates.Report) (cmdline.LineErrors, error) {
	box, votes, err := o.Box(ctx, cluster, o.dryRun.On())
	if err != nil {
		return nil, err
	}
	var failures cmdline.LineErrors
	for i := range chosen {
		update := &chosen[i]
		vote, err := box.Cast(ctx, update, o.paper, votes)
		switch refused := (*ballot.RefusedError)(nil); {
		case errors.As(err, &refused):
			failures = append(failures, err)
		case err != nil:
			failures = append(failures, fmt.Errorf("%s: %w", updates.Name(update), o.Late(err)))
		case vote == nil:
			report.Tell(update, "unchanged", nil)
		default:
			report.Tell(update, o.done(update, append(votes, *vote)), vote)
		}
	}
	return failures, nil
}

// done says what the vote did.
func (o *options) done(update *v1alpha1.ImageUpdate, votes []v1alpha1.ImageUpdateVote) string {
	switch {
	case o.paper.Verdict == v1alpha1.VerdictReject:
		return "rejected"
	case voting.MayReopen(update.Status.Phase):
		return "approved and reopened"
	}
	return fmt.Sprintf("approved (%d of %d)", voting.Count(update, votes, time.Time{}).Approvals, update.Spec.VotesRequired)
}
