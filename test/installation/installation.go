// Package installation puts Garboard into a local cluster, for the end-to-end
// tests and the demo: the very install.yaml, with the processes of its
// Deployments run outside, since the cluster's kubelet is played. They have the
// rights of their ServiceAccounts, and the API server reaches the webhook by
// the Service that the manifest names.
package installation

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/garboard-dev/garboard/test/cluster"
)

// Names in install.yaml.
const (
	namespace      = "garboard"
	webhookAccount = "garboard-webhook"
	updaterAccount = "garboard-updater"
	tlsSecret      = "garboard-webhook-tls"
	webhookService = "garboard/garboard-webhook:443"
)

// Options say how Garboard is installed.
type Options struct {
	// Source is the folder of the repository.
	Source string
	// Binary is the program, where Build has made one; by default one is built for this
	// cluster.
	Binary string
	// Replicas is how many webhooks run. The default is 2.
	Replicas int
	// Args are added to those of webhooks and updater.
	Args []string
	// WebhookArgs are added to the webhooks' own, after Args.
	WebhookArgs []string
	// NoUpdater leaves the updater out.
	NoUpdater bool
	// Unasked has Install return once the webhooks are ready, whether or not the API server
	// asks them already.
	Unasked bool
	// Apply puts the manifests in. By default it is kubectl, with install.yaml.
	Apply func(context.Context) error
	// Log gets a line a step. The default is none.
	Log io.Writer
}

// Installation is Garboard in a cluster.
type Installation struct {
	Cluster *cluster.Cluster
	// Binary is the program.
	Binary  string
	certs   string
	args    []string // of all processes
	source  string
	webhook []string // of the webhooks

	mu       sync.Mutex
	webhooks []*Server
	updater  *Server
	started  int
}

// Server is one process of Garboard.
type Server struct {
	*cluster.Process
	// Address is where admission is served; empty for the updater.
	Address string
	// Health is the base URL of the probes, Metrics that of the metrics, Status
	// that of the updater's status; empty for a webhook.
	Health, Metrics, Status string
	// ReadyAfter is how long after its start the probe was good, which is asked each 50
	// milliseconds.
	ReadyAfter time.Duration
}

func (o Options) withDefaults(c *cluster.Cluster) Options {
	if o.Replicas == 0 {
		o.Replicas = 2
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	if o.Apply == nil {
		o.Apply = func(ctx context.Context) error {
			_, _, err := c.Kubectl(ctx, "", "apply", "--server-side", "-f", filepath.Join(o.Source, "manifests", "install.yaml"))
			return err
		}
	}
	return o
}

// Install builds Garboard, applies its manifests and starts what its Deployments
// would. It returns when the probes are good and the API server asks the
// webhooks (see Options.Unasked).
func Install(ctx context.Context, c *cluster.Cluster, o Options) (*Installation, error) {
	o = o.withDefaults(c)
	i := &Installation{Cluster: c, Binary: filepath.Join(c.Dir, "garboard"), certs: filepath.Join(c.Dir, "webhook-tls"), args: o.Args, webhook: o.WebhookArgs, source: o.Source}
	step := func(what string, do func() error) error {
		fmt.Fprintln(o.Log, what)
		if err := do(); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		return nil
	}
	var err error
	if o.Binary != "" {
		i.Binary = o.Binary
	} else {
		err = step("building garboard", func() error { return Build(ctx, o.Source, i.Binary) })
	}
	if err == nil {
		err = step("applying the manifests", func() error { return o.Apply(ctx) })
	}
	if err == nil {
		err = step("waiting for cert-manager's certificate", func() error {
			return c.FollowSecret(ctx, namespace, tlsSecret, i.certs)
		})
	}
	if err == nil {
		err = step("starting the webhook and the updater", func() error { return i.start(ctx, o) })
	}
	if err == nil && !o.Unasked {
		err = step("waiting until the API server asks the webhook", func() error { return i.awaitAdmission(ctx) })
	}
	if err != nil {
		return nil, err
	}
	return i, nil
}

// Build builds the program from the repository in a folder, stripped as a release's is.
func Build(ctx context.Context, source, binary string) error {
	command := cluster.GoCommand(ctx, source, "build", "-ldflags=-s -w", "-o", binary, "./cmd/garboard")
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

func (i *Installation) start(ctx context.Context, o Options) error {
	for range o.Replicas {
		if _, err := i.StartWebhook(ctx); err != nil {
			return err
		}
	}
	if o.NoUpdater {
		return nil
	}
	return i.StartUpdater(ctx)
}

// Webhooks returns the webhooks that run.
func (i *Installation) Webhooks() []*Server {
	i.mu.Lock()
	defer i.mu.Unlock()
	return append([]*Server(nil), i.webhooks...)
}

// StartWebhook starts one more webhook, waits until it is ready, and lets the
// API server reach it.
func (i *Installation) StartWebhook(ctx context.Context) (*Server, error) {
	s, err := i.StartUnrouted(ctx)
	if err != nil {
		return nil, err
	}
	i.mu.Lock()
	i.webhooks = append(i.webhooks, s)
	i.mu.Unlock()
	return s, i.route()
}

// StartUnrouted starts a webhook that the API server does not know of. The
// arguments come after all others.
func (i *Installation) StartUnrouted(ctx context.Context, args ...string) (*Server, error) {
	port, err := cluster.FreePort()
	if err != nil {
		return nil, err
	}
	address := "127.0.0.1:" + strconv.Itoa(port)
	s, err := i.serve(ctx, "webhook", webhookAccount, slices.Concat([]string{
		"--listen-address=" + address, "--cert-dir=" + i.certs,
		"--shutdown-delay=0s", // the caller that stops one has sent the API server elsewhere
	}, i.webhook, args)...)
	if err != nil {
		return nil, err
	}
	s.Address = address
	return s, nil
}

// Use has what is started from now on be another build: the program, with what the
// install.yaml in the folder of its source sets for it.
func (i *Installation) Use(source, binary string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.source, i.Binary = source, binary
}

// Route sends the API server to these webhooks alone, in turns.
func (i *Installation) Route(servers ...*Server) error {
	i.mu.Lock()
	i.webhooks = servers
	i.mu.Unlock()
	return i.route()
}

// StartUpdater starts the updater and waits until it is ready. The arguments
// come after all others.
func (i *Installation) StartUpdater(ctx context.Context, args ...string) error {
	port, err := cluster.FreePort()
	if err != nil {
		return err
	}
	status := "127.0.0.1:" + strconv.Itoa(port)
	s, err := i.serve(ctx, "updater", updaterAccount, append([]string{"--leader-elect-namespace=" + namespace, "--status-address=" + status}, args...)...)
	if err != nil {
		return err
	}
	s.Status = "http://" + status
	i.mu.Lock()
	defer i.mu.Unlock()
	i.updater = s
	return nil
}

// Updater returns the updater that was started last.
func (i *Installation) Updater() *Server {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.updater
}

// StopUpdater ends the updater.
func (i *Installation) StopUpdater(ctx context.Context) error { return i.Updater().Stop(ctx) }

func (i *Installation) route() error {
	webhooks := i.Webhooks()
	addresses := make([]string, 0, len(webhooks))
	for _, w := range webhooks {
		addresses = append(addresses, w.Address)
	}
	return i.Cluster.Route(webhookService, addresses...)
}

// serve starts a subcommand with the rights of its ServiceAccount.
func (i *Installation) serve(ctx context.Context, subcommand, account string, args ...string) (*Server, error) {
	kubeconfig, err := i.Cluster.ServiceAccountKubeconfig(ctx, namespace, account)
	if err != nil {
		return nil, err
	}
	health, err := cluster.FreePort()
	if err != nil {
		return nil, err
	}
	metrics, err := cluster.FreePort()
	if err != nil {
		return nil, err
	}
	i.mu.Lock()
	i.started++
	name := fmt.Sprintf("garboard-%s-%d", subcommand, i.started)
	i.mu.Unlock()
	args = slices.Concat([]string{
		subcommand, "--kubeconfig=" + kubeconfig,
		fmt.Sprintf("--health-address=127.0.0.1:%d", health), fmt.Sprintf("--metrics-address=127.0.0.1:%d", metrics),
		"--private-registries=" + i.Cluster.Registry,
	}, i.args, args)
	env, err := environment(i.source, subcommand)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	process, err := i.Cluster.StartProcess(name, i.Binary, env, args...)
	if err != nil {
		return nil, err
	}
	s := &Server{Process: process,
		Health: fmt.Sprintf("http://127.0.0.1:%d", health), Metrics: fmt.Sprintf("http://127.0.0.1:%d", metrics)}
	err = awaitReady(ctx, s, filepath.Join(i.Cluster.Dir, name+".log"))
	s.ReadyAfter = time.Since(began)
	return s, err
}
