// Package e2e tries Garboard as its users do: on a real API server, with the
// very install.yaml, against a real registry, through kubectl.
//
// Tests run beside each other. One that needs a namespace and a repository of its own
// begins with
//
//	s := newSpace(t)
//
// and shares a cluster with the others. One that touches what all of a cluster share
// begins with
//
//	alone(t)
//	s := newSpace(t)
//
// and has a cluster to itself until it ends, which it leaves as it was. Shared are: the
// webhooks and the routes to them, the updater and its flags, the API server, the
// certificate, the password of the private registry's robot, counters of metrics and
// requests, and all objects without a namespace or in Garboard's own. Neither test calls
// t.Parallel: newSpace and alone do. A test whose parts have a space each calls
// parallel(t), and gives each part its own by newSpace in it.
package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/garboard-dev/garboard/test/cluster"
	"github.com/garboard-dev/garboard/test/installation"
)

// suite is a cluster with Garboard in it, and what stands beside it.
type suite struct {
	*cluster.Cluster
	garboard *installation.Installation
	private  *privateRegistry
	counted  *counter // in front of the cluster's registry
	clients  *clientCA
	alone    bool // one test at a time uses it

	keys   string // folder
	cancel context.CancelFunc
}

// startLimit bounds the start of a cluster, with the first build of its parts.
const startLimit = 30 * time.Minute

// source is the folder of the repository.
const source = "../.."

// newSuite starts a cluster and installs Garboard, of which program is the path.
func newSuite(program string, alone bool) (*suite, error) {
	// The files of the certificate follow its Secret as long as this context lasts.
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	s := &suite{alone: alone, cancel: cancel}
	if err := s.boot(ctx, program); err != nil {
		return nil, errors.Join(err, s.end())
	}
	return s, nil
}

func (s *suite) boot(ctx context.Context, program string) (err error) {
	if s.keys, err = os.MkdirTemp("", "garboard-client-ca-"); err != nil {
		return err
	}
	if s.clients, err = newClientCA(s.keys); err != nil {
		return err
	}
	s.Cluster, err = cluster.Start(ctx, cluster.Options{LessCollection: true, APIServerFlags: []string{s.clients.apiServerFlag()}})
	if err != nil {
		return err
	}
	if s.private, err = startPrivateRegistry(ctx, s.Cluster); err != nil {
		return err
	}
	s.counted = newCounter(s.Registry)
	s.garboard, err = installation.Install(ctx, s.Cluster, installation.Options{
		// Each address by itself: any other on loopback stays refused.
		Args: []string{"--private-registries=" + s.private.address + "," + s.counted.host(), "--log-level=debug"},
		// Less than a kubectl takes to start: what a test pushes is seen by its next
		// command, however fast the machine is.
		Source: source, Binary: program, WebhookArgs: []string{"--fresh-for=50ms"},
	})
	return err
}

// end stops all that boot has started.
func (s *suite) end() error {
	defer s.cancel()
	var errs []error
	if s.counted != nil {
		s.counted.Close()
	}
	if s.Cluster != nil {
		errs = append(errs, s.Stop(context.Background()))
	}
	return errors.Join(append(errs, os.RemoveAll(s.keys))...)
}

// keepLogs copies the logs to where GARBOARD_CLUSTER_LOGS says, if it does.
func (s *suite) keepLogs(test string) error {
	dir := os.Getenv("GARBOARD_CLUSTER_LOGS")
	if dir == "" {
		return nil
	}
	if err := s.Logs(filepath.Join(dir, filepath.FromSlash(test))); err != nil {
		return fmt.Errorf("keeping the logs of %s: %w", test, err)
	}
	return nil
}
