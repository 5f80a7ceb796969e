// Package access connects commands to a cluster, as its user.
package access

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	clientscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/internal/cli/cmdline"
)

// ConnectionOptions are the flags that name a cluster, a user of it and a
// namespace. They are kubectl's, so that what is run as "kubectl garboard" takes
// the flags that its users know.
type ConnectionOptions struct {
	kubeconfig, Namespace string
	overrides             clientcmd.ConfigOverrides
	Timeout               time.Duration
}

// AddFlags adds the flags to a command.
func (o *ConnectionOptions) AddFlags(flags *pflag.FlagSet) {
	flags.StringVar(&o.kubeconfig, "kubeconfig", "", "file that names the cluster; kubectl's is the default")
	flags.StringVarP(&o.Namespace, "namespace", "n", "", "namespace of the workload; the kubeconfig's is the default")
	flags.DurationVar(&o.Timeout, "timeout", 30*time.Second, "how long it all may take")
	clientcmd.BindOverrideFlags(&o.overrides, flags, kubectlFlags())
}

// kubectlFlags are those of kubectl's common flags that are no flag here
// already. A --request-timeout would be a second --timeout.
func kubectlFlags() clientcmd.ConfigOverrideFlags {
	named := func(name, description string) clientcmd.FlagInfo {
		return clientcmd.FlagInfo{LongName: name, Description: description}
	}
	names := clientcmd.ConfigOverrideFlags{
		CurrentContext: named(clientcmd.FlagContext, "context of the kubeconfig; its current one is the default"),
		ContextOverrideFlags: clientcmd.ContextOverrideFlags{
			ClusterName:  named(clientcmd.FlagClusterName, "cluster of the kubeconfig; the context's is the default"),
			AuthInfoName: named(clientcmd.FlagAuthInfoName, "user of the kubeconfig; the context's is the default"),
		},
		AuthOverrideFlags: clientcmd.AuthOverrideFlags{
			ClientCertificate: named(clientcmd.FlagCertFile, "`FILE` of a client certificate"),
			ClientKey:         named(clientcmd.FlagKeyFile, "`FILE` of the client certificate's key"),
			Token:             named(clientcmd.FlagBearerToken, "bearer token for the API server"),
			Impersonate:       named(clientcmd.FlagImpersonate, "`USER` to act as"),
			ImpersonateUID:    named(clientcmd.FlagImpersonateUID, "`UID` to act with"),
			ImpersonateGroups: named(clientcmd.FlagImpersonateGroup, "`GROUP` to act as a member of; may be repeated"),
		},
		ClusterOverrideFlags: clientcmd.ClusterOverrideFlags{
			APIServer:             named(clientcmd.FlagAPIServer, "`URL` of the API server"),
			CertificateAuthority:  named(clientcmd.FlagCAFile, "`FILE` of the API server's CA"),
			InsecureSkipTLSVerify: named(clientcmd.FlagInsecure, "take any certificate of the API server, which lets any server pose as it"),
			TLSServerName:         named(clientcmd.FlagTLSServerName, "name that the API server's certificate has to have"),
			ProxyURL:              named(clientcmd.FlagProxyURL, "`URL` of a proxy on the way to the API server"),
			DisableCompression:    named(clientcmd.FlagDisableCompression, "ask the API server not to compress its answers"),
		},
	}
	names.ClusterOverrideFlags.APIServer.ShortName = "s"
	return names
}

// Check returns the faults of the flags' values.
func (o *ConnectionOptions) Check() cmdline.Faults {
	if o.Timeout <= 0 {
		return cmdline.Faults{fmt.Sprintf("--timeout: %q: allowed: a duration above 0, such as 30s", o.Timeout)}
	}
	return nil
}

// find returns the cluster that the flags name, its context and the namespace.
func (o *ConnectionOptions) find() (config *rest.Config, named, namespace string, err error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = o.kubeconfig
	o.overrides.Context.Namespace = o.Namespace
	loading := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &o.overrides)
	config, err = loading.ClientConfig()
	if err != nil {
		return nil, "", "", Finding(loading, o.overrides.CurrentContext, err)
	}
	namespace, _, err = loading.Namespace()
	if err != nil {
		return nil, "", "", fmt.Errorf("finding the namespace: %w", err)
	}
	raw, err := loading.RawConfig()
	if err != nil {
		return nil, "", "", fmt.Errorf("finding the context: %w", err)
	}
	return config, cmp.Or(o.overrides.CurrentContext, raw.CurrentContext), namespace, nil
}

// Late says of an error that it is for want of time.
func (o *ConnectionOptions) Late(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("no answer within --timeout=%s: %w", o.Timeout, err)
	}
	return err
}

// ClusterOptions are the flags of commands that read or change workloads as a
// user of the cluster.
type ClusterOptions struct {
	ConnectionOptions
	Output cmdline.OutputFormat
	Custom cmdline.KindOptions
}

// AddFlags adds the flags to a command.
func (o *ClusterOptions) AddFlags(flags *pflag.FlagSet) {
	o.ConnectionOptions.AddFlags(flags)
	flags.VarP(&o.Output, "output", "o", "output format: json or yaml")
	o.Custom.AddFlags(flags)
}

// Check returns the faults of the flags' values.
func (o *ClusterOptions) Check() cmdline.Faults {
	return append(o.Custom.Check(), o.ConnectionOptions.Check()...)
}

// Cluster is a cluster that was connected to.
type Cluster struct {
	Config    *rest.Config
	Client    client.Client
	mapper    meta.RESTMapper
	Namespace string
	// Context is the name of the kubeconfig's context; empty where it has none, as in
	// a Pod.
	Context string
}

// Connect makes a client of the cluster, which passes the API server's warnings
// on: they tell what admission did.
func (o *ConnectionOptions) Connect(warnings io.Writer) (*Cluster, error) {
	return o.connect(func(config *rest.Config) {
		config.WarningHandler = rest.NewWarningWriter(warnings, rest.WarningWriterOptions{Deduplicate: true})
	})
}

// ConnectForMany is Connect for a process that answers many requests: the warnings of each
// go to its context. Requests are paced as kubectl's.
func (o *ConnectionOptions) ConnectForMany(warnings rest.WarningHandlerWithContext) (*Cluster, error) {
	const perSecond, burst = 50, 300
	return o.connect(func(config *rest.Config) {
		config.WarningHandlerWithContext = warnings
		config.QPS, config.Burst = perSecond, burst
	})
}

func (o *ConnectionOptions) connect(set func(*rest.Config)) (*Cluster, error) {
	config, named, namespace, err := o.find()
	if err != nil {
		return nil, err
	}
	set(config)
	found, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("making a client of the cluster: %w", err)
	}
	cached := memory.NewMemCacheClient(found)
	mapper := restmapper.NewShortcutExpander(restmapper.NewDeferredDiscoveryRESTMapper(cached), cached, nil)
	scheme, err := NewScheme()
	if err != nil {
		return nil, err
	}
	c, err := client.New(config, client.Options{Mapper: mapper, Scheme: scheme})
	if err != nil {
		return nil, fmt.Errorf("making a client of the cluster: %w", err)
	}
	return &Cluster{Config: config, Client: c, mapper: mapper, Namespace: namespace, Context: named}, nil
}

// Workload finds what "deploy/shop", "deployments.apps/shop", "deployments.v1.apps/shop" or a
// short name means.
func (a *Cluster) Workload(named string) (Workload, error) {
	resource, name, ok := strings.Cut(named, "/")
	if !ok || resource == "" || name == "" || strings.Contains(name, "/") {
		return Workload{}, cmdline.Faults{fmt.Sprintf("%q: allowed: RESOURCE/NAME, such as deployment/shop", named)}
	}
	versioned, unversioned := schema.ParseResourceArg(resource)
	kind, err := a.mapper.KindFor(unversioned.WithVersion(""))
	if versioned != nil && meta.IsNoMatchError(err) {
		kind, err = a.mapper.KindFor(*versioned)
	}
	if meta.IsNoMatchError(err) {
		return Workload{}, fmt.Errorf("%q: the cluster has no such resource", resource)
	}
	if err != nil {
		return Workload{}, fmt.Errorf("finding resource %q: %w", resource, err)
	}
	return Workload{Namespace: a.Namespace, Name: name, Kind: kind}, nil
}

// NewScheme returns the kinds of Kubernetes and of Garboard.
func NewScheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	if err := errors.Join(clientscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return nil, fmt.Errorf("adding kinds to the scheme: %w", err)
	}
	return scheme, nil
}
