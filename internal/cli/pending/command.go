// Package pending is garboard pending: the updates that wait for approvals.
package pending

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/internal/cli/access"
	"github.com/garboard-dev/garboard/internal/cli/updates"
)

// watchInterval is how often -w reads the updates again.
const watchInterval = 2 * time.Second

// options are the flags of garboard pending.
type options struct {
	updates.Scope
	format format
	watch  bool
}

// NewCommand returns garboard pending.
func NewCommand() *cobra.Command {
	var o options
	command := &cobra.Command{
		Use:   "pending",
		Short: "List the updates that wait for approvals",
		Long: "List the updates that wait for votes: of which workload, to which version, how\n" +
			"many votes there are, and until when. \"kubectl get imageupdates\" lists those that\n" +
			"are over, too.",
		Example: "  garboard pending\n  garboard pending -A -w\n  garboard pending -l team=shop -o name",
		Args:    cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error { return o.Check().OrNil() },
		RunE:    func(command *cobra.Command, _ []string) error { return o.run(command) },
	}
	o.AddFlags(command.Flags(), "list all namespaces")
	command.Flags().VarP(&o.format, "output", "o", "output format: wide, json, yaml or name")
	command.Flags().BoolVarP(&o.watch, "watch", "w", false, "go on, and print what changes, until it no longer waits")
	return command
}

func (o *options) run(command *cobra.Command) error {
	cluster, err := o.Connect(command.ErrOrStderr())
	if err != nil {
		return err
	}
	all, err := o.list(command.Context(), cluster)
	if err != nil {
		return err
	}
	waiting := pendingOf(all)
	printer := &printer{out: command.OutOrStdout(), format: o.format, namespaces: o.AllNamespaces, now: time.Now}
	if len(waiting) == 0 && o.format.forPeople() {
		fmt.Fprintln(command.ErrOrStderr(), o.NonePending(cluster))
	}
	if !o.watch {
		return printer.list(waiting)
	}
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	return o.follow(command, cluster, printer, all, tick.C)
}

// list reads all updates, within the time that one question has: of those that are over,
// what -w tells of one that has just ended is taken.
func (o *options) list(ctx context.Context, cluster *access.Cluster) ([]v1alpha1.ImageUpdate, error) {
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	all, err := o.List(ctx, cluster)
	return all, o.Late(err)
}

func pendingOf(all []v1alpha1.ImageUpdate) []v1alpha1.ImageUpdate {
	var waiting []v1alpha1.ImageUpdate
	for i := range all {
		if updates.IsPending(&all[i]) {
			waiting = append(waiting, all[i])
		}
	}
	return waiting
}

// follow reads the updates with each tick, and prints what changes, until the context
// ends. An API server that is away is no reason to stop.
func (o *options) follow(command *cobra.Command, cluster *access.Cluster, printer *printer, all []v1alpha1.ImageUpdate, tick <-chan time.Time) error {
	seen, said := sightings{}, ""
	for {
		if err := printer.rows(seen.news(all)); err != nil {
			return err
		}
		select {
		case <-command.Context().Done():
			return nil
		case <-tick:
		}
		latest, err := o.list(command.Context(), cluster)
		switch {
		case err == nil:
			all, said = latest, ""
		case said != err.Error() && command.Context().Err() == nil:
			said = err.Error()
			fmt.Fprintln(command.ErrOrStderr(), "garboard:", said)
		}
	}
}

// sightings are the resource versions of those that were seen pending, by UID.
type sightings map[string]string

// news are the updates that are new or have changed. One that no longer waits is told
// once more.
func (s sightings) news(all []v1alpha1.ImageUpdate) []v1alpha1.ImageUpdate {
	var news []v1alpha1.ImageUpdate
	for i := range all {
		update, uid := &all[i], string(all[i].UID)
		was, known := s[uid]
		waits := updates.IsPending(update)
		if (waits || known) && was != update.ResourceVersion {
			news = append(news, *update)
		}
		if waits {
			s[uid] = update.ResourceVersion
		} else {
			delete(s, uid)
		}
	}
	return news
}
