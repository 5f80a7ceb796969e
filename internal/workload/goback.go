package workload

import "slices"

// Former is what a container goes back to.
type Former struct {
	// Image is the reference as it was written, To its result.
	Image string
	To    Result
	// Left is the version that is left, and held from then on.
	Left Result
}

// GoBack writes former images into the object, in place, as an undo does: with
// the record that they had, so that admission knows them again, and a hold on what
// they leave. It returns false where the object has none of the containers.
func (o *Object) GoBack(to map[string]Former) bool {
	record, holds, found := o.Record(), o.Holds(), false
	if record == nil {
		record = Record{}
	}
	if holds == nil {
		holds = Record{}
	}
	for _, slot := range o.slots {
		former, ok := to[slot.Key()]
		if !ok || !put(o.root, slot.Path, former.Image) {
			continue
		}
		found = true
		record[slot.Key()], holds[slot.Key()] = former.To, former.Left
	}
	if found {
		o.find()
		annotate(o.root, o.TemplateMetadataPath(), AnnotationRecord, record.String())
		annotate(o.root, []string{"metadata"}, AnnotationHold, holds.String())
	}
	return found
}

// put replaces a text that is there.
func put(root any, path []any, value string) bool {
	last := len(path) - 1
	for i, step := range path {
		switch at := root.(type) {
		case map[string]any:
			key, _ := step.(string)
			if _, ok := at[key]; !ok {
				return false
			}
			if i == last {
				at[key] = value
			}
			root = at[key]
		case []any:
			n, ok := step.(int)
			if !ok || n >= len(at) {
				return false
			}
			root = at[n]
		default:
			return false
		}
	}
	return true
}

// annotate sets an annotation, and makes the maps on the way.
func annotate(at map[string]any, metadata []string, key, value string) {
	for _, step := range append(slices.Clone(metadata), "annotations") {
		next, ok := at[step].(map[string]any)
		if !ok {
			next = map[string]any{}
			at[step] = next
		}
		at = next
	}
	at[key] = value
}
