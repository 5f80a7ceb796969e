// Package resolve is garboard resolve: manifests with the images that admission
// would give them.
package resolve

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/garboard-dev/garboard/internal/cli/cmdline"
	"github.com/garboard-dev/garboard/internal/cli/version"
	"github.com/garboard-dev/garboard/internal/manifest"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/resolver/registry"
	"github.com/garboard-dev/garboard/webhook/offline"
)

type resolveOptions struct {
	manifests cmdline.ManifestOptions
	namespace string
	insecure  []string
	config    string
	explain   bool
	custom    cmdline.KindOptions
	output    manifestFormat
}

// NewCommand returns garboard resolve.
func NewCommand() *cobra.Command {
	o := resolveOptions{output: manifestYAML}
	command := &cobra.Command{
		Use:   "resolve [-f FILE]...",
		Short: "Resolve the images of manifests as admission would",
		Long: "Read manifests and print them with the images that they would be created with\n" +
			"in a namespace that has opted in. Only the images change: comments, quotes and\n" +
			"order stay as they are. Namespaces among the manifests give the defaults.\n\n" +
			"An image that could not be resolved stays, with a warning on standard error,\n" +
			"and the exit code is 0 all the same. It is 1, and nothing is printed, where a\n" +
			"file is no manifest, or where an image stayed whose workload says\n" +
			"onUnresolvable: deny.",
		Example: "  garboard resolve -f deploy.yaml -o diff\n" +
			"  garboard resolve -R -f manifests -o diff\n" +
			"  kustomize build | garboard resolve --explain",
		Args:    cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error { return o.check().OrNil() },
		RunE: func(command *cobra.Command, _ []string) error {
			return o.run(command.Context(), command.InOrStdin(), command.OutOrStdout(), command.ErrOrStderr())
		},
	}
	flags := command.Flags()
	o.manifests.AddFlags(flags, "`FILE` to read, - for standard input (the default)")
	flags.StringVarP(&o.namespace, "namespace", "n", "default", "namespace of manifests that name none")
	flags.BoolVar(&o.explain, "explain", false, "say why each image moved or stayed, and why each other tag was rejected")
	flags.VarP(&o.output, "output", "o", "output format: yaml (each file in the format it has), json or diff")
	flags.StringSliceVar(&o.insecure, "insecure-registries", nil, "registries (host or host:port) that are spoken to in plain HTTP")
	o.custom.AddFlags(flags)
	flags.StringVar(&o.config, "registries-config", "", "`FILE` of registry settings")
	return command
}

func (o *resolveOptions) check() cmdline.Faults {
	return slices.Concat(o.manifests.Check(), cmdline.InsecureFaults(o.insecure), o.custom.Check())
}

// manifestFormat is the value of -o.
type manifestFormat string

const (
	manifestYAML manifestFormat = "yaml"
	manifestJSON manifestFormat = "json"
	manifestDiff manifestFormat = "diff"
)

// String returns the format as it is written on the command line.
func (f *manifestFormat) String() string { return string(*f) }

// Type names the value in the help.
func (f *manifestFormat) Type() string { return "format" }

// Choices are the formats of manifests.
func (f *manifestFormat) Choices() []string {
	return cmdline.Words(manifestYAML, manifestJSON, manifestDiff)
}

// Set refuses every format but yaml, json and diff.
func (f *manifestFormat) Set(text string) error { return cmdline.SetChoice(f, text) }

func (o *resolveOptions) run(ctx context.Context, in io.Reader, out, errOut io.Writer) error {
	files, err := o.manifests.Read(ctx, in)
	if err != nil {
		return err
	}
	settings, err := cmdline.ReadRegistriesConfig(o.config)
	if err != nil {
		return err
	}
	// The person at the keyboard is trusted with any address.
	client, err := registry.New(registry.Options{Config: settings, Insecure: o.insecure, Private: []string{"*"}, UserAgent: "garboard/" + version.Version})
	if err != nil {
		return err
	}
	r := resolver.New(client, resolver.Options{
		FreshFor: cmdline.FreshForRun, ReadOnce: true, Allows: client.Allows,
		Credentials: resolver.Chain{registry.DockerConfig(), client.Configured()},
	})
	p, err := offline.NewPlan(r, o.custom.Kinds(), files, o.namespace)
	if err != nil {
		return err
	}
	if err := p.Decide(ctx); err != nil {
		return err
	}
	text, err := o.render(p, files)
	if err != nil {
		return err
	}
	if err := p.Refused(); err != nil {
		return err
	}
	if o.explain {
		if err := printExplanations(ctx, r, p, errOut); err != nil {
			return err
		}
	}
	for _, warning := range p.Warnings {
		fmt.Fprintln(errOut, "garboard:", warning)
	}
	_, err = out.Write(text)
	return err
}

// render writes the images into the files.
func (o *resolveOptions) render(p *offline.Plan, files []*manifest.Stream) ([]byte, error) {
	p.Replace()
	if o.output == manifestJSON {
		return manifest.JSON(files...)
	}
	rewritten := make([][]byte, 0, len(files))
	for _, file := range files {
		text, kept, err := file.Bytes()
		if err != nil {
			return nil, err
		}
		for _, k := range kept {
			p.Warnings = append(p.Warnings, k.Error())
		}
		rewritten = append(rewritten, text)
	}
	if o.output == manifestYAML {
		return manifest.Join(rewritten...), nil
	}
	var diffs []byte
	for i, file := range files {
		diffs = append(diffs, manifest.Diff(file.Name(), file.Source(), rewritten[i])...)
	}
	return diffs, nil
}
