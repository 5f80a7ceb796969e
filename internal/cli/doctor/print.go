package doctor

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/garboard-dev/garboard/internal/printable"
)

// maxShown bounds a line: an API server repeats what it was sent.
const maxShown = 2000

// reportText is the report for people: a line a finding, with what to do about it below.
func reportText(report *Report, quiet bool) string {
	var out strings.Builder
	table := tabwriter.NewWriter(&out, 0, 0, 3, ' ', 0)
	count := map[Severity]int{}
	for _, f := range report.Findings {
		count[f.Severity]++
		if quiet && f.Severity == OK {
			continue
		}
		message := f.Message
		if f.Object != "" {
			message = f.Object + ": " + message
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", f.Severity, f.Check, shown(message))
		if f.Why != "" {
			fmt.Fprintf(table, "\t\t  why:  %s\n", shown(f.Why))
		}
		if f.Mend != "" {
			fmt.Fprintf(table, "\t\t  mend: %s\n", shown(f.Mend))
		}
	}
	_ = table.Flush() // into a builder
	fmt.Fprintf(&out, "%s, %s, %d not looked at, %s\n",
		printable.Count(count[Failure], "failure"), printable.Count(count[Warning], "warning"), count[Unknown], printable.Count(count[Note], "note"))
	return out.String()
}

// shown keeps what objects have from steering the terminal, and the table.
func shown(text string) string {
	return printable.Escape(strings.Join(strings.Fields(text), " "), maxShown)
}
