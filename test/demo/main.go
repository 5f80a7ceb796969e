// Command demo tells Garboard's story on a real control plane: a Deployment as
// Keel's users write it, two pushes to the registry that roll its Pods, and
// the old manifest applied again, which turns nothing back. Each step shows
// the command that a person would type and what the cluster answered; the
// program fails at the first step that does not hold.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// limit bounds the demo without the first build of the control plane.
const limit = 10 * time.Minute

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	source := flags.String("source", ".", "folder of the repository")
	keep := flags.Bool("keep", false, "leave the cluster running at the end")
	kubeContext := flags.String("context", "", "kubeconfig context of a cluster that has Garboard; the default is a local cluster of the demo's own")
	registry := flags.String("registry", "", "with -context: where to push, as the cluster names it (registry.example.com/team)")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unknown argument %q", flags.Arg(0))
	}
	if *registry != "" && *kubeContext == "" {
		return errors.New("REGISTRY goes with CONTEXT; the local cluster has a registry of its own")
	}
	if *kubeContext != "" {
		if *registry == "" {
			return errors.New("CONTEXT needs REGISTRY, a place to push to that the cluster can pull from")
		}
		return inNamespace(ctx, existing(*kubeContext, *registry))
	}
	return local(ctx, *source, *keep)
}

// inNamespace tells the story on a cluster of the user's own, and takes away
// the namespace that it made there, also where the story was cut short: that
// one alone, and nothing that was there before.
func inNamespace(ctx context.Context, s *stage) (err error) {
	if out, _, err := s.kubectl(ctx, "", "get", "namespace", namespace, "--ignore-not-found", "-o", "name"); err != nil {
		return err
	} else if out != "" {
		return fmt.Errorf("there is a %s already; the demo touches nothing that it did not make", strings.TrimSpace(out))
	}
	defer func() {
		clean, done := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer done()
		_, _, gone := s.kubectl(clean, "", "delete", "namespace", namespace, "--ignore-not-found")
		err = errors.Join(err, gone)
	}()
	return tell(ctx, s)
}

// tell runs the story on a stage.
func tell(ctx context.Context, s *stage) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	start := time.Now()
	if err := story(ctx, s); err != nil {
		return err
	}
	fmt.Printf("\nEvery step held, in %s.\n", time.Since(start).Round(time.Second))
	return nil
}
