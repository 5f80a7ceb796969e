package rollout

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// FieldManager names the updater as the writer of bumps.
const FieldManager = "garboard-updater"

// touched is a field that Condense adds to what is kept of a workload: when the
// updater moved it last, and when another writer wrote its spec. Both come from the
// managed fields, which the API server keeps, so that another leader knows, too.
const touched = "touched"

// Condense keeps of a whole object's managed fields what Ours reads.
func Condense(kept, full *unstructured.Unstructured) {
	if moved := condenseTouches(full); moved != "" {
		kept.Object[touched] = moved
	}
}

// condenseTouches condenses managed fields to both times, with a space between them; it is
// empty where the updater has moved nothing.
func condenseTouches(full *unstructured.Unstructured) string {
	if already, ok := full.Object[touched].(string); ok {
		return already
	}
	entries, _, _ := unstructured.NestedFieldNoCopy(full.Object, "metadata", "managedFields")
	list, _ := entries.([]any)
	touches := make([]touch, 0, len(list))
	for _, e := range list {
		entry, _ := e.(map[string]any)
		if subresource, _ := entry["subresource"].(string); subresource != "" {
			continue
		}
		manager, _ := entry["manager"].(string)
		at, _ := entry["time"].(string)
		fields, _ := entry["fieldsV1"].(map[string]any)
		touches = append(touches, touch{manager, at, func() bool { return fields["f:spec"] != nil }})
	}
	return condense(touches)
}

// CondenseTyped is Condense for the managed fields of a typed object.
func CondenseTyped(kept map[string]any, full []metav1.ManagedFieldsEntry) {
	if !slices.ContainsFunc(full, func(e metav1.ManagedFieldsEntry) bool { return e.Manager == FieldManager && e.Subresource == "" }) {
		return
	}
	touches := make([]touch, 0, len(full))
	for i := range full {
		if full[i].Subresource != "" {
			continue
		}
		at := ""
		if full[i].Time != nil {
			at = full[i].Time.UTC().Format(time.RFC3339)
		}
		touches = append(touches, touch{full[i].Manager, at, func() bool { return ownsSpec(full[i].FieldsV1) }})
	}
	if moved := condense(touches); moved != "" {
		kept[touched] = moved
	}
}

// touch is what one entry of the managed fields says: who wrote when, as the API server
// writes times, in UTC, and whether the spec was written.
type touch struct {
	manager, at string
	spec        func() bool
}

// condense finds the last touch of the updater, and the last of others that was no earlier:
// an earlier one tells nothing, and to read its fields takes longer than all the rest.
func condense(touches []touch) string {
	ours, others := "", ""
	for _, t := range touches {
		if t.manager == FieldManager {
			ours = max(ours, t.at)
		}
	}
	if ours == "" {
		return ""
	}
	for _, t := range touches {
		if t.manager != FieldManager && t.at >= ours && t.at > others && t.spec() {
			others = t.at
		}
	}
	return ours + " " + others
}

// ownsSpec reports whether a manager has written anything in the spec.
func ownsSpec(fields *metav1.FieldsV1) bool {
	if fields == nil {
		return false
	}
	raw := fields.GetRawBytes()
	if !bytes.Contains(raw, []byte(`"f:spec"`)) { // as of most managers
		return false
	}
	var top struct {
		Spec json.RawMessage `json:"f:spec"`
	}
	err := json.Unmarshal(raw, &top)
	return err == nil && top.Spec != nil && string(top.Spec) != "null"
}

// Others is when another writer wrote the spec of a workload last; empty where none has
// since the updater's last move, or the updater has moved nothing.
func Others(o *unstructured.Unstructured) string {
	_, others, _ := strings.Cut(condenseTouches(o), " ")
	return others
}

// Ours returns when the updater's last move was written, if no other writer has
// written the spec since. Both are known to the second: within the same one it tells
// whether others, what Others said at the move, is still so; without it, it may have
// been another writer.
func Ours(o *unstructured.Unstructured, others string) (time.Time, bool) {
	ours, theirs, _ := strings.Cut(condenseTouches(o), " ")
	if ours == "" || theirs > ours || theirs == ours && theirs != others {
		return time.Time{}, false
	}
	at, err := time.Parse(time.RFC3339, ours)
	return at, err == nil
}
