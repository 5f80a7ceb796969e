package hold

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/garboard-dev/garboard/internal/cli/access"
	"github.com/garboard-dev/garboard/internal/cli/cmdline"
	"github.com/garboard-dev/garboard/internal/workload/record"
)

func newHoldSetCommand() *cobra.Command {
	var o access.ClusterOptions
	command := &cobra.Command{
		Use:   "set RESOURCE/NAME CONTAINER=VERSION ...",
		Short: "Hold containers of a workload from a version",
		Long: "Keep containers from a version, and from those below it that are above what\n" +
			"runs, until something higher appears. A container that is there already, or\n" +
			"past it, is not held: go back first, with kubectl rollout undo.",
		Example: "  garboard hold set deployment/shop web=1.2.8",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 2 {
				return cmdline.Faults{"needs RESOURCE/NAME and CONTAINER=VERSION, such as deployment/shop web=1.2.8"}
			}
			return nil
		},
		PreRunE: func(_ *cobra.Command, args []string) error {
			_, faults := holdsOf(args)
			return append(o.Check(), faults...).OrNil()
		},
		RunE: func(command *cobra.Command, args []string) error {
			wanted, _ := holdsOf(args) // checked before
			holds, err := runOnWorkload(&o, command, args[0], func(ctx context.Context, h *Holds, w access.Workload) ([]Hold, error) {
				return h.Set(ctx, w, wanted)
			})
			if err != nil {
				return err
			}
			return o.Output.Write(command.OutOrStdout(), orEmpty(holds), TellSet(holds, wanted))
		},
	}
	o.AddFlags(command.Flags())
	return command
}

func newHoldClearCommand() *cobra.Command {
	var o access.ClusterOptions
	command := &cobra.Command{
		Use:   "clear RESOURCE/NAME [CONTAINER ...]",
		Short: "Let containers of a workload move again",
		Long: "Take holds off a workload, of all its containers or of those that are named.\n" +
			"What was held is moved to at once, if it is the newest that the policy allows.",
		Example: "  garboard hold clear deployment/shop\n  garboard hold clear deployment/shop web",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmdline.Faults{"needs RESOURCE/NAME, such as deployment/shop"}
			}
			return nil
		},
		PreRunE: func(*cobra.Command, []string) error { return o.Check().OrNil() },
		RunE: func(command *cobra.Command, args []string) error {
			holds, err := runOnWorkload(&o, command, args[0], func(ctx context.Context, h *Holds, w access.Workload) ([]Hold, error) {
				return h.Clear(ctx, w, args[1:])
			})
			if err != nil {
				return err
			}
			return o.Output.Write(command.OutOrStdout(), orEmpty(holds), TellCleared(holds))
		},
	}
	o.AddFlags(command.Flags())
	return command
}

// holdsOf reads the holds behind the workload's name.
func holdsOf(args []string) (record.Record, cmdline.Faults) {
	holds, faults := record.Record{}, cmdline.Faults(nil)
	for _, arg := range args[min(1, len(args)):] {
		container, version, _ := strings.Cut(arg, "=")
		result, ok := record.ParseResult(version)
		if container == "" || !ok || result.Tag == "" {
			faults = append(faults, fmt.Sprintf("%q: allowed: CONTAINER=VERSION, such as web=1.2.8", arg))
			continue
		}
		if _, twice := holds[container]; twice {
			faults = append(faults, fmt.Sprintf("%q: %s is named twice; allowed: one version a container", arg, container))
			continue
		}
		holds[container] = result
	}
	return holds, faults
}

// TellSet says for people what became of holds that were to be set.
func TellSet(holds []Hold, wanted record.Record) string {
	var text strings.Builder
	for _, h := range holds {
		switch asked, ok := wanted[h.Container]; {
		case h.Held != "":
			fmt.Fprintf(&text, "%s: %s stays at %s: %s is held\n", h.Workload, h.Container, h.Running, h.Held)
		case ok:
			fmt.Fprintf(&text, "%s: %s runs %s: %s is not held, since that is above it or the same\n", h.Workload, h.Container, h.Running, asked)
		}
	}
	return text.String()
}

// TellCleared says for people what became of holds that were cleared.
func TellCleared(holds []Hold) string {
	var text strings.Builder
	for _, h := range holds {
		switch {
		case h.Held != "":
			fmt.Fprintf(&text, "%s: %s stays at %s: %s is held\n", h.Workload, h.Container, h.Running, h.Held)
		case h.Was != "":
			fmt.Fprintf(&text, "%s: %s runs %s: %s is no longer held\n", h.Workload, h.Container, h.Running, h.Was)
		}
	}
	return text.String()
}
