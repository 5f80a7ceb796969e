package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.opentelemetry.io/otel/trace"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	ctrlwebhook "sigs.k8s.io/controller-runtime/pkg/webhook"

	"github.com/garboard-dev/garboard/certs"
	"github.com/garboard-dev/garboard/internal/cli/cmdline"
	"github.com/garboard-dev/garboard/internal/cluster/helmvalues"
	"github.com/garboard-dev/garboard/internal/cluster/placement"
	"github.com/garboard-dev/garboard/internal/serving"
	"github.com/garboard-dev/garboard/webhook"
)

type webhookOptions struct {
	serverOptions
	listenAddress string
	certDir       string
	clientCA      string
	clientNames   []string
	shutdownDelay time.Duration
	maxInFlight   int
	updater       string
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
			return append(o.check(), o.checkServing()...).OrNil()
		},
		RunE: func(command *cobra.Command, _ []string) error { return o.run(command.Context()) },
	}
	o.addFlags(command.Flags())
	flags := command.Flags()
	flags.StringVar(&o.listenAddress, "listen-address", ":9443", "address to serve admission at")
	flags.StringVar(&o.certDir, "cert-dir", "/etc/garboard/tls", "folder of tls.crt and tls.key")
	flags.StringVar(&o.clientCA, "client-ca-file", "",
		"`FILE` of the CA that must have signed the API server's certificate; read again whenever it changes. Without it any client may ask")
	flags.StringSliceVar(&o.clientNames, "client-names", nil,
		"common names or DNS names of the client certificates that are let in; without it all that the CA has signed")
	flags.DurationVar(&o.shutdownDelay, "shutdown-delay", webhook.DefaultShutdownDelay,
		"how long new connections are still answered after SIGTERM, for callers that have not heard of it; those that are left may then be closed by their callers, for up to 95s. 0s ends at once")
	flags.IntVar(&o.maxInFlight, "max-requests-in-flight", webhook.DefaultInFlight,
		"how many requests may wait for registries at once; one more is answered from what is known, four times as many are refused")
	flags.StringVar(&o.updater, "updater-account", webhook.DefaultUpdaterAccount,
		"`USER` that the updater is to the API server: where minAge, after or window is set, its bumps alone move images")
	return command
}

// maxShutdownDelay is far more than any cluster takes to hear of a Pod's end.
const maxShutdownDelay = 10 * time.Minute

// checkServing returns the faults of the flags that are the webhook's alone.
func (o *webhookOptions) checkServing() cmdline.Faults {
	var faults cmdline.Faults
	if !cmdline.IsHostPort(o.listenAddress) {
		faults = append(faults, fmt.Sprintf("--listen-address: %q: allowed: host:port or :port", o.listenAddress))
	}
	for _, name := range o.clientNames {
		if name == "" {
			faults = append(faults, `--client-names: "": allowed: the name of a client certificate`)
		}
	}
	if len(o.clientNames) > 0 && o.clientCA == "" {
		faults = append(faults, fmt.Sprintf("--client-names: %q: allowed: together with --client-ca-file", strings.Join(o.clientNames, ",")))
	}
	if o.shutdownDelay < 0 || o.shutdownDelay > maxShutdownDelay {
		faults = append(faults, fmt.Sprintf("--shutdown-delay: %q: allowed: a duration from 0s to %s", o.shutdownDelay, maxShutdownDelay))
	}
	if o.updater == "" {
		faults = append(faults, fmt.Sprintf(`--updater-account: "": allowed: a user name, such as %s`, webhook.DefaultUpdaterAccount))
	}
	if o.maxInFlight < 1 {
		faults = append(faults, fmt.Sprintf("--max-requests-in-flight: %d: allowed: 1 or more", o.maxInFlight))
	}
	return faults
}

func (o *webhookOptions) run(ctx context.Context) error {
	logger, err := o.logger()
	if err != nil {
		return err
	}
	defer func() { _ = logger.Sync() }() // standard error cannot be synced everywhere

	config, err := o.restConfig()
	if err != nil {
		return err
	}
	node, nodeCache := placement.ByObject()
	manager, err := ctrl.NewManager(config, ctrl.Options{
		Metrics:                server.Options{BindAddress: o.metricsAddress},
		HealthProbeBindAddress: o.healthAddress,
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
	tracer, stop, err := o.tracing.start(ctx, "garboard-webhook")
	if err != nil {
		return err
	}
	defer stop()
	server, err := o.wire(ctx, manager, tracer)
	if err != nil {
		return err
	}
	// Caches, metrics and probes are there for the last request, too.
	return serving.Outlive(ctx, server.Run, manager.Start)
}

// wire builds the webhooks with their server, and puts what they live on, and
// the probes, on the manager.
func (o *webhookOptions) wire(ctx context.Context, manager ctrl.Manager, tracer trace.Tracer) (*webhook.Server, error) {
	asked, err := o.registries.build(ctx, manager, metrics.Registry, tracer)
	if err != nil {
		return nil, err
	}
	decider, err := webhook.NewDecider(webhook.DeciderOptions{
		Resolver: asked.answers, Credentials: asked.secrets, Placement: asked.nodes, UpdaterAccount: o.updater,
	})
	if err != nil {
		return nil, err
	}
	counted, err := webhook.NewMetrics(metrics.Registry)
	if err != nil {
		return nil, err
	}
	informer, err := manager.GetCache().GetInformer(ctx, webhook.NamespaceMetadata())
	if err != nil {
		return nil, fmt.Errorf("watching namespaces: %w", err)
	}
	namespaces := &webhook.CachedNamespaces{Cache: manager.GetClient(), Live: manager.GetAPIReader()}
	var releases webhook.Releases
	if o.helmValues {
		releases = helmvalues.New(helmvalues.Options{Live: manager.GetAPIReader()})
	}
	mux := http.NewServeMux()
	// Never started: it puts controller-runtime's metrics around the webhooks.
	webhook.Register(ctrlwebhook.NewServer(ctrlwebhook.Options{WebhookMux: mux}),
		&webhook.Mutate{Kinds: o.custom.Kinds(), Decider: decider, Namespaces: namespaces, Releases: releases, Metrics: counted, Tracer: tracer},
		&webhook.Validate{
			Kinds: o.custom.Kinds(), Namespaces: namespaces, Releases: releases,
			Upstreams: &webhook.LiveUpstreams{Live: manager.GetAPIReader(), Kinds: o.custom.Kinds(), Namespaces: namespaces},
		})
	protection, err := o.secure(manager)
	if err != nil {
		return nil, err
	}
	server := webhook.NewServer(webhook.ServerOptions{
		Address: o.listenAddress, TLS: protection, Handler: mux, ShutdownDelay: o.shutdownDelay,
		Limits: webhook.Limits{InFlight: o.maxInFlight, Metrics: counted},
	})
	synced := func(*http.Request) error {
		if !informer.HasSynced() {
			return errors.New("namespaces are not known yet")
		}
		return nil
	}
	return server, errors.Join(
		manager.AddHealthzCheck("ping", healthz.Ping),
		manager.AddReadyzCheck("namespaces", synced),
		manager.AddReadyzCheck("nodes", asked.nodes.Ready),
		manager.AddReadyzCheck("listener", server.Ready),
	)
}

// secure follows the files that TLS is made of.
func (o *webhookOptions) secure(manager ctrl.Manager) (*tls.Config, error) {
	serving, err := certs.NewWatcher(certs.WatcherOptions{Dir: o.certDir, Registerer: metrics.Registry})
	if err != nil {
		return nil, err
	}
	err = errors.Join(manager.Add(serving), manager.AddReadyzCheck("certificate", serving.Ready))
	if err != nil || o.clientCA == "" {
		return certs.ServerTLS(serving, nil), err
	}
	clients, err := certs.NewClientCA(certs.ClientCAOptions{File: o.clientCA, Names: o.clientNames})
	if err != nil {
		return nil, err
	}
	return certs.ServerTLS(serving, clients), errors.Join(manager.Add(clients), manager.AddReadyzCheck("client-ca", clients.Ready))
}
