// Command scale measures what the updater needs for many workloads, on a real
// control plane and registry: its start, its memory, what it asks of the API server
// and of the registry while nothing happens, and how long it takes to move all
// workloads after a push. It does so for several sizes in one run: the figures are
// those of this machine at this time, and only their ratios tell of another.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/garboard-dev/garboard/test/cluster"
	"github.com/garboard-dev/garboard/test/command"
)

// options are what is measured, and how much of it.
type options struct {
	source       string
	against      string
	sizes        []int
	repositories int
	interval     time.Duration
	rest         time.Duration
	pace         int
	clients      int
	json         string
}

func main() { os.Exit(command.Run("scale", run)) }

func run(ctx context.Context, args []string) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	ctrl.SetLogger(logr.Discard()) // Garboard's own logs are files of the cluster
	fmt.Println(command.Machine())
	figures, err := measure(ctx, o)
	if err != nil {
		return err
	}
	table(os.Stdout, o, figures)
	if o.json != "" {
		text, err := json.MarshalIndent(figures, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(o.json, append(text, '\n'), 0o600); err != nil {
			return err
		}
	}
	return errors.Join(faults(o, figures)...)
}

func parse(args []string) (options, error) {
	var o options
	var sizes string
	flags := flag.NewFlagSet("scale", flag.ContinueOnError)
	flags.StringVar(&o.source, "source", ".", "folder of the repository")
	flags.StringVar(&o.against, "against", "", "folder of another version, whose updater is measured at each size before that of -source; the default is none")
	flags.StringVar(&sizes, "workloads", "1000,10000", "Deployments, for each measurement more of them")
	flags.IntVar(&o.repositories, "repositories", 200, "repositories that they use")
	flags.DurationVar(&o.interval, "interval", 30*time.Second, "the schedule that they are polled at")
	flags.DurationVar(&o.rest, "rest", time.Minute, "how long nothing happens, for what is asked meanwhile")
	flags.IntVar(&o.pace, "pace", 100, "rollouts at once")
	flags.IntVar(&o.clients, "clients", 8, "clients that create at once")
	flags.StringVar(&o.json, "json", "", "file for the figures; the default is none")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	for size := range strings.SplitSeq(sizes, ",") {
		n, err := strconv.Atoi(size)
		if err != nil {
			return o, fmt.Errorf("-workloads: %q: allowed: numbers, such as 1000,10000", sizes)
		}
		o.sizes = append(o.sizes, n)
	}
	if flags.NArg() > 0 || o.repositories < 1 || o.clients < 1 || !slices.IsSorted(o.sizes) || o.sizes[0] < o.repositories {
		return o, fmt.Errorf("bad arguments %q: each size is no less than the one before and -repositories, which is 1 or more", args)
	}
	return o, nil
}

// measure starts a cluster and takes the figures of each size.
func measure(ctx context.Context, o options) (figures []figure, err error) {
	policy, err := auditPolicy()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.Remove(policy)) }()
	audited := cluster.Options{APIServerFlags: []string{"--audit-policy-file=" + policy}}
	err = cluster.Use(ctx, audited, func(c *cluster.Cluster) error {
		s, err := prepare(ctx, c, o)
		if err != nil {
			return err
		}
		defer s.registry.Close()
		for _, size := range o.sizes {
			for _, b := range s.builds {
				f, err := s.measure(ctx, size, b)
				if err != nil {
					return fmt.Errorf("measuring %d workloads: %w", size, err)
				}
				figures = append(figures, f)
			}
		}
		return nil
	})
	return figures, err
}
