package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/pflag"
	"go.opentelemetry.io/otel/trace"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/garboard-dev/garboard/internal/cli/cmdline"
	"github.com/garboard-dev/garboard/internal/cli/version"
	"github.com/garboard-dev/garboard/internal/cluster/placement"
	"github.com/garboard-dev/garboard/internal/cluster/pullsecret"
	"github.com/garboard-dev/garboard/internal/tracing"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/resolver/registry"
	"github.com/garboard-dev/garboard/resolver/registry/config"
	"github.com/garboard-dev/garboard/resolver/registry/identity"
	"github.com/garboard-dev/garboard/resolver/registry/transport"
	"github.com/garboard-dev/garboard/webhook"
)

// registryOptions are the flags that say which registries may be reached, and
// how.
type registryOptions struct {
	insecure, private []string
	config            string
	clouds            identity.Providers
	freshFor          time.Duration
	snapshot          snapshotOptions
}

func (o *registryOptions) addFlags(flags *pflag.FlagSet) {
	o.clouds = identity.Auto()
	flags.StringSliceVar(&o.insecure, "insecure-registries", nil, "registries (host or host:port) that are spoken to in plain HTTP")
	flags.StringSliceVar(&o.private, "private-registries", nil,
		"registries (host, host:port or CIDR) that may have loopback, link-local or private addresses")
	flags.StringVar(&o.config, "registries-config", "", "`FILE` of registry settings; read again whenever it changes")
	flags.Var(&o.clouds, "cloud-identities", "clouds whose registries are asked with the Pod's own identity: auto, none, or a list of aws, gcp, azure")
	flags.DurationVar(&o.freshFor, "fresh-for", time.Minute, "how long a tag list answers before it is read again")
	o.snapshot.addFlags(flags)
}

func (o *registryOptions) check() cmdline.Faults {
	faults := append(cmdline.InsecureFaults(o.insecure),
		cmdline.HostFaults("private-registries", "a host, host:port, address, CIDR or *", o.private,
			func(hosts []string) registry.Options { return registry.Options{Private: hosts} })...)
	if o.freshFor <= 0 {
		faults = append(faults, fmt.Sprintf("--fresh-for: %q: allowed: a duration above 0, such as 1m30s", o.freshFor))
	}
	return append(faults, o.snapshot.check()...)
}

// registries is what both servers ask registries by.
type registries struct {
	client   *registry.Client
	resolver *resolver.Resolver
	// answers is the resolver, with its spans where they are asked for.
	answers webhook.Resolver
	secrets *pullsecret.Finder
	nodes   *placement.Nodes
}

// build makes the parts and puts those that have work of their own on the
// manager. The settings file is read at once: a process does not start with
// settings that it cannot use.
func (o *registryOptions) build(ctx context.Context, manager ctrl.Manager, metrics prometheus.Registerer, tracer trace.Tracer) (*registries, error) {
	requests, requestsErr := transport.NewMetrics(metrics)
	lookups, lookupsErr := resolver.NewMetrics(metrics)
	if err := errors.Join(requestsErr, lookupsErr); err != nil {
		return nil, fmt.Errorf("registering metrics: %w", err)
	}
	options := registry.Options{Insecure: o.insecure, Private: o.private, UserAgent: "garboard/" + version.Version, Metrics: requests}
	if tracer != nil {
		options.Span = tracing.Requests(tracer)
	}
	client, err := registry.New(options)
	if err != nil {
		return nil, err
	}
	if err := o.follow(ctx, manager, client, metrics); err != nil {
		return nil, err
	}
	core, err := corev1client.NewForConfigAndClient(manager.GetConfig(), manager.GetHTTPClient())
	if err != nil {
		return nil, fmt.Errorf("making a client for pull secrets: %w", err)
	}
	clouds := &loggedCredentials{inner: identity.New(identity.Options{Providers: o.clouds}), log: log.Log.WithName("cloud-identities")}
	built := &registries{
		client: client,
		resolver: resolver.New(client, resolver.Options{
			FreshFor: o.freshFor, Metrics: lookups, Allows: client.Allows,
			Credentials: resolver.Chain{client.Configured(), clouds},
		}),
		secrets: pullsecret.New(pullsecret.Options{Client: core}),
		nodes:   placement.New(placement.Options{Informers: manager.GetCache()}),
	}
	built.answers = built.resolver
	if tracer != nil {
		built.answers = &tracing.Resolver{Inner: built.resolver, Tracer: tracer}
	}
	return built, errors.Join(manager.Add(built.secrets), manager.Add(built.nodes), o.snapshot.keep(manager, built.resolver))
}

// follow reads the settings file and keeps to it.
func (o *registryOptions) follow(ctx context.Context, manager ctrl.Manager, client *registry.Client, metrics prometheus.Registerer) error {
	if o.config == "" {
		return nil
	}
	logger := log.Log.WithName("registries-config")
	settings := settingsFile[config.Config]{
		what: "the registry settings", path: o.config, parse: config.Parse, log: logger,
		apply: func(settings *config.Config) error {
			logger.Info("applying", "file", o.config, "registries", len(settings.Registries), "allow", len(settings.Allow), "deny", len(settings.Deny))
			return client.Reconfigure(settings)
		},
		inForce: prometheus.GaugeOpts{
			Name: "garboard_registries_config_last_reload_successful",
			Help: "1 if the registry settings file, as it was last read, is in force; else 0.",
		},
		since: prometheus.GaugeOpts{
			Name: "garboard_registries_config_last_reload_success_timestamp_seconds",
			Help: "When registry settings were last put in force.",
		},
	}
	return settings.follow(ctx, manager, metrics)
}
