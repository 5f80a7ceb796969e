// Package notify is garboard notify: notification settings, and their channels tried.
package notify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/garboard-dev/garboard/internal/cli/cmdline"
	"github.com/garboard-dev/garboard/updater/notify"
)

// NewCommand returns garboard notify.
func NewCommand() *cobra.Command {
	return cmdline.Group(&cobra.Command{
		Use:   "notify",
		Short: "Look at the file of notification settings, and try its channels",
	}, newNotifyTestCommand(), newNotifyValidateCommand())
}

func newNotifyValidateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "validate FILE",
		Short: "Check a file of notification settings",
		Long: "Check a file of notification settings, and the files that it names, as the\n" +
			"updater would. Nothing is sent. - is standard input; file names in it are then\n" +
			"looked up from the working directory.\n\n" +
			"The exit code is 1 where there is a fault; each is a line on standard error.",
		Example: "  garboard notify validate notifications.yaml",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmdline.Faults{"FILE: needs a value"}
			}
			return cmdline.OnlyOne(args)
		},
		RunE: func(command *cobra.Command, args []string) error {
			title, settings, err := readNotificationsConfig(command.Context(), args[0], command.InOrStdin())
			if err != nil {
				return err
			}
			noun := "channels"
			if len(settings.Channels) == 1 {
				noun = "channel"
			}
			_, err = fmt.Fprintf(command.OutOrStdout(), "%s: ok, %d %s\n", title, len(settings.Channels), noun)
			return err
		},
	}
}

// readNotificationsConfig also returns what the file is called in messages.
func readNotificationsConfig(ctx context.Context, name string, in io.Reader) (title string, settings *notify.Config, err error) {
	title, data, err := cmdline.ReadFile(ctx, "the notification settings", name, in)
	if err != nil {
		return title, nil, err
	}
	settings, err = notify.Parse(title, data, nil)
	return title, settings, err
}

type notifyTestOptions struct {
	config   string
	channels []string
	timeout  time.Duration
	output   cmdline.OutputFormat
}

// tried is what became of one channel's message.
type tried struct {
	Channel      string  `json:"channel"`
	Service      string  `json:"service"`
	Sent         bool    `json:"sent"`
	Milliseconds float64 `json:"milliseconds"`
	Error        string  `json:"error,omitempty"`
}

func newNotifyTestCommand() *cobra.Command {
	var o notifyTestOptions
	command := &cobra.Command{
		Use:   "test",
		Short: "Send a test message to each channel",
		Long: "Send a test message to each channel of the settings, by its template, once, and\n" +
			"say what became of it. No URL is shown.\n\n" +
			"The exit code is 1 where a channel did not take the message.",
		Example: "  garboard notify test --notifications-config notifications.yaml\n" +
			"  garboard notify test --notifications-config notifications.yaml --channel ops -o json",
		Args:    cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error { return o.check().OrNil() },
		RunE: func(command *cobra.Command, _ []string) error {
			return o.run(command.Context(), command.InOrStdin(), command.OutOrStdout())
		},
	}
	flags := command.Flags()
	flags.StringVar(&o.config, "notifications-config", "", "`FILE` of notification settings, - for standard input")
	flags.StringArrayVar(&o.channels, "channel", nil, "`NAME` of a channel to try; may be repeated. The default is all")
	flags.DurationVar(&o.timeout, "timeout", 20*time.Second, "how long one channel may take")
	flags.VarP(&o.output, "output", "o", "output format: json or yaml")
	return command
}

func (o *notifyTestOptions) check() cmdline.Faults {
	var faults cmdline.Faults
	if o.config == "" {
		faults = append(faults, "--notifications-config: needs a value")
	}
	if o.timeout <= 0 {
		faults = append(faults, fmt.Sprintf("--timeout: %q: allowed: a duration above 0, such as 1m30s", o.timeout))
	}
	return faults
}

func (o *notifyTestOptions) run(ctx context.Context, in io.Reader, out io.Writer) error {
	_, settings, err := readNotificationsConfig(ctx, o.config, in)
	if err != nil {
		return err
	}
	chosen, err := o.choose(settings)
	if err != nil {
		return err
	}
	results := make([]tried, 0, len(chosen))
	failed := 0
	for i := range chosen {
		if ctx.Err() != nil {
			return fmt.Errorf("sending test messages: %w", ctx.Err())
		}
		result := o.try(ctx, &chosen[i])
		if !result.Sent {
			failed++
		}
		results = append(results, result)
	}
	err = o.output.Write(out, results, triedTable(results))
	if failed > 0 {
		err = errors.Join(err, fmt.Errorf("sending test messages: %d of %d channels did not take it", failed, len(results)))
	}
	return err
}

// choose returns the channels that were named, or all.
func (o *notifyTestOptions) choose(settings *notify.Config) ([]notify.Channel, error) {
	if len(o.channels) == 0 {
		return settings.Channels, nil
	}
	byName := map[string]notify.Channel{}
	var names []string
	for _, c := range settings.Channels {
		byName[c.Name] = c
		names = append(names, c.Name)
	}
	var chosen []notify.Channel
	var faults cmdline.Faults
	for _, name := range o.channels {
		c, ok := byName[name]
		if !ok {
			faults = append(faults, fmt.Sprintf("--channel: %q: allowed: %s", cmdline.Shown(name), strings.Join(names, ", ")))
		}
		chosen = append(chosen, c)
	}
	return chosen, faults.OrNil()
}

func (o *notifyTestOptions) try(ctx context.Context, c *notify.Channel) tried {
	result := tried{Channel: c.Name, Service: c.URL.Service()}
	limited, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	begun := time.Now()
	err := c.Test(limited)
	result.Milliseconds = float64(time.Since(begun).Microseconds()) / 1000
	result.Sent = err == nil
	if err != nil {
		result.Error = err.Error()
	}
	return result
}

func triedTable(results []tried) string {
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "CHANNEL\tSERVICE\tSENT\tTIME\tERROR")
	for _, r := range results {
		sent := "no"
		if r.Sent {
			sent = "yes"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%sms\t%s\n", cmdline.Shown(r.Channel), r.Service, sent, strconv.FormatFloat(r.Milliseconds, 'f', 1, 64), cmdline.Shown(r.Error))
	}
	_ = table.Flush() // into memory
	return text.String()
}
