package main

import (
	"context"
	"errors"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/garboard-dev/garboard/internal/configfile"
)

// settingsFile is a file of settings that a server keeps to.
type settingsFile[T any] struct {
	// what is in the file, for messages: "the registry settings".
	what, path string
	parse      func(name string, data []byte, from *configfile.Files) (*T, error)
	apply      func(*T) error
	// inForce and since are the metrics of how the settings stand.
	inForce, since prometheus.GaugeOpts
	log            logr.Logger
}

// follow reads the file, and has the manager read it again whenever it changes. It
// returns an error if the settings cannot be used: a process does not start with them.
func (s *settingsFile[T]) follow(ctx context.Context, manager ctrl.Manager, metrics prometheus.Registerer) error {
	watcher, err := configfile.NewWatcher(configfile.WatcherOptions[T]{
		What: s.what, Parse: s.parse, Path: s.path, Apply: s.apply,
		Report: func(err error) { s.log.Error(err, "keeping the previous settings", "file", s.path) },
	})
	if err != nil {
		return err
	}
	if err := watcher.Load(ctx); err != nil {
		return err
	}
	return errors.Join(manager.Add(watcher), watcher.Register(metrics, s.inForce, s.since))
}
