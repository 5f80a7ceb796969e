package updates

import (
	"fmt"
	"io"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/internal/cli/cmdline"
)

// Format is the value of -o. Empty is text for people.
type Format string

// The formats of commands that change something.
const (
	FormatText Format = ""
	FormatName Format = "name"
	FormatJSON Format = "json"
	FormatYAML Format = "yaml"
)

// String returns the format as it is written on the command line.
func (f *Format) String() string { return string(*f) }

// Type names the value in the help.
func (f *Format) Type() string { return "format" }

// Choices are all formats but the text for people.
func (f *Format) Choices() []string { return cmdline.Words(FormatJSON, FormatYAML, FormatName) }

// Set refuses every format but the three.
func (f *Format) Set(text string) error { return cmdline.SetChoice(f, text) }

// DryRun is the value of --dry-run, as kubectl has it.
type DryRun string

// The ways to run dry.
const (
	DryRunNone   DryRun = "none"
	DryRunServer DryRun = "server"
)

// String returns the way as it is written on the command line.
func (d *DryRun) String() string { return string(*d) }

// Type names the value in the help.
func (d *DryRun) Type() string { return "how" }

// Choices are the ways to run dry.
func (d *DryRun) Choices() []string { return cmdline.Words(DryRunNone, DryRunServer) }

// Set refuses what kubectl does without a server: who may vote is the server's to say.
func (d *DryRun) Set(text string) error { return cmdline.SetChoice(d, text) }

// On reports whether nothing is to be kept.
func (d DryRun) On() bool { return d == DryRunServer }

// Report tells what became of each update, as kubectl does.
type Report struct {
	Out    io.Writer
	Format Format
	DryRun bool
	// Namespaces says of each where it is.
	Namespaces bool

	objects []runtime.Object
}

// Tell says what was done to an update, and with which object.
func (r *Report) Tell(update *v1alpha1.ImageUpdate, done string, object runtime.Object) {
	name := Name(update)
	switch r.Format {
	case FormatName:
		fmt.Fprintln(r.Out, name)
		return
	case FormatText:
	default:
		if object != nil {
			r.objects = append(r.objects, object)
		}
		return
	}
	if r.Namespaces {
		done += " in namespace " + cmdline.Shown(update.Namespace)
	}
	if r.DryRun {
		done += " (server dry run)"
	}
	fmt.Fprintln(r.Out, name, done)
}

// End writes the objects, where they were asked for.
func (r *Report) End() error { return WriteList(r.Out, r.Format, r.objects) }

// WriteList writes objects as one list, as kubectl does: nothing unless that is asked for.
func WriteList[T any](out io.Writer, format Format, objects []T) error {
	list := struct {
		APIVersion string   `json:"apiVersion"`
		Kind       string   `json:"kind"`
		Metadata   struct{} `json:"metadata"`
		Items      []T      `json:"items"`
	}{APIVersion: "v1", Kind: "List", Items: append([]T{}, objects...)}
	switch format {
	case FormatJSON:
		return cmdline.OutputJSON.Write(out, list, "")
	case FormatYAML:
		return cmdline.OutputYAML.Write(out, list, "")
	default:
		return nil
	}
}

// Name names an update as kubectl does.
func Name(update *v1alpha1.ImageUpdate) string {
	return "imageupdate." + v1alpha1.Group + "/" + cmdline.Shown(update.Name)
}
