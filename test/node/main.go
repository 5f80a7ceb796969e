//go:build linux

// Command node runs a command where a Kubernetes node can be for real: in a sandbox that
// leaves the machine as it is. It is made for the tests in test/node/stories:
//
//	go test -exec bin/node ./test/node/stories
//
// All that the tests build they find in the cache, since the sandbox has no way out.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/garboard-dev/garboard/test/cluster"
	"github.com/garboard-dev/garboard/test/node/sandbox"
)

func main() {
	if sandbox.IsInit() {
		os.Exit(sandbox.Init())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code, err := run(ctx, os.Args[1:])
	stop()
	var unfit *sandbox.UnfitError
	if errors.As(err, &unfit) {
		// Outside of a sandbox the tests skip themselves.
		fmt.Fprintln(os.Stderr, "node: no sandbox:", err)
		err = withoutSandbox(os.Args[1:])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "node:", err)
		os.Exit(1)
	}
	os.Exit(code)
}

// withoutSandbox becomes the command.
func withoutSandbox(command []string) error {
	path, err := exec.LookPath(command[0])
	if err != nil {
		return err
	}
	return syscall.Exec(path, command, os.Environ()) //nolint:gosec // the command that was given
}

func run(ctx context.Context, command []string) (int, error) {
	if len(command) == 0 {
		return 0, errors.New("no command given: node COMMAND [ARGUMENT...]")
	}
	if err := sandbox.Fit(); err != nil {
		return 0, err
	}
	cache, err := cluster.CacheDir()
	if err != nil {
		return 0, err
	}
	if _, err := cluster.Build(ctx, os.Stderr); err != nil {
		return 0, err
	}
	if _, err := cluster.BuildHelm(ctx, os.Stderr); err != nil {
		return 0, err
	}
	if _, err := cluster.BuildNode(ctx, os.Stderr); err != nil {
		return 0, err
	}
	if _, err := cluster.BuildNetworkPolicies(ctx, os.Stderr); err != nil {
		return 0, err
	}
	return sandbox.Run(ctx, sandbox.Options{Cache: cache, Log: os.Stderr}, command...)
}
