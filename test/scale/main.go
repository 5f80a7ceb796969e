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
	"fmt"
	"os"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/garboard-dev/garboard/test/cluster"
	"github.com/garboard-dev/garboard/test/command"
)

// etcdQuota is the largest that etcd's own documentation names: how much is stored is
// among the figures, and must not end the run.
const etcdQuota = "--quota-backend-bytes=8589934592"

func main() { os.Exit(command.Run("scale", run)) }

func run(ctx context.Context, args []string) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	ctrl.SetLogger(logr.Discard()) // Garboard's own logs are files of the cluster
	fmt.Println(command.Machine())
	figures, err := measure(ctx, o)
	// What was measured before an error counts all the same.
	printFigures(os.Stdout, o, figures)
	return errors.Join(append(faults(o, figures), err, writeJSON(o.json, figures))...)
}

func writeJSON(name string, figures []figure) error {
	if name == "" {
		return nil
	}
	text, err := json.MarshalIndent(figures, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(text, '\n'), 0o600)
}

// measure starts a cluster and takes the figures of each size.
func measure(ctx context.Context, o options) (figures []figure, err error) {
	policy, err := auditPolicy()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.Remove(policy)) }()
	audited := cluster.Options{APIServerFlags: []string{"--audit-policy-file=" + policy}, EtcdFlags: []string{etcdQuota}}
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
					return fmt.Errorf("measuring %s: %w", size, err)
				}
				figures = append(figures, f)
			}
		}
		return nil
	})
	return figures, err
}
