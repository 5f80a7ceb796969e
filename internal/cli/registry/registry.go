// Package registry is garboard registry: registries and their settings, as Garboard
// sees them.
package registry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/garboard-dev/garboard/internal/cli/cmdline"
	"github.com/garboard-dev/garboard/internal/cli/registry/inspect"
	"github.com/garboard-dev/garboard/internal/cli/version"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/resolver/registry"
	"github.com/garboard-dev/garboard/resolver/registry/identity"
)

// NewCommand returns garboard registry.
func NewCommand() *cobra.Command {
	return cmdline.Group(&cobra.Command{
		Use:   "registry",
		Short: "Look at registries and their settings",
		Long:  "Look at a registry as Garboard sees it, and at the file of registry settings.",
	}, newRegistryCheckCommand(), newRegistryTagsCommand(), newRegistryConfigCommand())
}

// accessOptions are the flags of the commands that ask a registry about one
// image: how it is reached, and with whose credentials.
type accessOptions struct {
	config   string
	insecure []string
	timeout  time.Duration
	clouds   identity.Providers
	output   cmdline.OutputFormat

	// With any of these, a cluster's pull secrets take the place of the Docker
	// configuration.
	kubeconfig, kubeContext, namespace, serviceAccount string
	pullSecrets                                        []string

	image resolver.Reference
}

func (o *accessOptions) addFlags(flags *pflag.FlagSet) {
	flags.StringVar(&o.config, "registries-config", "", "`FILE` of registry settings")
	flags.StringSliceVar(&o.insecure, "insecure-registries", nil, "registries (host or host:port) that are spoken to in plain HTTP")
	flags.DurationVar(&o.timeout, "timeout", 30*time.Second, "how long it all may take")
	flags.Var(&o.clouds, "cloud-identities", "clouds whose registries are asked with this machine's own identity: auto, none, or a list of aws, gcp, azure")
	flags.StringVarP(&o.namespace, "namespace", "n", "", "ask with the pull secrets of this namespace; the default is the kubeconfig's")
	flags.StringArrayVar(&o.pullSecrets, "image-pull-secret", nil, "ask with this pull secret, as if the pod template listed it; may be repeated")
	flags.StringVar(&o.serviceAccount, "service-account", "", "ask with the pull secrets of this ServiceAccount, where none are listed; the default is \"default\"")
	flags.StringVar(&o.kubeconfig, "kubeconfig", "", "file that names the cluster whose pull secrets are asked with")
	flags.StringVar(&o.kubeContext, "context", "", "context of the kubeconfig that names it; the kubeconfig's current one is the default")
	flags.VarP(&o.output, "output", "o", "output format: json or yaml")
}

// check reads the image, too.
func (o *accessOptions) check(args []string) cmdline.Faults {
	faults := cmdline.InsecureFaults(o.insecure)
	if o.timeout <= 0 {
		faults = append(faults, fmt.Sprintf("--timeout: %q: allowed: a duration above 0, such as 1m30s", o.timeout))
	}
	if len(args) != 1 {
		return faults // their number has its fault already
	}
	image, err := resolver.ParseReference(args[0])
	if err != nil {
		return append(faults, fmt.Sprintf("%q: allowed: an image reference, such as nginx:1.29 or ghcr.io/org/app:1.2.3", cmdline.Shown(args[0])))
	}
	o.image = image
	return faults
}

// oneImage is the Args of these commands.
func oneImage(_ *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmdline.Faults{"IMAGE: needs a value"}
	}
	return cmdline.OnlyOne(args)
}

// inCluster reports whether it is a cluster's credentials that are asked with.
func (o *accessOptions) inCluster() bool {
	return o.kubeconfig != "" || o.kubeContext != "" || o.namespace != "" || o.serviceAccount != "" || len(o.pullSecrets) > 0
}

// connect makes what asks. The person at the keyboard is trusted with any
// address, as in resolve.
func (o *accessOptions) connect() (*inspect.Inspector, error) {
	settings, err := cmdline.ReadRegistriesConfig(o.config)
	if err != nil {
		return nil, err
	}
	trace := &inspect.Trace{}
	client, err := registry.New(registry.Options{
		Config: settings, Insecure: o.insecure, Private: []string{"*"}, UserAgent: "garboard/" + version.Version,
		Timeout: o.timeout, Trace: trace.Add,
	})
	if err != nil {
		return nil, err
	}
	var own resolver.Credentials = registry.DockerConfig()
	if o.inCluster() {
		if own, err = o.secrets(); err != nil {
			return nil, err
		}
	}
	clouds := identity.New(identity.Options{Providers: o.clouds, Timeout: o.timeout, Patience: o.timeout})
	return &inspect.Inspector{
		Client: client, Trace: trace, Config: settings,
		Credentials: resolver.Chain{own, client.Configured(), clouds},
	}, nil
}

// commandError turns the failure of a report into the error of a command.
func commandError(ctx context.Context, report *inspect.Report) error {
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return fmt.Errorf("asking the registry: %w", ctx.Err())
	case report.Failure != nil:
		return report.Failure
	}
	return nil
}
