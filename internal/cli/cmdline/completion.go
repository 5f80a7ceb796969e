package cmdline

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// ReadDefaults is ReadFlags for the commands that cobra makes itself, help and
// completion: they refuse what they do not know, as all others do. They keep the
// stream that they write to, so the root's are set before.
func ReadDefaults(root *cobra.Command, env func(string) (string, bool)) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, command := range root.Commands() {
		switch command.Name() {
		case "help":
			show := command.Run
			command.RunE = func(command *cobra.Command, args []string) error {
				if err := knownCommand(root, args); err != nil {
					return err
				}
				show(command, args)
				return nil
			}
		case "completion":
			ReadFlagsBelow(Group(command), env)
		}
	}
}

// knownCommand follows the names of a command and of those below it.
func knownCommand(at *cobra.Command, names []string) error {
	for _, name := range names {
		i := slices.IndexFunc(at.Commands(), func(c *cobra.Command) bool { return c.Name() == name || c.HasAlias(name) })
		switch {
		case i >= 0:
			at = at.Commands()[i]
		case at.HasSubCommands():
			return unknownCommand(at, name)
		default:
			return Faults{fmt.Sprintf("%q: unknown command; %s has none below it", name, at.CommandPath())}
		}
	}
	return nil
}

// AnswerShell readies a tree of commands for what a shell asks as it completes a
// command line: cobra finds out by itself which flag a word belongs to, and no file is
// offered where none is read.
func AnswerShell(command *cobra.Command) {
	for _, below := range command.Commands() {
		AnswerShell(below)
	}
	command.DisableFlagParsing = false
	if command.ValidArgsFunction == nil && !strings.Contains(command.Use, "FILE") {
		command.ValidArgsFunction = cobra.NoFileCompletions
	}
	command.Flags().VisitAll(func(flag *pflag.Flag) {
		if choice, ok := flag.Value.(Choice); ok {
			_ = command.RegisterFlagCompletionFunc(flag.Name, cobra.FixedCompletions(choice.Choices(), cobra.ShellCompDirectiveNoFileComp))
		}
	})
}
