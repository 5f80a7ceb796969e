// Package offline decides about manifests as admission would about their creation, in
// a namespace that has opted in and without a cluster.
package offline

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/garboard-dev/garboard/internal/manifest"
	"github.com/garboard-dev/garboard/internal/printable"
	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/webhook"
)

// maxConcurrent bounds the workloads that are decided about at once. The
// registry's client has limits of its own for each host.
const maxConcurrent = 16

// Plan is what becomes of the workloads of some files.
type Plan struct {
	// Workloads are those of the files, in their order.
	Workloads []*Workload
	// Warnings are for the person at the keyboard, a line each.
	Warnings []string

	decider *webhook.Decider
	files   []*manifest.Stream
}

// Workload is one workload of the files.
type Workload struct {
	// Title is its file, line, kind and name.
	Title string
	// Decision is nil until Decide.
	Decision *webhook.Decision

	document *manifest.Document
	input    webhook.Input
}

// NewPlan finds the workloads of the files, and the namespaces with their
// defaults; namespace is that of workloads that name none. What a controller owns is left
// alone, as at admission.
func NewPlan(r *resolver.Resolver, kinds workload.Kinds, files []*manifest.Stream, namespace string) (*Plan, error) {
	decider, err := webhook.NewDecider(webhook.DeciderOptions{Resolver: r})
	if err != nil {
		return nil, err
	}
	p := &Plan{decider: decider, files: files}
	namespaces := p.namespaces()
	for _, file := range files {
		p.Warnings = append(p.Warnings, file.Warnings()...)
		for _, document := range file.Documents() {
			object, ok := kinds.FromMap(document.Object)
			if why := settings.Ungoverned(kinds, document.Object); why != "" {
				p.warn(title(file, document), why)
			} else if missing := kindless(document); missing != "" {
				p.Warnings = append(p.Warnings, fmt.Sprintf("%s:%d: no manifest, left as it is: it has no %s", file.Name(), document.Line, missing))
			}
			if !ok || object.Owned() {
				continue
			}
			name := object.Namespace()
			if name == "" {
				name = namespace
			}
			in, ok := namespaces[name]
			if !ok {
				in = workload.Namespace{Name: name}
			}
			p.Workloads = append(p.Workloads, &Workload{
				Title: title(file, document), document: document,
				input: webhook.Input{Object: object, Namespace: in},
			})
		}
	}
	return p, nil
}

// namespaces reads the Namespaces among the manifests.
func (p *Plan) namespaces() map[string]workload.Namespace {
	found := map[string]workload.Namespace{}
	for _, file := range p.files {
		for _, document := range file.Documents() {
			if document.Object["apiVersion"] != workload.NamespaceKind.Version || document.Object["kind"] != workload.NamespaceKind.Kind {
				continue
			}
			metadata, _ := document.Object["metadata"].(map[string]any)
			name, _ := metadata["name"].(string)
			labels, _ := metadata["labels"].(map[string]any)
			annotations, _ := metadata["annotations"].(map[string]any)
			found[name] = workload.Namespace{Name: name, Labels: labels, Annotations: annotations}
			for _, fault := range settings.NamespaceFaults(found[name]) {
				p.warn(title(file, document), fault.Error())
			}
		}
	}
	return found
}

// kindless names what every manifest has and this document does not, as values of a chart
// or a page that says "404: Not Found"; empty for a manifest.
func kindless(document *manifest.Document) string {
	var missing []string
	for _, field := range []string{"apiVersion", "kind"} {
		if text, _ := document.Object[field].(string); text == "" {
			missing = append(missing, field)
		}
	}
	return strings.Join(missing, " and no ")
}

// title names a manifest. Its name is foreign text, and goes to a terminal.
func title(file *manifest.Stream, document *manifest.Document) string {
	kind, _ := document.Object["kind"].(string)
	metadata, _ := document.Object["metadata"].(map[string]any)
	name, _ := metadata["name"].(string)
	if name == "" {
		name, _ = metadata["generateName"].(string)
	}
	return fmt.Sprintf("%s:%d: %s %s", file.Name(), document.Line, kind, shown(name))
}

func (p *Plan) warn(title string, what any) {
	p.Warnings = append(p.Warnings, fmt.Sprintf("%s: %v", title, what))
}

// Decide decides about all workloads. The error is the context's: what a
// registry failed at is in the decisions.
func (p *Plan) Decide(ctx context.Context) error {
	var group errgroup.Group
	group.SetLimit(maxConcurrent)
	for _, w := range p.Workloads {
		group.Go(func() error {
			w.Decision = p.decider.Decide(ctx, w.input)
			return nil
		})
	}
	_ = group.Wait() // no function of it returns an error
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("resolving: %w", err)
	}
	return nil
}

// Replace puts the images into the manifests, and notes what stayed that
// should not have to.
func (p *Plan) Replace() {
	for _, w := range p.Workloads {
		settings := settings.ReadSettings(w.input.Object, w.input.Namespace)
		for _, fault := range settings.Faults {
			if !fault.Namespace { // said once, of the namespace
				p.warn(w.Title, fault.Error())
			}
		}
		for _, unread := range webhook.Unread(w.input.Object, settings) {
			p.warn(w.Title, unread)
		}
		for _, slot := range w.input.Object.Imageless() {
			if settings.Rule(slot).Governed() {
				p.warn(w.Title, shown(slot.Key())+": has no image")
			}
		}
		for _, o := range w.Decision.Outcomes() {
			if problem := problem(&o); problem != "" {
				p.warn(w.Title, shown(o.Slot.Key())+": "+problem)
			}
			if o.Image == o.Slot.Image {
				continue
			}
			if err := w.document.Replace(o.Slot.Path, o.Image); err != nil {
				p.warn(w.Title, err)
			}
		}
	}
}

// problem adds to those that admission warns of what matters to the person who
// looks after the registry: a better tag that was listed and is not there.
func problem(o *webhook.Outcome) string {
	text := o.Problem()
	if preferred := o.Resolution.Preferred(); text == "" && preferred != "" {
		return "passed over " + preferred
	}
	return text
}

// Refused is the error of the first image that may not be admitted unresolved.
func (p *Plan) Refused() error {
	for _, w := range p.Workloads {
		if err := w.Decision.Refusal(); err != nil {
			return fmt.Errorf("%s: %w", w.Title, err)
		}
	}
	return nil
}

// shown is a text of a manifest, as a line of a terminal takes it.
func shown(text string) string { return printable.Escape(text, 253) }
