package main

import (
	"context"
	"io"

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

// run runs one command line and returns the exit code. servers are the commands
// beside those of the command line.
func run(ctx context.Context, args []string, s streams, servers ...*cobra.Command) int {
	root := newRootCommand(s.env, servers...)
	namedAs(root, calledAs(s.program))
	root.SetArgs(args)
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	return report(s.err, root.ExecuteContext(ctx))
}

func newRootCommand(env func(string) (string, bool), servers ...*cobra.Command) *cobra.Command {
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
	}, append(servers, commands(env)...)...)
	readsFlagsBelow(root, env)
	return root
}
