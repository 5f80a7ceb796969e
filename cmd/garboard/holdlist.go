package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/garboard-dev/garboard/internal/hold"
)

func newHoldListCommand() *cobra.Command {
	var o clusterOptions
	var all bool
	command := &cobra.Command{
		Use:   "list",
		Short: "List what is held",
		Long: "List the versions that workloads are held from, of one namespace or of all.\n" +
			"Nothing held is no error.",
		Example: "  garboard hold list\n  garboard hold list -A -o json",
		Args:    cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error {
			faults := o.check()
			if all && o.namespace != "" {
				faults = append(faults, "--namespace: not together with --all-namespaces")
			}
			return faults.orNil()
		},
		RunE: func(command *cobra.Command, _ []string) error { return o.list(command, all) },
	}
	o.addFlags(command.Flags())
	command.Flags().BoolVarP(&all, "all-namespaces", "A", false, "list all namespaces")
	return command
}

// list prints what could be read, even where a kind may not be listed.
func (o *clusterOptions) list(command *cobra.Command, all bool) error {
	holds, failed := o.within(command, func(ctx context.Context, cluster *access, holds *hold.Holds) ([]hold.Hold, error) {
		if all {
			cluster.namespace = ""
		}
		return holds.List(ctx, cluster.namespace)
	})
	switch {
	case len(holds) == 0 && failed != nil:
		return failed
	case len(holds) == 0 && o.output == outputText:
		_, err := fmt.Fprintln(command.ErrOrStderr(), "Nothing is held.")
		return err
	}
	if err := o.output.write(command.OutOrStdout(), orEmpty(holds), holdTable(holds, all)); err != nil {
		return err
	}
	return failed
}

// orEmpty is a list that is empty rather than null.
func orEmpty(holds []hold.Hold) []hold.Hold { return append([]hold.Hold{}, holds...) }

func holdTable(holds []hold.Hold, namespaces bool) string {
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
			columns[i] = shown(columns[i])
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
