package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"time"

	"github.com/spf13/cobra"
	"go.opentelemetry.io/otel/trace"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	ctrlwebhook "sigs.k8s.io/controller-runtime/pkg/webhook"

	"github.com/garboard-dev/garboard/internal/cli/access"
	"github.com/garboard-dev/garboard/internal/cluster/helmvalues"
	"github.com/garboard-dev/garboard/internal/cluster/placement"
	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/updater"
	"github.com/garboard-dev/garboard/updater/approval"
	"github.com/garboard-dev/garboard/updater/move"
	"github.com/garboard-dev/garboard/updater/report"
	"github.com/garboard-dev/garboard/updater/status"
	"github.com/garboard-dev/garboard/updater/watched"
)

// discoveryTimeout bounds one question to the API server for the kinds that it
// serves.
const discoveryTimeout = 10 * time.Second

type updaterOptions struct {
	serverOptions
	lease         leaseOptions
	statusAddress string
	workers       int
	pace          move.Pace
	push          pushOptions
	notifications notificationOptions
	approvals     approvalOptions
	chat          chatOptions
	shards        int
}

func newUpdaterCommand(env func(string) (string, bool)) *cobra.Command {
	o := updaterOptions{notifications: notificationOptions{env: env}}
	command := &cobra.Command{
		Use:   "updater",
		Short: "Watch registries and bump workloads that have a newer image",
		Long: "Poll the registries of the opted-in workloads, and bump an annotation of the\n" +
			"pod template where a newer image is allowed, so that admission resolves again.",
		Args: cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error {
			faults := append(o.check(), append(o.notifications.check(), o.shardFaults()...)...)
			faults = append(faults, o.lease.check()...)
			faults = append(faults, o.approvals.check()...)
			faults = append(faults, o.chat.check()...)
			faults = append(faults, servedFaults("status-address", o.statusAddress)...)
			if o.workers < 1 {
				faults = append(faults, fmt.Sprintf("--workers: %d: allowed: 1 or more", o.workers))
			}
			return append(append(faults, paceFaults(o.pace)...), o.push.check()...).OrNil()
		},
		RunE: func(command *cobra.Command, _ []string) error { return o.run(command.Context()) },
	}
	o.addFlags(command.Flags())
	o.lease.addFlags(command.Flags())
	command.Flags().StringVar(&o.statusAddress, "status-address", fmt.Sprintf(":%d", status.Port), `address to serve garboard status at; "0" for none`)
	command.Flags().IntVar(&o.workers, "workers", 4, "repositories that are polled, and workloads that are moved, at once")
	o.addShardFlags(command.Flags())
	addPaceFlags(command.Flags(), &o.pace)
	o.push.addFlags(command.Flags())
	o.notifications.addFlags(command.Flags())
	o.approvals.addFlags(command.Flags())
	o.chat.addFlags(command.Flags())
	return command
}

func (o *updaterOptions) run(ctx context.Context) error {
	logger, err := o.logger()
	if err != nil {
		return err
	}
	defer func() { _ = logger.Sync() }() // standard error cannot be synced everywhere
	config, err := o.restConfig()
	if err != nil {
		return err
	}
	cached := watched.CacheOptions(o.custom.Kinds())
	node, nodeCache := placement.ByObject()
	cached.ByObject[node] = nodeCache
	maps.Copy(cached.ByObject, approval.ByObject())
	if o.helmValues {
		secret, secretCache := helmvalues.ByObject()
		cached.ByObject[secret] = secretCache
	}
	if err := o.push.follow(&cached, &o.lease); err != nil {
		return err
	}
	kinds, err := access.NewScheme()
	if err != nil {
		return err
	}
	manager, err := ctrl.NewManager(config, ctrl.Options{
		Scheme:                  kinds,
		Metrics:                 server.Options{BindAddress: o.metricsAddress},
		HealthProbeBindAddress:  o.healthAddress,
		WebhookServer:           ctrlwebhook.NewServer(ctrlwebhook.Options{Port: -1}),
		Cache:                   cached,
		MapperProvider:          boundedMapper,
		LeaderElection:          o.elects(),
		LeaderElectionID:        status.LeaseName,
		LeaderElectionNamespace: o.lease.namespace,
		// The process ends with its manager, so that the next one need not
		// wait for the lease to run out.
		LeaderElectionReleaseOnCancel: true,
		LeaseDuration:                 &o.lease.duration,
		RenewDeadline:                 &o.lease.deadline,
		RetryPeriod:                   &o.lease.retry,
	})
	if err != nil {
		return fmt.Errorf("making the manager: %w", err)
	}
	tracer, stop, err := o.tracing.start(ctx, "garboard-updater")
	if err != nil {
		return err
	}
	defer stop()
	recorded, end, err := newEventRecorder(ctx, manager)
	if err != nil {
		return err
	}
	defer end()
	if err := o.wire(ctx, manager, tracer, recorded); err != nil {
		return err
	}
	return manager.Start(ctx)
}

// serveStatus lets people ask what the updater knows.
func (o *updaterOptions) serveStatus(manager ctrl.Manager, u *updater.Updater) error {
	if o.statusAddress == "0" {
		return nil
	}
	leads := func() bool {
		select {
		case <-manager.Elected():
			return true
		default:
			return false
		}
	}
	return manager.Add(status.NewServer(status.Options{
		Address: o.statusAddress, Standings: u.Standings, Leads: leads,
		Versions: func(ctx context.Context, r status.VersionsRequest, of []record.Result) (*report.Versions, error) {
			return u.Versions(ctx, r.Namespace, r.Kind, r.Name, r.Container, of)
		},
	}))
}

// boundedMapper asks the API server which kinds it serves within a deadline:
// what asks has no context, and all others wait for it.
func boundedMapper(config *rest.Config, _ *http.Client) (meta.RESTMapper, error) {
	bounded := rest.CopyConfig(config)
	bounded.Timeout = discoveryTimeout
	client, err := rest.HTTPClientFor(bounded)
	if err != nil {
		return nil, fmt.Errorf("making the client for discovery: %w", err)
	}
	return apiutil.NewDynamicRESTMapper(bounded, client)
}

// wire builds the updater and puts it, and the probes, on the manager.
func (o *updaterOptions) wire(ctx context.Context, manager ctrl.Manager, tracer trace.Tracer, recorded events.EventRecorder) error {
	asked, err := o.registries.build(ctx, manager, metrics.Registry, tracer)
	if err != nil {
		return err
	}
	counted, err := report.NewMetrics(metrics.Registry)
	if err != nil {
		return err
	}
	var releases watched.Releases
	if o.helmValues {
		releases = helmvalues.New(helmvalues.Options{Live: manager.GetAPIReader(), Informers: manager.GetCache()})
	}
	ended := make(chan struct{})
	told, err := o.notifications.build(ctx, manager, metrics.Registry, &o.lease, ended)
	if err != nil {
		return err
	}
	var ownership updater.Ownership
	if o.shards > 1 {
		if ownership, err = o.member(manager); err != nil {
			return err
		}
	}
	enforced, err := votesEnforced(manager, &o.lease)
	if err != nil {
		return err
	}
	u := updater.New(updater.Options{
		Kinds: o.custom.Kinds(),
		Cache: watched.NewCache(manager.GetCache()), Client: watched.NewClient(manager.GetClient()), Live: manager.GetAPIReader(), Resolver: asked.answers,
		Images: asked.resolver, Credentials: asked.secrets, Placement: asked.nodes, Releases: releases, PollMinimum: asked.client.PollMinimum,
		Events: recorded, Metrics: counted, Tracer: tracer, Workers: o.workers, Pace: o.pace,
		Notifier: told, Ownership: ownership, VotesEnforced: enforced, UpdateHistory: o.approvals.history, PageURL: o.approvals.pageURL,
	})
	owns := func(string) bool { return true }
	if ownership != nil {
		owns = ownership.Owns
	}
	return errors.Join(
		o.chat.build(ctx, manager, owns),
		metrics.Registry.Register(u),
		o.push.receive(ctx, manager, u),
		manager.Add(&endingUpdater{Updater: u, ended: ended}),
		o.serveStatus(manager, u),
		manager.AddHealthzCheck("polls", func(*http.Request) error { return u.Healthy() }),
		manager.AddReadyzCheck("ping", healthz.Ping),
	)
}
