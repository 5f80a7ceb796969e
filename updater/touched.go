package updater

import (
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// touched is a field that strip adds to what is kept of a workload: when the
// updater moved it last, and when anybody else wrote its spec. Both come from the
// managed fields, which the API server keeps, so that another leader knows, too.
const touched = "touched"

// touches condenses managed fields to both times, with a space between them; it is
// empty where the updater has moved nothing.
func touches(full *unstructured.Unstructured) string {
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
		if entry["manager"] == fieldManager {
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

// movedAt is when the updater's last move was written, if nobody has written the
// spec since. Both are known to the second: within the same one the generation
// tells, if that of the move is known, and else it may have been somebody.
func movedAt(o *unstructured.Unstructured, generation int64) (time.Time, bool) {
	kept, _ := o.Object[touched].(string)
	ours, others, _ := strings.Cut(kept, " ")
	if ours == "" || others > ours || others == ours && (generation == 0 || o.GetGeneration() != generation) {
		return time.Time{}, false
	}
	at, err := time.Parse(time.RFC3339, ours)
	return at, err == nil
}

// withTouches is what movedAt reads of a whole object.
func withTouches(full *unstructured.Unstructured) *unstructured.Unstructured {
	of := &unstructured.Unstructured{Object: map[string]any{touched: touches(full)}}
	of.SetGeneration(full.GetGeneration())
	return of
}
