package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/keelson-dev/keelson/internal/hold"
)

func newHoldCommand() *cobra.Command {
	return group(&cobra.Command{
		Use:   "hold",
		Short: "Keep workloads from going back to a version that they left",
		Long: "A hold keeps a container from a version and from all below it that are above\n" +
			"what runs. An undo or another way back makes one by itself. It ends when\n" +
			"something higher appears, when somebody goes to the version or past it by\n" +
			"hand, or when it is cleared.",
	}, newHoldListCommand(), newHoldSetCommand(), newHoldClearCommand())
}

// clusterOptions are the flags of commands that talk to a cluster as its user.
type clusterOptions struct {
	kubeconfig, namespace string
	timeout               time.Duration
	output                outputFormat
	custom                kindOptions
}

func (o *clusterOptions) addFlags(flags *pflag.FlagSet) {
	flags.StringVar(&o.kubeconfig, "kubeconfig", "", "file that names the cluster; kubectl's is the default")
	flags.StringVarP(&o.namespace, "namespace", "n", "", "namespace of the workload; the kubeconfig's is the default")
	flags.DurationVar(&o.timeout, "timeout", 30*time.Second, "how long it all may take")
	flags.VarP(&o.output, "output", "o", "output format: json or yaml")
	o.custom.addFlags(flags)
}

func (o *clusterOptions) check() usageFaults {
	faults := o.custom.check()
	if o.timeout <= 0 {
		faults = append(faults, fmt.Sprintf("--timeout: %q: allowed: a duration above 0, such as 30s", o.timeout))
	}
	return faults
}

// access is a cluster that was connected to.
type access struct {
	holds     *hold.Holds
	mapper    meta.RESTMapper
	namespace string
}

// connect makes a client of the cluster, which passes the API server's warnings
// on: they tell what admission did.
func (o *clusterOptions) connect(warnings io.Writer) (*access, error) {
	loading := clusterOf(o.kubeconfig)
	config, err := loading.ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("finding the cluster: %w", err)
	}
	namespace := o.namespace
	if namespace == "" {
		if namespace, _, err = loading.Namespace(); err != nil {
			return nil, fmt.Errorf("finding the namespace: %w", err)
		}
	}
	config.WarningHandler = rest.NewWarningWriter(warnings, rest.WarningWriterOptions{Deduplicate: true})
	found, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("making a client of the cluster: %w", err)
	}
	cached := memory.NewMemCacheClient(found)
	mapper := restmapper.NewShortcutExpander(restmapper.NewDeferredDiscoveryRESTMapper(cached), cached, nil)
	c, err := client.New(config, client.Options{Mapper: mapper})
	if err != nil {
		return nil, fmt.Errorf("making a client of the cluster: %w", err)
	}
	return &access{holds: &hold.Holds{Kinds: o.custom.kinds(), Client: c}, mapper: mapper, namespace: namespace}, nil
}

// workload finds what "deploy/shop", "deployments.apps/shop" or a short name
// means.
func (a *access) workload(named string) (hold.Workload, error) {
	resource, name, ok := strings.Cut(named, "/")
	if !ok || resource == "" || name == "" || strings.Contains(name, "/") {
		return hold.Workload{}, usageFaults{fmt.Sprintf("%q: allowed: RESOURCE/NAME, such as deployment/shop", named)}
	}
	wanted := schema.ParseGroupResource(resource)
	kind, err := a.mapper.KindFor(wanted.WithVersion(""))
	if meta.IsNoMatchError(err) {
		return hold.Workload{}, fmt.Errorf("%q: the cluster has no such resource", resource)
	}
	if err != nil {
		return hold.Workload{}, fmt.Errorf("finding resource %q: %w", resource, err)
	}
	return hold.Workload{Namespace: a.namespace, Name: name, Kind: kind}, nil
}

// on runs a command on one workload.
func (o *clusterOptions) on(command *cobra.Command, named string, do func(context.Context, *access, hold.Workload) ([]hold.Hold, error)) ([]hold.Hold, error) {
	return o.within(command, func(ctx context.Context, cluster *access) ([]hold.Hold, error) {
		w, err := cluster.workload(named)
		if err != nil {
			return nil, err
		}
		return do(ctx, cluster, w)
	})
}

// within runs a command in the cluster, in the time that it has. What it learnt
// before it failed is returned with the error.
func (o *clusterOptions) within(command *cobra.Command, do func(context.Context, *access) ([]hold.Hold, error)) ([]hold.Hold, error) {
	ctx, cancel := context.WithTimeout(command.Context(), o.timeout)
	defer cancel()
	cluster, err := o.connect(command.ErrOrStderr())
	if err != nil {
		return nil, err
	}
	holds, err := do(ctx, cluster)
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("no answer within --timeout=%s: %w", o.timeout, err)
	}
	return holds, err
}
