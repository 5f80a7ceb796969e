// Package cli is the command line: the root, and a folder a command.
package cli

import (
	"context"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/garboard-dev/garboard/internal/cli/approve"
	"github.com/garboard-dev/garboard/internal/cli/cmdline"
	"github.com/garboard-dev/garboard/internal/cli/doctor"
	"github.com/garboard-dev/garboard/internal/cli/history"
	"github.com/garboard-dev/garboard/internal/cli/hold"
	"github.com/garboard-dev/garboard/internal/cli/migrate"
	"github.com/garboard-dev/garboard/internal/cli/notify"
	"github.com/garboard-dev/garboard/internal/cli/pending"
	"github.com/garboard-dev/garboard/internal/cli/registry"
	"github.com/garboard-dev/garboard/internal/cli/resolve"
	"github.com/garboard-dev/garboard/internal/cli/selecttag"
	"github.com/garboard-dev/garboard/internal/cli/status"
	"github.com/garboard-dev/garboard/internal/cli/try"
	"github.com/garboard-dev/garboard/internal/cli/version"
	"github.com/garboard-dev/garboard/internal/cli/vote"
)

// Streams are what the program has of the outside world, so that tests run it
// in-process.
type Streams struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer
	Env func(name string) (string, bool)
	// program is the path of the file that was run.
	Program string
}

// subcommands are the subcommands. A new one is a file of its own and a line here;
// its flags, PreRunE (the check of their values) and Args are run by ReadFlags.
func subcommands(env func(string) (string, bool)) []*cobra.Command {
	return append([]*cobra.Command{
		try.NewCommand(),
		resolve.NewCommand(),
		selecttag.NewCommand(),
		history.NewCommand(),
		hold.NewCommand(),
		pending.NewCommand(),
		approve.NewApproveCommand(),
		approve.NewRejectCommand(),
		vote.NewCommand(),
		registry.NewCommand(),
		status.NewCommand(env),
		doctor.NewCommand(env),
		migrate.NewCommand(),
		notify.NewCommand(),
		version.NewCommand(),
	}, pageCommands()...)
}

// Run runs one command line and returns the exit code. servers are the commands
// beside those of the command line.
func Run(ctx context.Context, args []string, s Streams, servers ...*cobra.Command) int {
	root := newRootCommand(s.Env, servers...)
	cmdline.NameAs(root, cmdline.ProgramName(s.Program))
	root.SetArgs(args)
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	cmdline.ReadDefaults(root, s.Env)
	if len(args) > 0 && strings.HasPrefix(args[0], cobra.ShellCompRequestCmd) { // with descriptions, or without
		cmdline.AnswerShell(root)
	}
	return cmdline.Report(s.Err, root.ExecuteContext(ctx))
}

// Root returns the whole command line, for manual pages about it.
func Root(env func(string) (string, bool), servers ...*cobra.Command) *cobra.Command {
	return newRootCommand(env, servers...)
}

func newRootCommand(env func(string) (string, bool), servers ...*cobra.Command) *cobra.Command {
	root := cmdline.Group(&cobra.Command{
		Use:   "garboard",
		Short: "Keep the images of Kubernetes workloads at the newest allowed version",
		Long: "Garboard keeps the images of Kubernetes workloads at the newest version that\n" +
			"their policy allows. It decides at admission, where the next apply cannot\n" +
			"revert it.\n\n" +
			"Every flag may also be set by an environment variable: GARBOARD_MATCH_TAG is\n" +
			"--match-tag. A flag on the command line comes first.",
		SilenceErrors: true,
		SilenceUsage:  true,
	}, append(servers, subcommands(env)...)...)
	cmdline.ReadFlagsBelow(root, env)
	return root
}
