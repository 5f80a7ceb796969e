package workload

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
	applied, err := Parse(o.Kind, []byte(s))
	if err != nil {
		return nil
	}
	return applied
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
func (o *Object) LastAppliedText() string { return Text(o.Annotations()[lastApplied]) }

// CarriesRecord reports whether the applied manifest itself names the record,
// as one does that was exported from a cluster: in the last-applied
// configuration, or as a field of a server-side applier. Such a record says
// nothing about what the writer wants.
func (o *Object) CarriesRecord() bool {
	if applied := o.LastApplied(); applied != nil && applied.RecordText() != "" {
		return true
	}
	for _, m := range o.managedFields() {
		manager, _ := m.(map[string]any)
		if Text(manager["operation"]) != "Apply" {
			continue
		}
		if ownsAnnotation(Child(manager, "fieldsV1"), o.Kind.Template, AnnotationRecord) {
			return true
		}
	}
	return false
}
