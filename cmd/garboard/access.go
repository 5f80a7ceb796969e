package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/garboard-dev/garboard/internal/hold"
)

// connectionOptions are the flags that name a cluster, a user of it and a
// namespace. They are kubectl's, so that what is run as "kubectl garboard" takes
// the flags that its users know.
type connectionOptions struct {
	kubeconfig, namespace string
	overrides             clientcmd.ConfigOverrides
	timeout               time.Duration
}

func (o *connectionOptions) addFlags(flags *pflag.FlagSet) {
	flags.StringVar(&o.kubeconfig, "kubeconfig", "", "file that names the cluster; kubectl's is the default")
	flags.StringVarP(&o.namespace, "namespace", "n", "", "namespace of the workload; the kubeconfig's is the default")
	flags.DurationVar(&o.timeout, "timeout", 30*time.Second, "how long it all may take")
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
			InsecureSkipTLSVerify: named(clientcmd.FlagInsecure, "take any certificate of the API server, which lets anybody play it"),
			TLSServerName:         named(clientcmd.FlagTLSServerName, "name that the API server's certificate has to have"),
			ProxyURL:              named(clientcmd.FlagProxyURL, "`URL` of a proxy on the way to the API server"),
			DisableCompression:    named(clientcmd.FlagDisableCompression, "ask the API server not to compress its answers"),
		},
	}
	names.ClusterOverrideFlags.APIServer.ShortName = "s"
	return names
}

func (o *connectionOptions) check() usageFaults {
	if o.timeout <= 0 {
		return usageFaults{fmt.Sprintf("--timeout: %q: allowed: a duration above 0, such as 30s", o.timeout)}
	}
	return nil
}

// find returns the cluster that the flags name, and the namespace.
func (o *connectionOptions) find() (*rest.Config, string, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = o.kubeconfig
	o.overrides.Context.Namespace = o.namespace
	loading := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &o.overrides)
	config, err := loading.ClientConfig()
	if err != nil {
		return nil, "", fmt.Errorf("finding the cluster: %w", err)
	}
	namespace, _, err := loading.Namespace()
	if err != nil {
		return nil, "", fmt.Errorf("finding the namespace: %w", err)
	}
	return config, namespace, nil
}

// late says of an error that it is for want of time.
func (o *connectionOptions) late(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("no answer within --timeout=%s: %w", o.timeout, err)
	}
	return err
}

// clusterOptions are the flags of commands that read or change workloads as a
// user of the cluster.
type clusterOptions struct {
	connectionOptions
	output outputFormat
	custom kindOptions
}

func (o *clusterOptions) addFlags(flags *pflag.FlagSet) {
	o.connectionOptions.addFlags(flags)
	flags.VarP(&o.output, "output", "o", "output format: json or yaml")
	o.custom.addFlags(flags)
}

func (o *clusterOptions) check() usageFaults {
	return append(o.custom.check(), o.connectionOptions.check()...)
}

// access is a cluster that was connected to.
type access struct {
	config    *rest.Config
	client    client.Client
	mapper    meta.RESTMapper
	namespace string
}

// connect makes a client of the cluster, which passes the API server's warnings
// on: they tell what admission did.
func (o *connectionOptions) connect(warnings io.Writer) (*access, error) {
	config, namespace, err := o.find()
	if err != nil {
		return nil, err
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
	return &access{config: config, client: c, mapper: mapper, namespace: namespace}, nil
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
