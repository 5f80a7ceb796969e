package webhook

import (
	"context"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/garboard-dev/garboard/internal/printable"
	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/webhook/intent"
)

// Validate is the validating webhook: it judges settings and final images. It
// reads no registry and trusts no annotation, and no reference to an owner:
// which objects of controllers are passed by is said in the webhook's
// configuration, where the writer is known.
type Validate struct {
	// Kinds are those that are governed. The default is those of Kubernetes itself.
	Kinds      workload.Kinds
	Namespaces Namespaces
	// Releases are asked for the settings of workloads that Helm installed. The
	// default is to ask none.
	Releases Releases
	// Upstreams are asked for what comes before a workload, to refuse circles. The
	// default is to look for none.
	Upstreams Upstreams
}

// invalidError refuses an object with all of its faults.
type invalidError struct{ status *apierrors.StatusError }

func (e *invalidError) Error() string { return e.status.Error() }

// Handle answers one request.
func (v *Validate) Handle(ctx context.Context, req admission.Request) admission.Response {
	if req.Kind.Group == "" && req.Kind.Kind == "Namespace" {
		return validateNamespace(ctx, req)
	}
	in, err := readRequest(ctx, v.Kinds, v.Namespaces, req)
	if err != nil {
		return answerError(ctx, err)
	}
	unread := readRelease(ctx, v.Releases, &in)
	if err := in.readSettings(callerOf(ctx)); err != nil {
		return answerError(ctx, err)
	}
	v.judgeAfter(callerOf(ctx), in)
	refused, warnings := splitFaults(callerOf(ctx), in)
	if err := callerOf(ctx).Err(); err != nil {
		return answerError(ctx, fmt.Errorf("judging images: %w", err))
	}
	if unread != "" {
		warnings = append(warnings, unread)
	}
	if len(refused) > 0 && !in.Object.Deleting() {
		status := apierrors.NewInvalid(schema.GroupKind{Group: req.Kind.Group, Kind: req.Kind.Kind}, in.Object.Name(), refused)
		return answerError(ctx, &invalidError{status}).WithWarnings(Bound(warnings)...)
	}
	for _, fault := range refused {
		warnings = append(warnings, fault.Error())
	}
	return admission.Allowed("").WithWarnings(Bound(warnings)...)
}

// validateNamespace warns of bad defaults. It never refuses: its rule must not
// stand in the way of taking the opt-in label off.
func validateNamespace(ctx context.Context, req admission.Request) admission.Response {
	var object struct {
		Metadata struct {
			Labels      map[string]string `json:"labels"`
			Annotations map[string]string `json:"annotations"`
		} `json:"metadata"`
	}
	if err := json.Unmarshal(req.Object.Raw, &object); err != nil {
		return answerError(ctx, &requestError{err})
	}
	namespace := workload.NamespaceOf(req.Name, object.Metadata.Labels, object.Metadata.Annotations)
	var warnings []string
	for _, f := range settings.NamespaceFaults(namespace) {
		warnings = append(warnings, f.Error().Error())
	}
	return admission.Allowed("").WithWarnings(Bound(warnings)...)
}

// splitFaults splits what is wrong into what is refused and what is said. Only what
// this request adds or changes is refused: a fault that is stored already must
// not stop a label or a finalizer.
func splitFaults(ctx context.Context, in Input) (refused field.ErrorList, warnings []string) {
	mode := in.Namespace.Validate()
	settings, before := in.settings, in.before
	for _, f := range settings.Faults {
		old := before != nil && before.Had(f, in.Stored, in.Object)
		if old && f.PassedOver {
			continue // told when it came
		}
		if f.Namespace || f.Release || old || f.Keel && mode != workload.Enforce {
			warnings = append(warnings, faultWarning(f))
			continue
		}
		refused = append(refused, f.Error())
	}
	if mode != workload.Off {
		faults := judgeImages(ctx, in, settings)
		if mode == workload.Enforce {
			refused = append(refused, faults.changed...)
		} else {
			faults.old = append(faults.old, faults.changed...)
		}
		for _, fault := range faults.old {
			warnings = append(warnings, fault.Error())
		}
	}
	return refused, append(warnings, Unread(in.Object, settings)...)
}

// Unread tells of the policies on an object that govern nothing: those for
// containers that it does not have, those behind a prefix with a slip, and one that stands
// on the pod template alone; and of holds that keep nothing back.
func Unread(o *workload.Object, read *settings.Settings) []string {
	strays := settings.Strays(o)
	unread := make([]string, 0, len(strays)+1)
	for i := range strays {
		unread = append(unread, strays[i].String())
	}
	if unmonitored := read.Unmonitored(o); unmonitored != "" {
		unread = append(unread, unmonitored)
	}
	return slices.Concat(unread, settings.Misspelt(o), misplaced(o), read.IdleHolds(o))
}

func faultWarning(f settings.Fault) string {
	text := f.Error().Error()
	switch {
	case f.Namespace:
		return "namespace default " + text
	case f.Release:
		return "Helm value " + text
	}
	return text
}

type imageFaults struct{ changed, old field.ErrorList }

// judgeImages holds the final image of each governed container against the
// absolute rules: what a person submits is not bounded by a level policy. An
// image that is stored already is an old fault, whatever became of its policy:
// what runs must not stop a finalizer, a label, or the policy that ends it.
func judgeImages(ctx context.Context, in Input, settings *settings.Settings) imageFaults {
	var faults imageFaults
	for _, slot := range in.Object.Slots() {
		if ctx.Err() != nil {
			break // the caller has left
		}
		rule := settings.Rule(slot)
		image, err := intent.ImageOf(slot.Image)
		if !rule.Governed() || err != nil || image.Tag == "" {
			continue
		}
		reason, ok := rule.Policy.Admits(image.Tag)
		if ok {
			continue
		}
		fault := field.Invalid(fieldPath(slot.Path), printable.Escape(slot.Image, 80),
			"policy "+printable.Escape(rule.Policy.Name(), 80)+": "+reason.Text())
		if in.Stored != nil && in.Stored.ImageOf(slot.Key()) == slot.Image {
			faults.old = append(faults.old, fault)
		} else {
			faults.changed = append(faults.changed, fault)
		}
	}
	return faults
}

// misplaced finds a policy that stands on the pod template or that of Jobs alone, where it
// is not read. Charts often repeat labels there, so that it is no more than said.
func misplaced(o *workload.Object) []string {
	if o.Kind.Template == nil {
		return nil
	}
	key, template, ok := settings.TemplateOnlyPolicy(o)
	if !ok {
		return nil
	}
	return []string{key + " stands on the " + template + " template, where it is not read: put it on the " + strings.ToLower(o.Kind.GroupVersionKind.Kind)}
}

// fieldPath writes a slot's path as the API writes paths.
func fieldPath(path []any) *field.Path {
	var p *field.Path
	for _, element := range path {
		switch element := element.(type) {
		case string:
			if p == nil {
				p = field.NewPath(element)
			} else {
				p = p.Child(element)
			}
		case int:
			p = p.Index(element)
		}
	}
	return p
}
