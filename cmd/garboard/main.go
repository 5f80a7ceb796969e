// Command garboard keeps the images of Kubernetes workloads at the newest
// version that their policy allows.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // windows name time zones, and not every machine has them
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], streams{in: os.Stdin, out: os.Stdout, err: os.Stderr, env: os.LookupEnv, program: os.Args[0]},
		newWebhookCommand(), newUpdaterCommand(os.LookupEnv))
	stop()
	os.Exit(code)
}
