// Command bench measures what admission costs on a real control plane: the
// creation of a Deployment without a webhook, with webhooks that do nothing,
// with Garboard warm and cold, and with a webhook that asks the registry each
// time; and what memory the webhook has after many admissions. The figures are
// those of this machine at this time: compare them within one run.
package main

import (
	"context"
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
	source       string
	requests     int
	clients      int
	load         time.Duration
	latency      time.Duration
	admissions   int
	repositories int
	waiting      int
	pairs        int
}

func main() {
	os.Exit(command.Run("bench", func(ctx context.Context, args []string) error {
		if len(args) > 0 && (args[0] == patchedCommand || args[0] == libraryCommand) {
			return servePatch(ctx, args[0], args[1:])
		}
		return run(ctx, args)
	}))
}

func run(ctx context.Context, args []string) error {
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.StringVar(&o.source, "source", ".", "folder of the repository")
	flags.IntVar(&o.requests, "requests", 500, "Deployments that are created one by one in each case")
	flags.IntVar(&o.clients, "clients", 8, "clients that create at once, for requests a second")
	flags.DurationVar(&o.load, "load", 10*time.Second, "how long they do, in each case")
	flags.DurationVar(&o.latency, "latency", 50*time.Millisecond, "how long the registry takes for a request")
	flags.IntVar(&o.admissions, "admissions", 100_000, "reviews sent to one webhook for its memory; 0 leaves that out")
	flags.IntVar(&o.repositories, "repositories", 1000, "repositories that these name")
	flags.IntVar(&o.waiting, "waiting", 1000, "updates that wait for votes beside warm admissions; 0 leaves that out")
	flags.IntVar(&o.pairs, "pairs", 1000, "Deployments that are created beside the webhooks with the same patch, in each of five turns; 0 leaves that out")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 || o.requests < 1 || o.clients < 1 || o.repositories < 1 {
		return fmt.Errorf("bad arguments %q: -requests, -clients and -repositories are 1 or more, and there are no others", args)
	}
	ctrl.SetLogger(logr.Discard()) // Garboard's own logs are files of the cluster
	fmt.Println(command.Machine())

	return cluster.Use(ctx, cluster.Options{}, func(c *cluster.Cluster) error { return compare(ctx, c, o) })
}

// compare measures everything in one cluster.
func compare(ctx context.Context, c *cluster.Cluster, o options) error {
	b, err := prepare(ctx, c, o)
	if err != nil {
		return err
	}
	defer b.close()
	if err := b.latencies(ctx); err != nil {
		return err
	}
	if err := b.throughput(ctx); err != nil {
		return err
	}
	b.table()
	if n := b.named("warm").asked; n > 0 {
		return fmt.Errorf("the registry was asked %d times for what is warm", n)
	}
	if o.pairs > 0 {
		if err := b.besidePatched(ctx); err != nil {
			return err
		}
	}
	if o.waiting > 0 {
		if err := b.waitingUpdates(ctx); err != nil {
			return err
		}
	}
	if o.admissions == 0 {
		return nil
	}
	return b.memory(ctx)
}

// bench is a cluster with all that is compared in it.
type bench struct {
	options
	cluster  *cluster.Cluster
	garboard *installation.Installation
	registry *registry // as Garboard asks it
	asked    *registry // as the webhook that asks each time does
	quick    *registry // without latency, for the memory
	cases    []*variant
	each     *eachTime
	patched  map[string]*cluster.Process // by the case's namespace
}

func (b *bench) close() {
	b.registry.Close()
	b.asked.Close()
	b.quick.Close()
	if b.each != nil {
		b.each.close()
	}
}

// prepare installs everything. A list stays fresh for the whole run: what is
// warm asks for nothing then.
func prepare(ctx context.Context, c *cluster.Cluster, o options) (*bench, error) {
	for _, tag := range []string{"1.2.0", "1.2.7"} {
		if _, err := c.Push(ctx, repository, tag); err != nil {
			return nil, err
		}
	}
	for n := range 100 { // a list of some length
		if _, err := c.Tag(ctx, repository, "1.2.0", fmt.Sprintf("1.1.%d", n)); err != nil {
			return nil, err
		}
	}
	b := &bench{options: o, cluster: c, registry: newRegistry(c.Registry, o.latency), asked: newRegistry(c.Registry, o.latency), quick: newRegistry(c.Registry, 0)}
	// Garboard asks a host ten times a second at most; more is allowed here, as the
	// webhook that asks each time has no limit either.
	settings := filepath.Join(c.Dir, "registries.yaml")
	text := "apiVersion: garboard.dev/v1alpha1\nkind: RegistriesConfig\nregistries:\n"
	for _, r := range []*registry{b.registry, b.quick} {
		text += fmt.Sprintf("- prefix: %q\n  private: true\n  requestsPerSecond: 10000\n", r.host())
	}
	if err := os.WriteFile(settings, []byte(text), 0o600); err != nil {
		b.close()
		return nil, err
	}
	var err error
	b.garboard, err = installation.Install(ctx, c, installation.Options{
		Source: o.source, NoUpdater: true, Log: os.Stderr,
		Replicas:    1, // as many as there are of the others
		WebhookArgs: []string{"--registries-config=" + settings, "--fresh-for=1h"},
	})
	if err == nil {
		err = b.addCases(ctx)
	}
	if err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}
