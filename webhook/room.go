package webhook

import (
	"maps"
	"slices"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/webhook/intent"
)

// maxAnnotations is how many bytes the annotations of an object, or of a pod template,
// may have together
// (k8s.io/apimachinery/pkg/api/validation.TotalAnnotationSizeLimitB). An object with
// more is refused, and it must not be us who refuse it.
const maxAnnotations = 256 << 10

// warningFull is told of a workload whose annotations leave no room.
const warningFull = "no room for what Garboard keeps: its annotations have 256 KiB; not governed"

// texts are the annotations that the answer sets, or takes off where they are empty.
type texts struct {
	object, template map[string]string
}

func (d *Decision) texts() (t texts, fits bool) {
	object := d.input.Object
	t.template = map[string]string{
		workload.AnnotationRecord: d.recordText(), workload.AnnotationBump: d.bumpText(),
	}
	t.object = map[string]string{
		workload.AnnotationHold: d.holdText(), workload.AnnotationChangeCause: d.changeCause(),
	}
	if _, asked := object.Annotations()[workload.AnnotationOnlyIfMoved]; asked && d.touched() {
		t.object[workload.AnnotationOnlyIfMoved] = ""
	}
	var free int
	if object.Kind.Template == nil { // a Pod is its own template
		maps.Copy(t.object, t.template)
		t.template, free = nil, maxAnnotations-sizeWith(object.Annotations(), t.object)
	} else {
		free = maxAnnotations - sizeWith(object.Annotations(), t.object)
		fits = sizeWith(object.TemplateAnnotations(), t.template) <= maxAnnotations
	}
	state, stated := d.stateText(free - len(workload.AnnotationState))
	t.object[workload.AnnotationState] = state
	return t, stated && (fits || t.template == nil)
}

// sizeWith is how many bytes annotations have once ours are set, but for the state.
func sizeWith(have map[string]any, ours map[string]string) int {
	size := 0
	for key, value := range have {
		if _, replaced := ours[key]; replaced || key == workload.AnnotationState {
			continue
		}
		text, _ := value.(string)
		size += len(key) + len(text)
	}
	for key, text := range ours {
		if text != "" {
			size += len(key) + len(text)
		}
	}
	return size
}

// annotate works out the annotations of the answer. Where it would take them over their
// bound, nothing is changed, but that a bump is taken off.
func (d *Decision) annotate() {
	governed := func(o Outcome) bool { return o.Rule.Governed() }
	var fits bool
	if d.ours, fits = d.texts(); !fits && slices.ContainsFunc(d.outcomes, governed) {
		d.stayAsWritten()
	}
}

// stayAsWritten leaves all containers alone.
func (d *Decision) stayAsWritten() {
	d.full = true
	for i := range d.outcomes {
		o := &d.outcomes[i]
		o.Rule.Policy, o.Answer.Row, o.Answer.Resolve = nil, intent.NotGoverned, false
		o.Image, o.Moved, o.Hold = o.Slot.Image, false, o.Case.Hold
		o.Resolution, o.Err = resolver.Resolution{Tag: o.Case.Submitted.Tag, Digest: o.Case.Submitted.Digest}, nil
		o.Result = record.Result{Tag: o.Case.Submitted.Tag, Digest: o.Case.Submitted.Digest}
	}
}
