// Command localcluster starts a Kubernetes control plane on this machine that
// stays until it is stopped, for demonstrations and for trying things out:
//
//	go run ./test/cluster/cmd/localcluster up
//	export KUBECONFIG=…            # as it prints
//	go run ./test/cluster/cmd/localcluster down
//
// See docs/testing.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

type usageError string

func (u usageError) Error() string { return string(u) }

const usage = usageError(`usage: localcluster COMMAND [--dir DIR] [arguments]

  up                                start, or start again with the same data
  down                              stop; the data stays
  status                            list the processes
  build                             build the programs and Helm into the cache, start nothing
  route NAMESPACE/SERVICE:PORT [127.0.0.1:PORT ...]
                                    send the API server's webhook calls to a process
  push REPOSITORY TAG [TAG ...]     push a small image under each tag
  secret NAMESPACE NAME FOLDER      keep a Secret as files, until interrupted
  token NAMESPACE SERVICEACCOUNT    write a kubeconfig with the account's rights

up also takes --nodes N, --kubernetes VERSION, --no-cert-manager and, repeated,
--apiserver-flag --NAME=VALUE.`)

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return usage
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	flags.Usage = func() { fmt.Fprintln(os.Stderr, usage) }
	o := options{}
	flags.StringVar(&o.Dir, "dir", filepath.Join(os.TempDir(), "garboard-cluster"), "folder of the cluster")
	if args[0] == "up" {
		flags.IntVar(&o.Nodes, "nodes", 1, "number of nodes")
		flags.StringVar(&o.Kubernetes, "kubernetes", "", "an older version of Kubernetes, of those in test/cluster/kubernetes")
		flags.BoolVar(&o.NoCertManager, "no-cert-manager", false, "leave cert-manager out")
		flags.Func("apiserver-flag", "flag of the API server", o.addFlag)
	}
	command, ok := commands()[args[0]]
	if !ok {
		return usage
	}
	if err := flags.Parse(args[1:]); err != nil {
		return flag.ErrHelp // it has been printed
	}
	return command(ctx, o.Options, flags.Args())
}
