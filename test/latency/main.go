// Command latency measures how long it takes from the push of an image to the
// spec of a workload that follows it: by a person's loop of `kubectl set image`, by
// a push notification to Garboard, and by its polls. All in one run, with the same
// cluster, registry and workloads; the figures are those of this machine at this
// time.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/garboard-dev/garboard/test/cluster"
	"github.com/garboard-dev/garboard/test/command"
	"github.com/garboard-dev/garboard/test/installation"
)

// options are what is measured, and how much of it.
type options struct {
	source    string
	workloads int
	interval  time.Duration
	limit     time.Duration
	// each is how many workloads use one repository; waves is how often all repositories
	// are pushed at once, in place of the comparison of the single pushes.
	each, waves int
	// rest is how long nothing is pushed before each of the waves.
	rest   time.Duration
	binary string
}

func main() { os.Exit(command.Run("latency", run)) }

func run(ctx context.Context, args []string) error {
	var o options
	flags := flag.NewFlagSet("latency", flag.ContinueOnError)
	flags.StringVar(&o.source, "source", ".", "folder of the repository")
	flags.IntVar(&o.workloads, "workloads", 200, "Deployments, each with a repository of its own")
	flags.DurationVar(&o.interval, "interval", 5*time.Second, "how often the updater polls, in the part that measures polls")
	flags.DurationVar(&o.limit, "limit", time.Minute, "how long a push may take to be seen")
	flags.IntVar(&o.each, "each", 1, "workloads that use one repository")
	flags.IntVar(&o.waves, "waves", 0, "measure so many pushes of all repositories at once, and not each by itself")
	flags.DurationVar(&o.rest, "rest", 1200*time.Millisecond, "how long nothing is pushed before each of the waves: pushes of one repository are a second apart at least")
	flags.StringVar(&o.binary, "binary", "", "program to measure, such as that of another commit; by default it is built from the source")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 || o.workloads < 1 || o.interval < time.Second || o.each < 1 || o.workloads%o.each != 0 || o.each > 1 && o.waves == 0 {
		return fmt.Errorf("bad arguments %q: -workloads is 1 or more, -interval 1s or more, -each divides -workloads and needs -waves, and there are no others", args)
	}
	ctrl.SetLogger(logr.Discard()) // Garboard's own logs are files of the cluster
	fmt.Println(command.Machine())
	return cluster.Use(ctx, cluster.Options{}, func(c *cluster.Cluster) error {
		m, err := prepare(ctx, c, o)
		if err != nil {
			return err
		}
		watching, unwatch := context.WithCancel(ctx)
		defer unwatch()
		if err := m.watch(watching); err != nil {
			return err
		}
		if o.waves > 0 {
			return (&wave{measurement: m, repositories: o.workloads / o.each, each: o.each, rounds: o.waves}).compare(ctx)
		}
		return m.compare(ctx)
	})
}

// settings let the registry be asked as often as this takes, and every client that can
// reach the port tell of pushes.
const (
	registrySettings = "apiVersion: garboard.dev/v1alpha1\nkind: RegistriesConfig\nregistries:\n- prefix: %q\n  private: true\n  requestsPerSecond: 10000\n"
	pushSettings     = "apiVersion: garboard.dev/v1alpha1\nkind: PushConfig\nsenders:\n- {sender: native, unauthenticated: true}\n"
)

// prepare installs Garboard, with a receiver of push notifications.
func prepare(ctx context.Context, c *cluster.Cluster, o options) (*measurement, error) {
	registries, pushes := filepath.Join(c.Dir, "registries.yaml"), filepath.Join(c.Dir, "push.yaml")
	if err := errors.Join(
		os.WriteFile(registries, fmt.Appendf(nil, registrySettings, c.Registry), 0o600),
		os.WriteFile(pushes, []byte(pushSettings), 0o600),
	); err != nil {
		return nil, err
	}
	garboard, err := installation.Install(ctx, c, installation.Options{
		Source: o.source, Binary: o.binary, Log: os.Stderr, NoUpdater: true, Args: []string{"--registries-config=" + registries},
	})
	if err != nil {
		return nil, err
	}
	port, err := cluster.FreePort()
	if err != nil {
		return nil, err
	}
	address := fmt.Sprintf("127.0.0.1:%d", port)
	if err := garboard.StartUpdater(ctx, "--max-rollouts=0", "--push-address="+address, "--push-config="+pushes); err != nil {
		return nil, err
	}
	m := &measurement{options: o, cluster: c, receiver: "http://" + address + "/v1/webhooks/native", seen: map[string]sight{}, changed: make(chan struct{})}
	if err := m.create(ctx); err != nil {
		return nil, err
	}
	return m, nil
}
