package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/pflag"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/garboard-dev/garboard/internal/cli/cmdline"
	"github.com/garboard-dev/garboard/internal/serving"
	"github.com/garboard-dev/garboard/updater"
	"github.com/garboard-dev/garboard/updater/receiver"
	"github.com/garboard-dev/garboard/updater/receiver/config"
	"github.com/garboard-dev/garboard/updater/receiver/relay"
)

// pushOptions are the flags of the receiver of push notifications.
type pushOptions struct {
	address, config, cert, key string

	namespace string // Garboard's own
}

func (o *pushOptions) addFlags(flags *pflag.FlagSet) {
	flags.StringVar(&o.address, "push-address", "0", `address to receive push notifications of registries at, such as :9300; "0" for none`)
	flags.StringVar(&o.config, "push-config", "", "`FILE` of the senders of push notifications; read again whenever it, or a secret that it names, changes")
	flags.StringVar(&o.cert, "push-tls-cert-file", "",
		"`FILE` of the certificate to receive push notifications with; read again whenever it changes. Without it they come by plain HTTP")
	flags.StringVar(&o.key, "push-tls-key-file", "", "`FILE` of that certificate's key")
}

func (o *pushOptions) on() bool { return o.address != "0" }

// check returns the faults of the flags' values.
func (o *pushOptions) check() cmdline.Faults {
	var faults cmdline.Faults
	if o.on() && !cmdline.IsHostPort(o.address) {
		faults = append(faults, fmt.Sprintf(`--push-address: %q: allowed: host:port or :port; "0" for none`, o.address))
	}
	if o.on() && o.config == "" {
		faults = append(faults, "--push-config: needed with --push-address: it says who may send, and what proves it")
	}
	for _, file := range []struct{ flag, value string }{
		{"push-config", o.config}, {"push-tls-cert-file", o.cert}, {"push-tls-key-file", o.key},
	} {
		if !o.on() && file.value != "" {
			faults = append(faults, fmt.Sprintf("--%s: %q: allowed: together with --push-address", file.flag, file.value))
		}
	}
	if (o.cert == "") != (o.key == "") {
		faults = append(faults, fmt.Sprintf("--push-tls-cert-file, --push-tls-key-file: %q: allowed: both, or neither", o.cert+o.key))
	}
	return faults
}

// follow has the cache keep what other replicas received.
func (o *pushOptions) follow(cached *cache.Options, lease *leaseOptions) (err error) {
	if !o.on() {
		return nil
	}
	if o.namespace, err = lease.ownNamespace(); err != nil {
		return err
	}
	object, kept := relay.ByObject(o.namespace)
	cached.ByObject[object] = kept
	return nil
}

// receive builds the receiver, and puts it on the manager. A process does not
// start with settings that it cannot use.
func (o *pushOptions) receive(ctx context.Context, manager ctrl.Manager, u *updater.Updater) error {
	if !o.on() {
		return nil
	}
	counted, err := receiver.NewMetrics(metrics.Registry)
	if err != nil {
		return err
	}
	written, err := relay.NewMetrics(metrics.Registry)
	if err != nil {
		return err
	}
	logger := log.Log.WithName("push")
	carried := relay.New(relay.Options{
		Namespace: o.namespace, Client: manager.GetClient(), Informers: manager.GetCache(),
		Hand: u.Pushed, Metrics: written, Log: logger,
	})
	u.Recent = carried.Recent
	received := receiver.New(receiver.Options{Sink: carried, Metrics: counted, Log: logger})
	settings := settingsFile[config.Config]{
		what: "the push settings", path: o.config, parse: config.Parse, log: logger,
		apply: func(c *config.Config) error { received.Configure(ctx, c); return nil },
		inForce: prometheus.GaugeOpts{
			Name: "garboard_push_config_last_reload_successful",
			Help: "1 if the push settings file, as it was last read, is in force; else 0.",
		},
		since: prometheus.GaugeOpts{
			Name: "garboard_push_config_last_reload_success_timestamp_seconds",
			Help: "When push settings were last put in force.",
		},
	}
	if err := settings.follow(ctx, manager, metrics.Registry); err != nil {
		return err
	}
	protection, err := servedTLS(manager, "push-certificate", o.cert, o.key)
	if err != nil {
		return err
	}
	server := receiver.NewServer(receiver.ServerOptions{Address: o.address, Handler: received, TLS: protection, Log: logger})
	return errors.Join(
		manager.Add(carried.Pruner()),
		manager.Add(&pushing{server: server, relay: carried}),
		manager.AddReadyzCheck("push", server.Ready),
	)
}

// pushing receives, and carries on what was received last.
type pushing struct {
	server *receiver.Server
	relay  *relay.Relay
}

// NeedLeaderElection says that every replica receives.
func (*pushing) NeedLeaderElection() bool { return false }

// Start runs the server until ctx ends, and the relay for longer.
func (p *pushing) Start(ctx context.Context) error {
	return serving.Outlive(ctx, p.server.Run, p.relay.Run)
}
