// Package command runs the programs that measure Garboard on a cluster of their own.
package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

// Run runs a program with the process's arguments until it is done or interrupted, and
// returns the status to exit with: 1 for an error, which is printed behind the program's
// name. A call for help is none.
func Run(name string, run func(ctx context.Context, args []string) error) (status int) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:])
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, name+":", err)
		return 1
	}
	return 0
}

// Machine is the line above figures: they are of this day and machine alone.
func Machine() string {
	return fmt.Sprintf("%s, %d CPUs, %s/%s, %s", time.Now().UTC().Format(time.DateOnly), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
}
