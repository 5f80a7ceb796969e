// Command start measures how long the servers take from their start until their probe says
// that they are ready, each as the process of its Deployment beside a local cluster. Nothing
// is asserted: the figures are those of this machine at this time.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/garboard-dev/garboard/test/cluster"
	"github.com/garboard-dev/garboard/test/command"
	"github.com/garboard-dev/garboard/test/installation"
)

func main() { os.Exit(command.Run("start", run)) }

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("start", flag.ContinueOnError)
	source := flags.String("source", ".", "folder of the repository")
	binary := flags.String("binary", "", "program to measure; by default it is built from the source")
	rounds := flags.Int("rounds", 10, "how often each server is started")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 || *rounds < 1 {
		return fmt.Errorf("bad arguments %q: -rounds is 1 or more, and there are no others than flags", args)
	}
	ctrl.SetLogger(logr.Discard()) // Garboard's own logs are files of the cluster
	fmt.Println(command.Machine())
	return cluster.Use(ctx, cluster.Options{}, func(c *cluster.Cluster) error {
		garboard, err := installation.Install(ctx, c, installation.Options{Source: *source, Binary: *binary, NoUpdater: true, Replicas: 1, Log: os.Stderr})
		if err != nil {
			return err
		}
		if err := measure(ctx, "webhook", *rounds, func() (*installation.Server, error) { return garboard.StartUnrouted(ctx) }); err != nil {
			return err
		}
		return measure(ctx, "updater", *rounds, func() (*installation.Server, error) {
			err := garboard.StartUpdater(ctx)
			return garboard.Updater(), err
		})
	})
}

// measure starts a server one time after the other and prints how long it took.
func measure(ctx context.Context, name string, rounds int, start func() (*installation.Server, error)) error {
	var took []time.Duration
	for range rounds {
		server, err := start()
		if err != nil {
			return err
		}
		took = append(took, server.ReadyAfter)
		if err := server.Stop(ctx); err != nil {
			return err
		}
	}
	first := took[0]
	slices.Sort(took)
	fmt.Printf("%s: ready after %s (median of %d; least %s, most %s, the first %s)\n", name, rounded(took[len(took)/2]), rounds,
		rounded(took[0]), rounded(took[len(took)-1]), rounded(first))
	return nil
}

func rounded(d time.Duration) time.Duration { return d.Round(time.Millisecond) }
