//go:build !manpages

// Command garboard keeps the images of Kubernetes workloads at the newest
// version that their policy allows.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // windows name time zones, and not every machine has them

	"github.com/garboard-dev/garboard/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Run(ctx, os.Args[1:], cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Env: os.LookupEnv, Program: os.Args[0]},
		serverCommands(os.LookupEnv)...)
	stop()
	os.Exit(code)
}
