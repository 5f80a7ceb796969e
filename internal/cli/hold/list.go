package hold

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/garboard-dev/garboard/internal/cli/access"
	"github.com/garboard-dev/garboard/internal/cli/cmdline"
)

func newHoldListCommand() *cobra.Command {
	var o access.ClusterOptions
	var all bool
	command := &cobra.Command{
		Use:   "list",
		Short: "List what is held",
		Long: "List the versions that workloads are held from, of one namespace or of all.\n" +
			"Nothing held is no error.",
		Example: "  garboard hold list\n  garboard hold list -A -o json",
		Args:    cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error {
			faults := o.Check()
			if all && o.Namespace != "" {
				faults = append(faults, "--namespace: not together with --all-namespaces")
			}
			return faults.OrNil()
		},
		RunE: func(command *cobra.Command, _ []string) error { return printHolds(&o, command, all) },
	}
	o.AddFlags(command.Flags())
	command.Flags().BoolVarP(&all, "all-namespaces", "A", false, "list all namespaces")
	return command
}

// printHolds prints what could be read, even where a kind may not be listed.
func printHolds(o *access.ClusterOptions, command *cobra.Command, all bool) error {
	holds, failed := runInCluster(o, command, func(ctx context.Context, cluster *access.Cluster, holds *Holds) ([]Hold, error) {
		if all {
			cluster.Namespace = ""
		}
		return holds.List(ctx, cluster.Namespace)
	})
	switch {
	case len(holds) == 0 && failed != nil:
		return failed
	case len(holds) == 0 && o.Output == cmdline.OutputText:
		_, err := fmt.Fprintln(command.ErrOrStderr(), "Nothing is held.")
		return err
	}
	if err := o.Output.Write(command.OutOrStdout(), orEmpty(holds), holdTable(holds, all)); err != nil {
		return err
	}
	return failed
}

// orEmpty is a list that is empty rather than null.
func orEmpty(holds []Hold) []Hold { return append([]Hold{}, holds...) }

func holdTable(holds []Hold, namespaces bool) string {
	if len(holds) == 0 {
		return ""
	}
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 3, ' ', 0)
	row := func(namespace string, columns ...string) {
		if namespaces {
			columns = append([]string{namespace}, columns...)
		}
		for i := range columns {
			columns[i] = cmdline.Shown(columns[i])
		}
		fmt.Fprintln(table, strings.Join(columns, "\t"))
	}
	row("NAMESPACE", "WORKLOAD", "CONTAINER", "RUNNING", "HELD")
	for _, h := range holds {
		row(h.Namespace, h.Workload, h.Container, h.Running, h.Held)
	}
	_ = table.Flush() // into a builder
	return text.String()
}
