package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"

	"github.com/spf13/cobra"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	ctrlwebhook "sigs.k8s.io/controller-runtime/pkg/webhook"

	"github.com/keelson-dev/keelson/certs"
	"github.com/keelson-dev/keelson/internal/placement"
	"github.com/keelson-dev/keelson/webhook"
)

type webhookOptions struct {
	serverOptions
	listenAddress string
	certDir       string
}

func newWebhookCommand() *cobra.Command {
	var o webhookOptions
	command := &cobra.Command{
		Use:   "webhook",
		Short: "Serve the admission webhooks",
		Long: "Serve the mutating and the validating admission webhook of a cluster.\n" +
			"The serving certificate is read from the files tls.crt and tls.key and again\n" +
			"whenever they change.",
		Args: cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error {
			faults := o.check()
			if _, _, ok := hostPort(o.listenAddress); !ok {
				faults = append(faults, fmt.Sprintf("--listen-address: %q: allowed: host:port or :port", o.listenAddress))
			}
			return faults.orNil()
		},
		RunE: func(command *cobra.Command, _ []string) error { return o.run(command.Context()) },
	}
	o.addFlags(command.Flags())
	command.Flags().StringVar(&o.listenAddress, "listen-address", ":9443", "address to serve admission at")
	command.Flags().StringVar(&o.certDir, "cert-dir", "/etc/keelson/tls", "folder of tls.crt and tls.key")
	return command
}

func (o *webhookOptions) run(ctx context.Context) error {
	logger, err := o.logger()
	if err != nil {
		return err
	}
	defer func() { _ = logger.Sync() }() // standard error cannot be synced everywhere

	host, port, _ := hostPort(o.listenAddress) // checked before
	watcher, err := certs.NewWatcher(certs.WatcherOptions{Dir: o.certDir, Registerer: metrics.Registry})
	if err != nil {
		return err
	}
	config, err := o.restConfig()
	if err != nil {
		return err
	}
	admission := ctrlwebhook.NewServer(ctrlwebhook.Options{
		Host: host, Port: port, TLSOpts: []func(*tls.Config){func(c *tls.Config) {
			c.MinVersion = tls.VersionTLS12
			c.NextProtos = []string{"http/1.1"} // the API server never asks a Service for more
			c.GetCertificate = watcher.GetCertificate
		}},
	})
	node, nodeCache := placement.ByObject()
	manager, err := ctrl.NewManager(config, ctrl.Options{
		Metrics:                server.Options{BindAddress: o.metricsAddress},
		HealthProbeBindAddress: o.healthAddress,
		WebhookServer:          admission,
		Cache: cache.Options{
			ByObject: map[client.Object]cache.ByObject{
				webhook.NamespaceMetadata(): {Transform: cache.TransformStripManagedFields()},
				node:                        nodeCache,
			},
			ReaderFailOnMissingInformer: true,
		},
	})
	if err != nil {
		return fmt.Errorf("making the manager: %w", err)
	}
	if err := o.wire(ctx, manager, watcher); err != nil {
		return err
	}
	return manager.Start(ctx)
}

// wire builds the webhooks and puts them, and the probes, on the manager.
func (o *webhookOptions) wire(ctx context.Context, manager ctrl.Manager, watcher *certs.Watcher) error {
	asked, err := o.registries.build(ctx, manager, metrics.Registry)
	if err != nil {
		return err
	}
	decider, err := webhook.NewDecider(webhook.DeciderOptions{Resolver: asked.resolver, Credentials: asked.secrets, Placement: asked.nodes})
	if err != nil {
		return err
	}
	counted, err := webhook.NewMetrics(metrics.Registry)
	if err != nil {
		return err
	}
	informer, err := manager.GetCache().GetInformer(ctx, webhook.NamespaceMetadata())
	if err != nil {
		return fmt.Errorf("watching namespaces: %w", err)
	}
	namespaces := &webhook.CachedNamespaces{Cache: manager.GetClient(), Live: manager.GetAPIReader()}
	admission := manager.GetWebhookServer() // which has it started, too
	webhook.Register(admission,
		&webhook.Mutate{Decider: decider, Namespaces: namespaces, Metrics: counted},
		&webhook.Validate{Namespaces: namespaces})
	synced := func(*http.Request) error {
		if !informer.HasSynced() {
			return errors.New("namespaces are not known yet")
		}
		return nil
	}
	return errors.Join(
		manager.Add(watcher),
		manager.AddHealthzCheck("ping", healthz.Ping),
		manager.AddReadyzCheck("certificate", watcher.Ready),
		manager.AddReadyzCheck("namespaces", synced),
		manager.AddReadyzCheck("listener", admission.StartedChecker()),
	)
}
