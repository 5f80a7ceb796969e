package rollout

import (
	"strings"
	"time"

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
	ours, others := "", ""
	entries, _, _ := unstructured.NestedFieldNoCopy(full.Object, "metadata", "managedFields")
	list, _ := entries.([]any)
	for _, e := range list {
		entry, _ := e.(map[string]any)
		at, _ := entry["time"].(string) // the API server writes it in UTC
		if subresource, _ := entry["subresource"].(string); subresource != "" {
			continue
		}
		if entry["manager"] == FieldManager {
			ours = max(ours, at)
		} else if fields, _ := entry["fieldsV1"].(map[string]any); fields["f:spec"] != nil {
			others = max(others, at)
		}
	}
	if ours == "" {
		return ""
	}
	return ours + " " + others
}

// Others is when another writer wrote the spec of a workload last; empty where none
// has, or the updater has moved nothing.
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
