package webhook

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/garboard-dev/garboard/internal/printable"
	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/webhook/intent"
)

// maxCauses is how many containers a cause tells of.
const maxCauses = 5

// changeCause is the cause that the answer leaves. A bump that moves an image
// writes one. It replaces any other cause, which would otherwise be attributed to
// this revision. Another write that makes a revision takes ours off, and else
// the cause is the writer's own business.
func (d *Decision) changeCause() string {
	submitted := d.input.Object.ChangeCause()
	if d.input.Stored == nil || d.reinvoked() {
		return submitted
	}
	if causes := d.causes(); len(causes) > 0 {
		if more := len(causes) - maxCauses; more > 0 {
			causes = append(causes[:maxCauses:maxCauses], fmt.Sprintf("and %d more", more))
		}
		return workload.CausePrefix + strings.Join(causes, ", ")
	}
	// What an undo brings back is another text than the stored one.
	left := submitted == d.input.Stored.ChangeCause() && strings.HasPrefix(submitted, workload.CausePrefix)
	if left && d.newRevision() {
		return ""
	}
	return submitted
}

// reinvoked reports whether our own answer is seen again: the bump is gone from
// it, and the cause is there.
func (d *Decision) reinvoked() bool {
	return slices.ContainsFunc(d.outcomes, func(o Outcome) bool { return o.Answer.Row == intent.Reinvoked })
}

// causes are the moves that a bump made, and no writer asked for.
func (d *Decision) causes() []string {
	if bump := d.input.Object.BumpText(); bump == "" || bump == d.input.Stored.BumpText() {
		return nil
	}
	var causes []string
	for i := range d.outcomes {
		o := &d.outcomes[i]
		if (o.Answer.Resolve || o.Answer.Row == intent.TakenBack) && o.Moved && o.Case.Stored != nil && o.Case.Submitted.Same(*o.Case.Stored) {
			causes = append(causes, o.cause())
		}
	}
	return causes
}

// cause writes "web 1.2.7 -> 1.2.8 (policy patch)".
func (o *Outcome) cause() string {
	from := record.Result{Tag: o.Case.Stored.Tag, Digest: o.Case.Stored.Digest}
	if o.Case.Record != nil {
		from = from.WithRecordedDigest(*o.Case.Record)
	}
	moved := o.Slot.Key() + " " + shortResult(from) + " -> " + shortResult(o.Result)
	if o.Answer.Row == intent.TakenBack {
		return moved + " (taken back)"
	}
	return moved + " (policy " + printable.Escape(o.Rule.Policy.Name(), 80) + ")"
}

func shortResult(r record.Result) string {
	if r.Digest == "" {
		return r.Tag
	}
	return r.Tag + shortDigest(r.Digest)
}

// newRevision reports whether the answer's pod template differs from the stored
// one: the controllers make a new revision of it.
func (d *Decision) newRevision() bool {
	// Where no image moves, those of the stored object are the answer's.
	return d.touched() || !reflect.DeepEqual(settledTemplate(d.input.Object), settledTemplate(d.input.Stored))
}

// settledTemplate is a copy of the pod template without images, record and
// bump: those are the answer's to write.
func settledTemplate(o *workload.Object) map[string]any {
	template := runtime.DeepCopyJSON(o.WholeTemplate())
	if template == nil {
		return nil
	}
	for _, slot := range o.Slots() {
		blankValue(template, slot.Path[len(o.Kind.Template):])
	}
	metadata, _ := template["metadata"].(map[string]any)
	annotations, _ := metadata["annotations"].(map[string]any)
	delete(annotations, workload.AnnotationRecord)
	delete(annotations, workload.AnnotationBump)
	if len(annotations) == 0 {
		delete(metadata, "annotations")
	}
	return template
}

// blankValue takes the value at a path of keys and indexes out.
func blankValue(at any, path []any) {
	for i, step := range path {
		switch step := step.(type) {
		case string:
			parent, ok := at.(map[string]any)
			if ok && i == len(path)-1 {
				delete(parent, step)
			}
			at = parent[step]
		case int:
			list, ok := at.([]any)
			if !ok || step >= len(list) {
				return
			}
			at = list[step]
		}
	}
}
