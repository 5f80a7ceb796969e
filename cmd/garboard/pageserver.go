//go:build !nopage

package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	ctrlwebhook "sigs.k8s.io/controller-runtime/pkg/webhook"

	"github.com/garboard-dev/garboard/certs"
	"github.com/garboard-dev/garboard/internal/cli/cmdline"
	"github.com/garboard-dev/garboard/internal/page"
	"github.com/garboard-dev/garboard/internal/page/signin"
	"github.com/garboard-dev/garboard/internal/serving"
)

// Bounds of the page's HTTP server. A person in many groups makes a long header.
const (
	pageReadTimeout = 10 * time.Second
	pageIdleTimeout = 2 * time.Minute
	pageLast        = 10 * time.Second
	pageMaxHeader   = 128 << 10
)

// Bounds of a session.
const (
	minSession = time.Minute
	maxSession = 7 * 24 * time.Hour
)

// pageServerOptions are the flags of the page that people share.
type pageServerOptions struct {
	processOptions
	listenAddress string
	certDir       string
	hosts         []string
	namespace     string
	cluster       string
	timeout       time.Duration
	session       time.Duration
	signIn        signInOptions
}

// serverCommands are those of a program that has the page.
func serverCommands(env func(string) (string, bool)) []*cobra.Command {
	return []*cobra.Command{newWebhookCommand(), newUpdaterCommand(env), newPageServerCommand()}
}

func newPageServerCommand() *cobra.Command {
	var o pageServerOptions
	command := &cobra.Command{
		Use:   "page-server",
		Short: "Serve the page to many people, each with their own rights",
		Long: "Serve in the cluster the page that garboard page serves on a person's own machine.\n" +
			"People are known by an authenticating proxy, by client certificates or by OpenID\n" +
			"Connect, and everything is read and done as them: the API server decides about it.\n" +
			"The serving certificate is read from the files tls.crt and tls.key and again\n" +
			"whenever they change.",
		Args:    cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error { return o.check().OrNil() },
		RunE:    func(command *cobra.Command, _ []string) error { return o.run(command.Context()) },
	}
	o.addFlags(command.Flags())
	return command
}

func (o *pageServerOptions) addFlags(flags *pflag.FlagSet) {
	o.processOptions.addFlags(flags)
	flags.StringVar(&o.listenAddress, "listen-address", ":9443", "address to serve the page at, by HTTPS")
	flags.StringVar(&o.certDir, "cert-dir", "/etc/garboard/tls", "folder of tls.crt and tls.key")
	flags.StringSliceVar(&o.hosts, "public-hosts", nil, "host names, or host:port, that browsers reach the page by; requests to others are refused")
	flags.StringVar(&o.namespace, "garboard-namespace", "", "namespace that Garboard runs in; in a Pod its own is the default")
	flags.StringVar(&o.cluster, "cluster-name", "", "what people call the cluster; the page shows it")
	flags.DurationVar(&o.timeout, "timeout", 30*time.Second, "how long one question to the cluster may take")
	flags.DurationVar(&o.session, "session-lifetime", 12*time.Hour, "how long a person who has signed in by OIDC stays signed in")
	o.signIn.addFlags(flags)
}

// hostName is a name, with a port or without, as it stands in a Host header.
var hostName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?$`)

func (o *pageServerOptions) check() cmdline.Faults {
	faults := o.processOptions.check()
	if !cmdline.IsHostPort(o.listenAddress) {
		faults = append(faults, fmt.Sprintf("--listen-address: %q: allowed: host:port or :port", o.listenAddress))
	}
	if len(o.hosts) == 0 {
		faults = append(faults, "--public-hosts: needed: the names that browsers reach the page by, such as garboard.example.com")
	}
	for _, host := range o.hosts {
		if !hostName.MatchString(host) {
			faults = append(faults, fmt.Sprintf("--public-hosts: %q: allowed: a name, or name:port, such as garboard.example.com", cmdline.Shown(host)))
		}
	}
	if o.timeout <= 0 {
		faults = append(faults, fmt.Sprintf("--timeout: %q: allowed: a duration above 0, such as 30s", o.timeout))
	}
	if o.session < minSession || o.session > maxSession {
		faults = append(faults, fmt.Sprintf("--session-lifetime: %q: allowed: a duration from %s to %s", o.session, minSession, maxSession))
	}
	return append(faults, o.signIn.check()...)
}

func (o *pageServerOptions) run(ctx context.Context) error {
	logger, err := o.logger()
	if err != nil {
		return err
	}
	defer func() { _ = logger.Sync() }() // standard error cannot be synced everywhere
	config, err := o.restConfig()
	if err != nil {
		return err
	}
	if o.namespace, err = namespaceOr(o.namespace, "garboard-namespace"); err != nil {
		return err
	}
	manager, err := ctrl.NewManager(config, ctrl.Options{
		Metrics:                server.Options{BindAddress: o.metricsAddress},
		HealthProbeBindAddress: o.healthAddress,
		WebhookServer:          ctrlwebhook.NewServer(ctrlwebhook.Options{Port: -1}),
		MapperProvider:         boundedMapper,
	})
	if err != nil {
		return fmt.Errorf("making the manager: %w", err)
	}
	server, err := o.wire(ctx, manager)
	if err != nil {
		return err
	}
	return serving.Outlive(ctx, server.Run, manager.Start)
}

// wire builds the page with its server, and puts what they live on, and the probes, on the
// manager.
func (o *pageServerOptions) wire(ctx context.Context, manager ctrl.Manager) (*serving.Server, error) {
	ways, err := o.signIn.build(manager)
	if err != nil {
		return nil, err
	}
	ways.Lifetime, ways.Clock = o.session, clock.RealClock{}
	door := signin.NewDoor(*ways)
	counted, err := page.NewMetrics(metrics.Registry, door.Sessions)
	if err != nil {
		return nil, err
	}
	persons := &page.Impersonator{
		Config: manager.GetConfig(), Mapper: manager.GetRESTMapper(), Kinds: o.custom.Kinds(),
		Namespace: o.namespace, Cluster: o.cluster, Timeout: o.timeout,
	}
	shared, err := page.NewShared(page.SharedOptions{
		Door: door, Hosts: o.hosts, Access: persons.Access, Counted: counted, Log: log.Log.WithName("page"), Ended: ctx.Done(),
	})
	if err != nil {
		return nil, fmt.Errorf("making the page: %w", err)
	}
	protection, err := o.secure(manager)
	if err != nil {
		return nil, err
	}
	server := serving.New(&http.Server{
		Handler: shared.Handler(), ReadTimeout: pageReadTimeout, ReadHeaderTimeout: pageReadTimeout,
		WriteTimeout: pageReadTimeout + 2*o.timeout, IdleTimeout: pageIdleTimeout, MaxHeaderBytes: pageMaxHeader,
	}, serving.Options{What: "the page", Address: o.listenAddress, TLS: protection, Last: pageLast, Log: log.Log.WithName("page")})
	return server, errors.Join(
		manager.AddHealthzCheck("ping", healthz.Ping),
		manager.AddReadyzCheck("listener", func(*http.Request) error { return server.Ready() }),
	)
}

// secure follows the certificate. Clients are asked for theirs where one would count; what
// they show is judged with each request.
func (o *pageServerOptions) secure(manager ctrl.Manager) (*tls.Config, error) {
	certificate, err := certs.NewWatcher(certs.WatcherOptions{Dir: o.certDir, Registerer: metrics.Registry})
	if err != nil {
		return nil, err
	}
	config := certs.ServerTLS(certificate, nil)
	if o.signIn.asksForCertificates() {
		config.ClientAuth = tls.RequestClientCert
	}
	return config, errors.Join(manager.Add(certificate), manager.AddReadyzCheck("certificate", certificate.Ready))
}
