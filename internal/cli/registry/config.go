package registry

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/garboard-dev/garboard/internal/cli/cmdline"
	"github.com/garboard-dev/garboard/resolver/registry"
	"github.com/garboard-dev/garboard/resolver/registry/config"
)

func newRegistryConfigCommand() *cobra.Command {
	return cmdline.Group(&cobra.Command{
		Use:   "config",
		Short: "Look at the file of registry settings",
	}, newRegistryConfigValidateCommand())
}

func newRegistryConfigValidateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "validate FILE",
		Short: "Check a file of registry settings",
		Long: "Check a file of registry settings, and the files that it names, as webhook and\n" +
			"updater would. - is standard input; file names in it are then looked up from\n" +
			"the working directory.\n\n" +
			"The exit code is 1 where there is a fault; each is a line on standard error.",
		Example: "  garboard registry config validate registries.yaml",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmdline.Faults{"FILE: needs a value"}
			}
			return cmdline.OnlyOne(args)
		},
		RunE: func(command *cobra.Command, args []string) error {
			return validateRegistriesConfig(command.Context(), args[0], command.InOrStdin(), command.OutOrStdout())
		},
	}
}

func validateRegistriesConfig(ctx context.Context, name string, in io.Reader, out io.Writer) error {
	title, data, err := cmdline.ReadFile(ctx, "the registry settings", name, in)
	if err != nil {
		return err
	}
	settings, err := config.Parse(title, data, nil)
	if err != nil {
		return err
	}
	// The client has faults of its own to find: in what it is to do.
	if _, err := registry.New(registry.Options{Config: settings}); err != nil {
		return err
	}
	noun := "registries"
	if len(settings.Registries) == 1 {
		noun = "registry"
	}
	_, err = fmt.Fprintf(out, "%s: ok, %d %s\n", title, len(settings.Registries), noun)
	return err
}
