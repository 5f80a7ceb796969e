// Package migrate is garboard migrate: plans of the way from another tool to Garboard.
package migrate

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/garboard-dev/garboard/internal/cli/access"
	"github.com/garboard-dev/garboard/internal/cli/cmdline"
	"github.com/garboard-dev/garboard/internal/cli/migrate/plan"
	"github.com/garboard-dev/garboard/internal/cli/version"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/resolver/registry"
)

// NewCommand returns garboard migrate.
func NewCommand() *cobra.Command {
	return cmdline.Group(&cobra.Command{
		Use:   "migrate",
		Short: "Plan the way from another tool to Garboard",
	}, newKeelCommand())
}

// options are the flags of garboard migrate keel.
type options struct {
	access.ConnectionOptions
	manifests cmdline.ManifestOptions
	keel      string
	both      bool
	tags      string
	insecure  []string
	config    string
	output    planFormat
	custom    cmdline.KindOptions
}

func newKeelCommand() *cobra.Command {
	var o options
	command := &cobra.Command{
		Use:   "keel",
		Short: "Plan the way from Keel to Garboard",
		Long: "Read what Keel has, in the cluster or in files, and print what to write down for\n" +
			"Garboard, what becomes of each workload and where that differs, and the order of\n" +
			"the steps. Nothing is changed. Of Keel's Secrets the names are read, and those of\n" +
			"their keys.\n\n" +
			"Registries are asked for tags with your own Docker credentials, or not at all\n" +
			"with --tags: a file with a repository and its tags on each line, in the order of\n" +
			"the registry.\n\n" +
			"-o yaml prints what can be applied: settings files as ConfigMaps, and the labels\n" +
			"and defaults of namespaces.",
		Example: "  garboard migrate keel\n" +
			"  garboard migrate keel -o yaml > garboard-settings.yaml\n" +
			"  kubectl get deployments,namespaces -A -o yaml | garboard migrate keel -f -\n" +
			"  garboard migrate keel -f keel-values.yaml -f manifests.yaml --tags tags.txt",
		Args:    cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error { return o.check().OrNil() },
		RunE:    func(command *cobra.Command, _ []string) error { return o.run(command) },
	}
	o.addFlags(command.Flags())
	return command
}

func (o *options) addFlags(flags *pflag.FlagSet) {
	o.ConnectionOptions.AddFlags(flags)
	flags.Lookup("namespace").Usage = "the one namespace to look at; all are the default. With -f, that of manifests that name none"
	o.manifests.AddFlags(flags, "`FILE` to read in place of the cluster, - for standard input")
	flags.StringVar(&o.keel, "keel", "", "the Keel that is meant, as `NAMESPACE/NAME`, where there are several")
	flags.BoolVar(&o.both, "both", false, "say how to run both side by side, on different namespaces")
	flags.StringVar(&o.tags, "tags", "", "`FILE` with a repository and its tags on each line; no registry is asked then")
	flags.StringSliceVar(&o.insecure, "insecure-registries", nil, "registries (host or host:port) that are spoken to in plain HTTP")
	flags.StringVar(&o.config, "registries-config", "", "`FILE` of registry settings")
	flags.VarP(&o.output, "output", "o", "output format: text, json (the whole plan) or yaml (what can be applied)")
	o.custom.AddFlags(flags)
}

func (o *options) check() cmdline.Faults {
	var faults cmdline.Faults
	if namespace, name, ok := strings.Cut(o.keel, "/"); o.keel != "" && (!ok || namespace == "" || name == "" || strings.Contains(name, "/")) {
		faults = append(faults, fmt.Sprintf("--keel: %q: allowed: NAMESPACE/NAME, such as keel/keel", o.keel))
	}
	return slices.Concat(o.manifests.Check(), faults, cmdline.InsecureFaults(o.insecure), o.custom.Check(), o.ConnectionOptions.Check())
}

func (o *options) run(command *cobra.Command) error {
	ctx, cancel := context.WithTimeout(command.Context(), o.Timeout)
	defer cancel()
	into := plan.Options{Keel: o.keel, Both: o.both, Kinds: o.custom.Kinds(), Flags: given(command.Flags())}
	var err error
	if o.manifests.Given() {
		into.Sources, into.Releases, err = fromFiles(ctx, o.manifests, o.Namespace, command.InOrStdin(), command.ErrOrStderr())
	} else {
		err = o.fromCluster(ctx, &into, command.ErrOrStderr())
	}
	if err != nil {
		return o.Late(err)
	}
	if err := o.resolver(&into); err != nil {
		return err
	}
	p, err := plan.New(ctx, into)
	if err != nil {
		return o.Late(err)
	}
	return o.output.write(command.OutOrStdout(), p)
}

// planned are the flags that say what is planned. Those of the cluster are none of them: the
// plan's commands are for the one that kubectl has chosen, and a token is not to be printed.
var planned = []string{"filename", "recursive", "namespace", "keel", "tags", "insecure-registries", "registries-config", "custom-kinds"}

// given lists what was set of these flags, as it is written on a command line.
func given(flags *pflag.FlagSet) []string {
	var all []string
	for _, name := range planned {
		f := flags.Lookup(name)
		if !f.Changed {
			continue
		}
		values := []string{f.Value.String()}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		for _, value := range values {
			all = append(all, "--"+name+"="+value)
		}
	}
	return all
}

// resolver asks the registries, or the file of tags in their place.
func (o *options) resolver(into *plan.Options) error {
	config, err := cmdline.ReadRegistriesConfig(o.config)
	if err != nil {
		return err
	}
	// The person at the keyboard is trusted with any address.
	client, err := registry.New(registry.Options{Config: config, Insecure: o.insecure, Private: []string{"*"}, UserAgent: "garboard/" + version.Version})
	if err != nil {
		return err
	}
	asked := resolver.Options{FreshFor: cmdline.FreshForRun, ReadOnce: true}
	if o.tags != "" {
		lists, err := readLists(o.tags)
		if err != nil {
			return err
		}
		into.Lists = plan.NewRecorder(lists)
	} else {
		into.Lists = plan.NewRecorder(client)
		asked.Allows, asked.Credentials = client.Allows, resolver.Chain{registry.DockerConfig(), client.Configured()}
	}
	into.Resolver = resolver.New(into.Lists, asked)
	return nil
}

// planFormat is the value of -o.
type planFormat string

const (
	planText planFormat = "text"
	planJSON planFormat = "json"
	planYAML planFormat = "yaml"
)

// String returns the format as it is written on the command line.
func (f *planFormat) String() string { return string(*f) }

// Type names the value in the help.
func (f *planFormat) Type() string { return "format" }

// Choices are the formats of a plan.
func (f *planFormat) Choices() []string { return cmdline.Words(planText, planJSON, planYAML) }

// Set refuses every format but text, json and yaml.
func (f *planFormat) Set(text string) error { return cmdline.SetChoice(f, text) }

func (f *planFormat) write(out io.Writer, p *plan.Plan) error {
	switch *f {
	case planYAML:
		text, err := p.Manifests()
		if err != nil {
			return err
		}
		_, err = out.Write(text)
		return err
	case planJSON:
		return cmdline.OutputJSON.Write(out, p, "")
	default:
		_, err := io.WriteString(out, renderPlan(p))
		return err
	}
}
