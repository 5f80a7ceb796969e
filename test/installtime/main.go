// Command installtime measures how long an installation takes until the first workload is
// answered with a resolved tag, step by step: by Helm and by kubectl, each time in a new cluster,
// after cert-manager's own chart. Nothing is asserted: the figures are those of this machine
// at this time. Pods are played: what a node takes to pull and start is not in the figures.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/garboard-dev/garboard/test/cluster"
	"github.com/garboard-dev/garboard/test/command"
	"github.com/garboard-dev/garboard/test/installation"
)

func main() { os.Exit(command.Run("installtime", run)) }

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("installtime", flag.ContinueOnError)
	source := flags.String("source", ".", "folder of the repository")
	binary := flags.String("binary", "", "program to run; by default it is built from the source")
	rounds := flags.Int("rounds", 3, "how often each way is measured")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 || *rounds < 1 {
		return fmt.Errorf("bad arguments %q: -rounds is 1 or more, and there are no others than flags", args)
	}
	ctrl.SetLogger(logr.Discard()) // Garboard's own logs are files of the cluster
	b := &bench{source: *source, binary: *binary}
	var err error
	if b.chart, err = cluster.CertManagerChart(ctx); err != nil {
		return err
	}
	if b.binary == "" {
		dir, err := os.MkdirTemp("", "garboard-installtime-")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(dir) }()
		b.binary = filepath.Join(dir, "garboard")
		if err := installation.Build(ctx, b.source, b.binary); err != nil {
			return err
		}
	}
	fmt.Println(command.Machine())
	return b.measure(ctx, *rounds)
}

// measure takes the ways in turns, so that what else the machine does meets both.
func (b *bench) measure(ctx context.Context, rounds int) error {
	ways := []string{byHelm, byKubectl}
	took := map[string][]map[string]time.Duration{}
	for range rounds {
		for _, way := range ways {
			err := cluster.Use(ctx, cluster.Options{NoCertManager: true}, func(c *cluster.Cluster) error {
				r := &round{bench: b, Cluster: c, way: way, took: map[string]time.Duration{}}
				err := r.install(ctx)
				took[way] = append(took[way], r.took)
				return err
			})
			if err != nil {
				return fmt.Errorf("installing by %s: %w", way, err)
			}
		}
	}
	for _, way := range ways {
		report(way, took[way])
	}
	return nil
}

func report(way string, rounds []map[string]time.Duration) {
	fmt.Printf("\nby %s, seconds from the start of each installation: median of %d (least to most)\n", way, len(rounds))
	for _, step := range steps() {
		all := make([]time.Duration, len(rounds))
		for i := range rounds {
			all[i] = rounds[i][step]
		}
		slices.Sort(all)
		fmt.Printf("%6.1f (%.1f to %.1f)  %s\n", all[len(all)/2].Seconds(), all[0].Seconds(), all[len(all)-1].Seconds(), step)
	}
}
