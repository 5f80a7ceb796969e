package history

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/garboard-dev/garboard/internal/cli/access"
	"github.com/garboard-dev/garboard/internal/cli/cmdline"
)

// apiVersion is that of what commands print for programs to read.
const apiVersion = "garboard.dev/v1alpha1"

// NewCommand returns garboard history.
func NewCommand() *cobra.Command {
	var o access.ClusterOptions
	command := &cobra.Command{
		Use:   "history RESOURCE/NAME",
		Short: "Show which images a workload has had, and why",
		Long: "Show the last ten images of each container of a workload, newest first: what\n" +
			"the manifest named, who moved it, and what is held; and what the updater said\n" +
			"of it. Times are those of Events, which an API server keeps for an hour unless\n" +
			"it is told otherwise: what is older has none.",
		Example: "  garboard history deployment/shop\n  garboard history statefulset/db -n data -o yaml",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return cmdline.Faults{"needs one RESOURCE/NAME, such as deployment/shop"}
			}
			return nil
		},
		PreRunE: func(*cobra.Command, []string) error { return o.Check().OrNil() },
		RunE:    func(command *cobra.Command, args []string) error { return printHistory(&o, command, args[0]) },
	}
	o.AddFlags(command.Flags())
	return command
}

// historyAnswer is the outcome as -o json and -o yaml print it.
type historyAnswer struct {
	metav1.TypeMeta `json:",inline"`
	History
}

// printHistory prints what could be read, even where the Events could not.
func printHistory(o *access.ClusterOptions, command *cobra.Command, named string) error {
	ctx, cancel := context.WithTimeout(command.Context(), o.Timeout)
	defer cancel()
	cluster, err := o.Connect(command.ErrOrStderr())
	if err != nil {
		return err
	}
	w, err := cluster.Workload(named)
	if err != nil {
		return o.Late(err)
	}
	reader := &Reader{Kinds: o.Custom.Kinds(), Client: cluster.Client}
	found, failed := reader.Of(ctx, w.Kind, types.NamespacedName{Namespace: w.Namespace, Name: w.Name})
	failed = o.Late(failed)
	if found == nil {
		return w.Reading(failed)
	}
	if len(found.Entries) == 0 && o.Output == cmdline.OutputText {
		fmt.Fprintf(command.ErrOrStderr(), "%s has no history: Garboard has not decided about it yet.\n", cmdline.Shown(found.Workload))
		return failed
	}
	answer := historyAnswer{metav1.TypeMeta{APIVersion: apiVersion, Kind: "WorkloadHistory"}, *found}
	if err := o.Output.Write(command.OutOrStdout(), answer, historyTable(found.Entries, time.Now())); err != nil {
		return err
	}
	return failed
}

func historyTable(entries []Entry, now time.Time) string {
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "WHEN\tCONTAINER\tIMAGE\tSOURCE\tBY\tWHY")
	for _, e := range entries {
		why := e.Why
		if e.Running {
			why = strings.TrimSuffix("runs now; "+why, "; ")
		}
		columns := []string{cmdline.Ago(e.Time, now), e.Container, e.Image, e.Source, e.By, why}
		for i := range columns {
			columns[i] = cmdline.OrDash(cmdline.Shown(columns[i]))
		}
		fmt.Fprintln(table, strings.Join(columns, "\t"))
	}
	_ = table.Flush() // into memory
	return text.String()
}
