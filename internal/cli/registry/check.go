package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/garboard-dev/garboard/internal/cli/cmdline"
	"github.com/garboard-dev/garboard/internal/cli/registry/inspect"
)

func newRegistryCheckCommand() *cobra.Command {
	var o accessOptions
	command := &cobra.Command{
		Use:   "check IMAGE",
		Short: "Ask a registry about an image, step by step",
		Long: "Ask a registry about an image as admission would, and show how the reference is\n" +
			"understood, which credentials were found and which was accepted, who answered,\n" +
			"each request, and what the tag points at.\n\n" +
			"Credentials are those of docker login. With --namespace, --image-pull-secret,\n" +
			"--service-account, --kubeconfig or --context they are a cluster's pull secrets\n" +
			"instead, as the kubeconfig's user may read them. No credential is ever shown.\n\n" +
			"The exit code is 1 where a step fails; what was learnt before is printed.",
		Example: "  garboard registry check ghcr.io/org/app:1.2.3\n" +
			"  garboard registry check registry.corp/shop:2.0 -n shop --image-pull-secret regcred",
		Args:    oneImage,
		PreRunE: func(_ *cobra.Command, args []string) error { return o.check(args).OrNil() },
		RunE: func(command *cobra.Command, _ []string) error {
			return runRegistryCheck(command.Context(), &o, command.OutOrStdout())
		},
	}
	o.addFlags(command.Flags())
	return command
}

func runRegistryCheck(ctx context.Context, o *accessOptions, out io.Writer) error {
	inspector, err := o.connect()
	if err != nil {
		return err
	}
	asking, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	report := inspector.Check(asking, o.image)
	return errors.Join(o.output.Write(out, report, checkText(report)), commandError(ctx, report))
}

// checkText is a report for people: a line each, as far as it got.
func checkText(r *inspect.Report) string {
	var text strings.Builder
	fields := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(fields, "%s\t%s\n", name, cmdline.Shown(value))
		}
	}
	line("Registry:", r.Registry)
	line("Repository:", r.Repository)
	line("Tag:", r.Tag)
	line("Settings:", map[bool]string{true: "allowed", false: "not allowed"}[r.Allowed])
	for i, tried := range r.Credentials {
		line(firstLineLabel("Credentials:", i), tried.String())
	}
	for _, fault := range r.CredentialFaults {
		line(firstLineLabel("Credentials:", len(r.Credentials)), fault)
	}
	line("Answered by:", answeredBy(r))
	if r.Tags != nil {
		line("Tags:", tagCounts(r.Tags))
	}
	line("Digest:", digestText(r))
	line("Platforms:", strings.Join(r.Platforms, ", "))
	if r.Created != nil {
		line("Built:", r.Created.Format(time.RFC3339))
	}
	line("Rate limit:", limitText(r.RateLimit))
	line("Note:", guardNote(r))
	_ = fields.Flush() // into memory
	writeRequests(&text, r.Requests)
	return text.String()
}

// firstLineLabel stands in front of the first of several lines alone.
func firstLineLabel(name string, i int) string {
	if i > 0 {
		return ""
	}
	return name
}

func answeredBy(r *inspect.Report) string {
	if r.Endpoint == nil {
		return ""
	}
	who := "the registry"
	if r.Endpoint.Mirror {
		who = "a mirror"
	}
	text := who + ", " + r.Endpoint.URL
	if r.Endpoint.Address != "" {
		text += " (" + r.Endpoint.Address + ")"
	}
	return text
}

func tagCounts(tags *inspect.Tags) string {
	return fmt.Sprintf("%d, versions: %d", tags.Total, tags.Versions)
}

func digestText(r *inspect.Report) string {
	switch {
	case r.Digest == "", r.Written == "", r.Tag == "", r.Written == r.Digest:
		return r.Digest
	default:
		return r.Digest + " (the reference names another)"
	}
}

func limitText(limit *inspect.RateLimit) string {
	switch {
	case limit == nil:
		return ""
	case limit.Limit == 0:
		return fmt.Sprintf("%d requests remain", limit.Remaining)
	default:
		return fmt.Sprintf("%d of %d requests remain", limit.Remaining, limit.Limit)
	}
}

// guardNote tells what works here and would not in a cluster.
func guardNote(r *inspect.Report) string {
	if r.Endpoint == nil || !r.Endpoint.Guarded {
		return ""
	}
	return "the address is not a public one; webhook and updater need --private-registries=" + r.Registry +
		" or private: true in the registry settings"
}

// writeRequests is a table of what was sent.
func writeRequests(text *strings.Builder, requests []inspect.Request) {
	if len(requests) == 0 {
		return
	}
	text.WriteString("\n")
	table := tabwriter.NewWriter(text, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "METHOD\tSTATUS\tSIGNED\t    TIME\tURL")
	for _, r := range requests {
		status := r.Error
		if r.Status != 0 {
			status = strings.TrimSpace(fmt.Sprintf("%d %s", r.Status, r.Error))
		}
		signed := r.Credential
		if signed == "" {
			signed = "-"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%8s\t%s\n", r.Method, status, signed, took(r), cmdline.Shown(r.URL))
	}
	_ = table.Flush() // into memory
}

// took is short: microseconds of seconds are of no use.
func took(r inspect.Request) string {
	switch {
	case r.Milliseconds == 0 && r.Status == 0:
		return "not sent"
	case r.Milliseconds >= 1000:
		return fmt.Sprintf("%.2fs", r.Milliseconds/1000)
	default:
		return fmt.Sprintf("%.1fms", r.Milliseconds)
	}
}
