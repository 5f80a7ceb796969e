package webhook

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"gomodules.xyz/jsonpatch/v2"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/webhook/intent"
)

// maxAnnotationOps is about how many operations the annotations take.
const maxAnnotationOps = 4

// Patch returns the operations that turn the submitted object into the
// answer: ours alone, each sure to apply to the JSON that was submitted, and
// none where nothing changes.
func (d *Decision) Patch() []jsonpatch.Operation {
	object := d.input.Object
	template := append(object.TemplateMetadataPath(), "annotations")
	if d.full {
		return annotate(object, template, map[string]string{workload.AnnotationBump: d.storedBump()})
	}
	ops := make([]jsonpatch.Operation, 0, len(d.outcomes)+maxAnnotationOps)
	for i := range d.outcomes {
		if o := &d.outcomes[i]; o.Image != o.Slot.Image {
			ops = append(ops, jsonpatch.NewOperation("replace", pointer(o.Slot.Path...), o.Image))
		}
	}
	ops = append(ops, annotate(object, []string{"metadata", "annotations"}, d.ours.object)...)
	if d.ours.template != nil {
		ops = append(ops, annotate(object, template, d.ours.template)...)
	}
	return ops
}

// annotate sets annotations, or removes those whose text is empty, below a
// path of which any part may be missing or null.
func annotate(object *workload.Object, path []string, want map[string]string) []jsonpatch.Operation {
	holder, _ := object.Lookup(path[:len(path)-2]...)
	parent, _ := object.Lookup(path[:len(path)-1]...)
	value, _ := object.Lookup(path...)
	have, exists := value.(map[string]any)
	if !writable(holder, parent, value) {
		return nil
	}
	var ops []jsonpatch.Operation
	missing := map[string]string{}
	for _, key := range workload.SortedKeys(want) {
		was, had := have[key].(string)
		switch {
		case want[key] == was:
		case want[key] == "" && had:
			ops = append(ops, jsonpatch.NewOperation("remove", pointerOf(path, key), nil))
		case exists:
			ops = append(ops, jsonpatch.NewOperation("add", pointerOf(path, key), want[key]))
		default:
			missing[key] = want[key]
		}
	}
	if len(missing) == 0 {
		return ops
	}
	// The parent of the annotations, the metadata, may be missing as well.
	if _, ok := parent.(map[string]any); !ok {
		return append(ops, jsonpatch.NewOperation("add", pointerOf(path[:len(path)-1]), map[string]any{"annotations": missing}))
	}
	return append(ops, jsonpatch.NewOperation("add", pointerOf(path), missing))
}

// writable reports whether annotations can be written: metadata and annotations
// may be missing, their holder may not. What is of another type is the API
// server's to refuse.
func writable(holder, metadata, annotations any) bool {
	object, _ := holder.(map[string]any)
	_, isMetadata := metadata.(map[string]any)
	_, isAnnotations := annotations.(map[string]any)
	return object != nil && (isMetadata || metadata == nil) && (isAnnotations || annotations == nil)
}

// touched reports whether a container's image, or the digest behind it, moves:
// only then may the pod template change.
func (d *Decision) touched() bool {
	return slices.ContainsFunc(d.outcomes, func(o Outcome) bool { return o.Moved })
}

// recordText is the record of the answer. It is written for every governed
// container at create, and afterwards for those that move.
func (d *Decision) recordText() string {
	if d.asStored() {
		return d.input.Stored.RecordText()
	}
	results := record.Record{}
	for _, o := range d.outcomes {
		key := o.Slot.Key()
		entry := o.Case.Record
		switch {
		case o.Answer.Row == intent.Reinvoked, o.Answer.Row == intent.Undo, o.recreated():
			// The template as it stood: the old ReplicaSet is its equal.
			entry = o.Case.SubmittedRecord
		case o.Moved && (o.Rule.Governed() || o.Case.Record != nil) && !o.sameRecord():
			entry = &o.Result
		}
		if entry != nil {
			results[key] = *entry
		}
	}
	submitted := d.input.Object.RecordText()
	stored := ""
	if d.input.Stored != nil {
		stored = d.input.Stored.RecordText()
	}
	return same(results, record.ParseRecord, stored, submitted)
}

// recreated reports whether this is the second round of a create, in which another
// webhook has put a digest in the place of our answer's tag. The record keeps the answer
// without that digest, as the record of an update does.
func (o *Outcome) recreated() bool {
	return o.Answer.Row == intent.Created && o.Answer.Last && !o.Answer.Resolve && o.Case.SubmittedRecord != nil && o.Case.SubmittedRecord.Agrees(o.Result)
}

// sameRecord reports whether the record has the result already, with the digest by which
// another webhook has stored it. The request names the tag alone; to drop the digest from
// the record would roll the Pods for nothing.
func (o *Outcome) sameRecord() bool {
	return o.Case.Stored != nil && o.Case.Record != nil && o.Case.Record.Tag == o.Result.Tag && o.Result.Digest == "" && o.Case.Stored.Digest == o.Case.Record.Digest
}

// asStored reports whether the writer leaves the containers, and the answer
// their images, as they are: the record is then not touched, not even to drop
// what is left in it of containers that went past us.
func (d *Decision) asStored() bool {
	stored := d.input.Stored
	if stored == nil || len(stored.Slots()) != len(d.outcomes) {
		return false
	}
	return !slices.ContainsFunc(d.outcomes, func(o Outcome) bool {
		return o.Moved || o.Case.Stored == nil || o.Answer.Row == intent.Undo || o.Answer.Row == intent.Reinvoked
	})
}

// bumpText consumes the bump. One that reached the store without us goes with
// the next move: taking it off alone would roll the Pods for nothing.
func (d *Decision) bumpText() string {
	if d.touched() {
		return ""
	}
	return d.storedBump()
}

func (d *Decision) storedBump() string {
	if d.input.Stored == nil {
		return ""
	}
	return d.input.Stored.BumpText()
}

// same keeps a text that already says what is wanted, so that another
// writer's spelling is not corrected on a template.
func same(want record.Record, parse func(string) record.Record, texts ...string) string {
	for _, text := range texts {
		if maps.Equal(want, parse(text)) {
			return text
		}
	}
	return want.String()
}

// maxPointer is longer than the pointers to nearly all images and annotations.
const maxPointer = 96

// pointer writes a JSON pointer (RFC 6901) of keys and indexes.
func pointer(path ...any) string {
	var b strings.Builder
	b.Grow(maxPointer)
	for _, element := range path {
		switch element := element.(type) {
		case string:
			writeStep(&b, element)
		case int:
			b.WriteByte('/')
			b.WriteString(strconv.Itoa(element))
		}
	}
	return b.String()
}

// pointerOf writes a JSON pointer of keys, and of more behind them.
func pointerOf(path []string, more ...string) string {
	var b strings.Builder
	b.Grow(maxPointer)
	for _, key := range path {
		writeStep(&b, key)
	}
	for _, key := range more {
		writeStep(&b, key)
	}
	return b.String()
}

// writeStep writes one key of a JSON pointer.
func writeStep(b *strings.Builder, key string) {
	if strings.ContainsAny(key, "~/") {
		key = strings.ReplaceAll(strings.ReplaceAll(key, "~", "~0"), "/", "~1")
	}
	b.WriteByte('/')
	b.WriteString(key)
}
