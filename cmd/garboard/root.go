package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// streams are what the program has of the outside world, so that tests run it
// in-process.
type streams struct {
	in  io.Reader
	out io.Writer
	err io.Writer
	env func(name string) (string, bool)
	// program is the path of the file that was run.
	program string
}

// commands are the subcommands. A new one is a file of its own and a line here;
// its flags, PreRunE (the check of their values) and Args are run by readsFlags.
func commands(env func(string) (string, bool)) []*cobra.Command {
	return []*cobra.Command{
		newWebhookCommand(),
		newUpdaterCommand(env),
		newTryCommand(),
		newResolveCommand(),
		newSelectCommand(),
		newHistoryCommand(),
		newHoldCommand(),
		newRegistryCommand(),
		newStatusCommand(env),
		newNotifyCommand(),
		newVersionCommand(),
	}
}

// run runs one command line and returns the exit code.
func run(ctx context.Context, args []string, s streams) int {
	root := newRootCommand(s.env)
	namedAs(root, calledAs(s.program))
	root.SetArgs(args)
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	return report(s.err, root.ExecuteContext(ctx))
}

func newRootCommand(env func(string) (string, bool)) *cobra.Command {
	root := group(&cobra.Command{
		Use:   "garboard",
		Short: "Keep the images of Kubernetes workloads at the newest allowed version",
		Long: "Garboard keeps the images of Kubernetes workloads at the newest version that\n" +
			"their policy allows. It decides at admission, where the next apply cannot\n" +
			"revert it.\n\n" +
			"Every flag may also be set by an environment variable: GARBOARD_MATCH_TAG is\n" +
			"--match-tag. A flag on the command line comes first.",
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}, commands(env)...)
	readsFlagsBelow(root, env)
	return root
}

// group makes a command that is there for those below it: alone it prints its
// help.
func group(command *cobra.Command, below ...*cobra.Command) *cobra.Command {
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

// readsFlagsBelow is readsFlags for a whole tree of commands.
func readsFlagsBelow(command *cobra.Command, env func(string) (string, bool)) {
	for _, below := range command.Commands() {
		readsFlagsBelow(below, env)
	}
	readsFlags(command, env)
}

func unknownCommand(group *cobra.Command, name string) error {
	text := fmt.Sprintf("%q: unknown command; ", name)
	if suggestions := group.SuggestionsFor(name); len(suggestions) > 0 {
		return usageFaults{text + "did you mean " + strings.Join(suggestions, " or ") + "?"}
	}
	var names []string
	for _, command := range group.Commands() {
		if command.IsAvailableCommand() {
			names = append(names, command.Name())
		}
	}
	return usageFaults{text + "allowed: " + strings.Join(names, ", ")}
}
