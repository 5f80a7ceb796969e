package doctor

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/garboard-dev/garboard/internal/cli/access"
	"github.com/garboard-dev/garboard/internal/cli/cmdline"
	"github.com/garboard-dev/garboard/internal/cli/version"
	"github.com/garboard-dev/garboard/internal/printable"
)

// requestTime bounds one request: the API server waits up to 30 seconds for a webhook.
const requestTime = 35 * time.Second

// options are the flags.
type options struct {
	access.ConnectionOptions
	updater              access.UpdaterOptions
	output               cmdline.OutputFormat
	certManager, webhook string
	quiet                bool
}

// NewCommand returns garboard doctor.
func NewCommand(env func(string) (string, bool)) *cobra.Command {
	var o options
	command := &cobra.Command{
		Use:   "doctor",
		Short: "Look at an installation, and say what is wrong with it",
		Long: "Look at certificates, webhook configurations, admission itself, rights, settings\n" +
			"of namespaces and workloads, what votes rest on, registries, leases, clocks,\n" +
			"versions, push and notifications, and at GitOps loops. Each finding says what is\n" +
			"wrong, why it matters, and which command mends it. Nothing is changed: what is\n" +
			"written is a dry run. The exit code is 1 where something has failed.",
		Example: "  garboard doctor\n  garboard doctor -q\n  garboard doctor -o json",
		Args:    cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error { return o.check().OrNil() },
		RunE:    func(command *cobra.Command, _ []string) error { return o.run(command, env) },
	}
	flags := command.Flags()
	o.AddFlags(flags)
	flags.Lookup("namespace").Usage = "namespace to try admission in; the first that has opted in is the default"
	flags.Lookup("timeout").DefValue = time.Minute.String()
	o.Timeout = time.Minute
	flags.VarP(&o.output, "output", "o", "output format: json or yaml")
	flags.BoolVarP(&o.quiet, "quiet", "q", false, "leave out what is good")
	o.updater.AddFlags(flags)
	flags.StringVar(&o.certManager, "cert-manager-namespace", defaultCertManager, "namespace that cert-manager runs in")
	flags.StringVar(&o.webhook, "webhook-address", "", "`HOST:PORT` of the webhook, where kubectl port-forward has made it reachable; in a Pod the Service is the default")
	return command
}

func (o *options) check() cmdline.Faults {
	faults := o.Check()
	if o.webhook != "" {
		if _, _, err := net.SplitHostPort(o.webhook); err != nil {
			faults = append(faults, fmt.Sprintf("--webhook-address: %q: allowed: host:port", cmdline.Shown(o.webhook)))
		}
	}
	return append(faults, o.updater.Check()...)
}

func (o *options) run(command *cobra.Command, env func(string) (string, bool)) error {
	ctx, cancel := context.WithTimeout(command.Context(), o.Timeout)
	defer cancel()
	cluster, err := o.Connect(command.ErrOrStderr())
	if err != nil {
		return o.Late(err)
	}
	doctor, err := o.doctor(cluster.Config, env)
	if err != nil {
		return err
	}
	report := doctor.Examine(ctx)
	if err := o.output.Write(command.OutOrStdout(), report, reportText(report, o.quiet)); err != nil {
		return err
	}
	if failures := report.Failures(); failures > 0 {
		return fmt.Errorf("the doctor has found %s", printable.Count(failures, "failure"))
	}
	return nil
}

// doctor makes one for a cluster.
func (o *options) doctor(config *rest.Config, env func(string) (string, bool)) (*Doctor, error) {
	config = rest.CopyConfig(config)
	config.QPS = -1 // it asks some fifty things, once
	config.Timeout = requestTime
	config.WarningHandler = rest.NoWarnings{} // those of the probe tell nothing to people
	kube, err := access.NewClients(config)
	if err != nil {
		return nil, err
	}
	objects, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("making a client of the cluster: %w", err)
	}
	updaters := o.updater.Through(kube)
	made := Options{
		Kube: kube, Dynamic: objects, Namespace: o.updater.Namespace, CertManager: o.certManager, Probe: o.Namespace, Version: version.Version,
		Status: updaters, Metrics: updaters,
		ServerTime: func(ctx context.Context) (time.Time, time.Duration, error) { return serverTime(ctx, config) },
		Dial:       dialer(o.address(env)),
	}
	direct, err := o.updater.Direct()
	if err != nil {
		return nil, err
	}
	if direct != nil {
		made.Status, made.Metrics = direct, nil // it leads to the status alone
	}
	return New(made), nil
}

// address is where the webhook listens; empty where it cannot be reached from here.
func (o *options) address(env func(string) (string, bool)) string {
	if o.webhook != "" {
		return o.webhook
	}
	if host, inPod := env("KUBERNETES_SERVICE_HOST"); inPod && host != "" {
		return webhookName + "." + o.updater.Namespace + ".svc:443"
	}
	return ""
}

func dialer(address string) func(context.Context) (net.Conn, error) {
	if address == "" {
		return nil
	}
	return func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "tcp", address)
	}
}

// serverTime is what the API server says in the head of an answer, in whole seconds.
func serverTime(ctx context.Context, config *rest.Config) (time.Time, time.Duration, error) {
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return time.Time{}, 0, fmt.Errorf("making a client of the cluster: %w", err)
	}
	at, _, err := rest.DefaultServerUrlFor(config)
	if err != nil {
		return time.Time{}, 0, fmt.Errorf("finding the API server: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at.JoinPath("version").String(), http.NoBody)
	if err != nil {
		return time.Time{}, 0, fmt.Errorf("asking for the API server's time: %w", err)
	}
	began := time.Now()
	response, err := client.Do(request)
	if err != nil {
		return time.Time{}, 0, fmt.Errorf("asking for the API server's time: %w", err)
	}
	defer func() { _ = response.Body.Close() }() // its head is all that counts
	now, err := http.ParseTime(response.Header.Get("Date"))
	if err != nil {
		return time.Time{}, 0, fmt.Errorf("reading the API server's time: %w", err)
	}
	return now, time.Since(began), nil
}
