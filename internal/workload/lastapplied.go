package workload

import (
	"slices"

	"k8s.io/apimachinery/pkg/util/json"
)

// maxLastApplied bounds the configuration that is parsed; an object's
// annotations have at most 256 KiB together.
const maxLastApplied = 256 << 10

// LastApplied returns the object that `kubectl apply` keeps in the object's
// last-applied configuration, or nil.
func (o *Object) LastApplied() *Object {
	s := o.LastAppliedText()
	if s == "" || len(s) > maxLastApplied {
		return nil
	}
	var root map[string]any
	if err := json.Unmarshal([]byte(s), &root); err != nil {
		return nil
	}
	return &Object{Kind: o.Kind, root: root}
}

// ImageOf returns the image of the slot with the key; empty without one.
func (o *Object) ImageOf(key string) string {
	if o == nil {
		return ""
	}
	for _, slot := range o.Slots() {
		if slot.Key() == key {
			return slot.Image
		}
	}
	return ""
}

// LastAppliedText returns the last-applied configuration as it is written; empty
// without one.
func (o *Object) LastAppliedText() string { return text(o.Annotations()[lastApplied]) }

// CarriesRecord reports whether the applied manifest itself names the record,
// as one does that was exported from a cluster: in the last-applied
// configuration, or as a field of a server-side applier. Such a record says
// nothing about what the writer wants.
func (o *Object) CarriesRecord() bool {
	if applied := o.LastApplied(); applied != nil && applied.RecordText() != "" {
		return true
	}
	for _, entry := range o.managers() {
		if text(entry["operation"]) != "Apply" {
			continue
		}
		fields := child(entry, "fieldsV1")
		for _, key := range o.Kind.Template {
			fields = child(fields, "f:"+key)
		}
		if _, owns := child(child(fields, "f:metadata"), "f:annotations")["f:"+AnnotationRecord]; owns {
			return true
		}
	}
	return false
}

// AppliedBy reports whether the request that submits the object is a server-side
// apply by the manager, and the manifest names the image of the slot. The request
// says neither. But what an applier names is its own in the managed fields, which the
// API server computes before admission, and an apply that changes anything gives them
// a new time. A tool that moves to server-side apply rewrites them instead
// (k8s.io/client-go/util/csaupgrade): the time is then an old one.
func (o *Object) AppliedBy(manager string, stored *Object, slot Slot) bool {
	entry := find(o.managers(), manager, "Apply")
	if entry == nil || !ownsImage(entry, slot) {
		return false
	}
	return !slices.ContainsFunc(stored.managers(), func(was map[string]any) bool {
		by, operation := text(was["manager"]), text(was["operation"])
		rewritten := by == manager && operation == "Apply" || find(o.managers(), by, operation) == nil
		return rewritten && text(was["time"]) == text(entry["time"])
	})
}

// managers are the managed fields, those of subresources excepted.
func (o *Object) managers() []map[string]any {
	entries, _ := o.metadata()["managedFields"].([]any)
	var found []map[string]any
	for _, e := range entries {
		if entry, ok := e.(map[string]any); ok && text(entry["subresource"]) == "" {
			found = append(found, entry)
		}
	}
	return found
}

// find returns nil where there is no such entry.
func find(managers []map[string]any, manager, operation string) map[string]any {
	for _, entry := range managers {
		if text(entry["manager"]) == manager && text(entry["operation"]) == operation {
			return entry
		}
	}
	return nil
}

// ownsImage walks from the object to the image. A list that is replaced as a whole,
// as those of custom kinds are, is owned as a whole.
func ownsImage(entry map[string]any, slot Slot) bool {
	fields := child(entry, "fieldsV1")
	for _, step := range slot.Path {
		key := ""
		switch step := step.(type) {
		case string:
			key = "f:" + step
		case int: // both containers and volumes go by their name
			name, err := json.Marshal(map[string]string{"name": slot.Name})
			if err != nil {
				return false
			}
			key = "k:" + string(name)
		}
		next, ok := fields[key].(map[string]any)
		if !ok {
			return false
		}
		if len(next) == 0 {
			return true
		}
		fields = next
	}
	return true
}
