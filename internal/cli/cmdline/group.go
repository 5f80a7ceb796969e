package cmdline

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// Group makes a command that is there for those below it: alone it prints its
// help.
func Group(command *cobra.Command, below ...*cobra.Command) *cobra.Command {
	command.SuggestionsMinimumDistance = 2
	command.RunE = func(command *cobra.Command, _ []string) error { return command.Help() }
	command.Args = func(command *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return unknownCommand(command, args[0])
	}
	command.AddCommand(below...)
	return command
}

// ReadFlagsBelow is ReadFlags for a whole tree of commands.
func ReadFlagsBelow(command *cobra.Command, env func(string) (string, bool)) {
	for _, below := range command.Commands() {
		ReadFlagsBelow(below, env)
	}
	ReadFlags(command, env)
}

func unknownCommand(group *cobra.Command, name string) error {
	text := fmt.Sprintf("%q: unknown command; ", name)
	if suggestions := group.SuggestionsFor(name); len(suggestions) > 0 {
		return Faults{text + "did you mean " + strings.Join(suggestions, " or ") + "?"}
	}
	var names []string
	for _, command := range group.Commands() {
		if command.IsAvailableCommand() {
			names = append(names, command.Name())
		}
	}
	return Faults{text + "allowed: " + strings.Join(names, ", ")}
}
