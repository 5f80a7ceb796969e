package workload

// OurKeys returns the entries of labels or annotations that are Keelson's or
// Keel's settings, and the record and bump. The state is left out: it is
// admission's alone.
func OurKeys(from map[string]any) map[string]any {
	kept := map[string]any{}
	for key, value := range from {
		if IsKey(key) && key != AnnotationState {
			kept[key] = value
		}
	}
	return kept
}

// ImagesOnly returns a pod spec that has the object's image slots and nothing
// else.
func (o *Object) ImagesOnly() map[string]any {
	spec := map[string]any{}
	for _, slot := range o.Slots() {
		list, item := "containers", map[string]any{"name": slot.Name, "image": slot.Image}
		switch slot.Type {
		case InitContainer:
			list = "initContainers"
		case ImageVolume:
			list, item["image"] = "volumes", map[string]any{"reference": slot.Image}
		}
		items, _ := spec[list].([]any)
		spec[list] = append(items, item)
	}
	return spec
}
