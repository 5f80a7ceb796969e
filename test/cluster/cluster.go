package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// Cluster is a running cluster. Its methods are safe for concurrent use, except
// for those that start or stop the API server or the cluster.
type Cluster struct {
	// Dir holds all of its files.
	Dir string
	// Kubeconfig is the administrator's, with no limits of any kind.
	Kubeconfig string
	// Registry is the host of the OCI registry, "127.0.0.1:port" or at Options.Address:
	// plain HTTP, in memory, empty at each start.
	Registry string
	// AuditLog has one line for each write, with what admission annotated.
	AuditLog string
	// KubectlPath is a kubectl of the API server's version.
	KubectlPath string

	binaries   Binaries
	kubernetes Binaries // see Options.Kubernetes
	ports      ports
	address    string   // see Options.Address
	flags      []string // of the API server
	etcdFlags  []string
	nodes      int
	temporary  bool // Dir goes with the cluster
	bound      bool // the parts die with this process

	withCertManager bool
	lessCollection  bool // see Options.LessCollection

	helmOnce sync.Mutex
	helm     string // its path, once it is known

	log io.Writer // gets what takes long

	rest   *rest.Config
	client kubernetes.Interface

	life context.Context // ends with the cluster: for what runs in the background
	end  context.CancelFunc
	work sync.WaitGroup // what runs in the background

	secretDelay atomic.Int64 // a duration: of files behind their Secrets

	mu       sync.Mutex
	parts    map[string]*Process
	programs []*Process // the test's own; see StartProcess
	routing  sync.Mutex
}

// Start builds what it must (see Build), starts a cluster and returns when the
// default ServiceAccount and, if the nodes are played, a node are there and cert-manager's
// CRDs are served. The context bounds the start, not the cluster's life: call Stop. The
// parts die with this process in any case (on Linux).
func Start(ctx context.Context, o Options) (*Cluster, error) { return start(ctx, o, true) }

func start(ctx context.Context, o Options, bound bool) (*Cluster, error) {
	o = o.withDefaults()
	binaries, err := Build(ctx, o.Log)
	if err != nil {
		return nil, err
	}
	kubernetes := binaries
	if o.Kubernetes != "" {
		if kubernetes, err = buildKubernetes(ctx, o.Log, o.Kubernetes); err != nil {
			return nil, err
		}
	}
	c, err := prepare(o, binaries, kubernetes)
	if err != nil {
		return nil, err
	}
	c.bound = bound
	if err := c.boot(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("starting the cluster: %w", err), c.Stop(context.WithoutCancel(ctx)))
	}
	return c, nil
}

// Stop ends all processes of the cluster, the test's own first, in the order
// that lets each end in peace. A temporary folder is removed. The context cuts
// the waiting short: what is left is killed.
func (c *Cluster) Stop(ctx context.Context) error {
	c.end()
	c.work.Wait()
	err := c.stopAll(ctx)
	if c.temporary {
		err = errors.Join(err, os.RemoveAll(c.Dir))
	}
	return err
}

func (c *Cluster) stopAll(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	err := stopTogether(ctx, c.programs)
	for _, group := range stopOrder() {
		var members []*Process
		for _, name := range group {
			if p, ok := c.parts[name]; ok {
				members = append(members, p)
			}
		}
		err = errors.Join(err, stopTogether(ctx, members))
	}
	return err
}

func stopTogether(ctx context.Context, members []*Process) error {
	errs := make([]error, len(members))
	var all sync.WaitGroup
	for i, p := range members {
		all.Go(func() { errs[i] = p.Stop(ctx) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// StartProcess starts a program of the test, say Garboard itself, that ends with
// the cluster, before the API server does. It runs in the cluster's folder and
// logs to name.log in it; env is added to this process's environment.
func (c *Cluster) StartProcess(name, path string, env []string, args ...string) (*Process, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	p, err := c.startProcess(c.life, program{name: name, path: path, args: args, env: env})
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.programs = append(c.programs, p)
	return p, nil
}

func (c *Cluster) startProcess(ctx context.Context, what program) (*Process, error) {
	if c.lessCollection {
		what.env = append(slices.Clip(what.env), lazyCollection)
	}
	return startProcess(ctx, c.Dir, c.bound, what)
}

// RESTConfig is the administrator's, without a rate limit; a copy.
func (c *Cluster) RESTConfig() *rest.Config { return rest.CopyConfig(c.rest) }

// Client is the administrator's.
func (c *Cluster) Client() kubernetes.Interface { return c.client }

// NoopWebhook is the path of a webhook program that allows all and changes
// nothing; flags: -addr, -cert-dir.
func (c *Cluster) NoopWebhook() string { return c.binaries.Path(noopWebhook) }

// Logs copies the logs of all parts into a folder, which is made.
func (c *Cluster) Logs(dir string) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	to, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { _ = to.Close() }()
	var errs []error
	for _, name := range logFiles(c.Dir) {
		text, err := os.ReadFile(name)
		errs = append(errs, err, to.WriteFile(filepath.Base(name), text, 0o600))
	}
	return errors.Join(errs...)
}
