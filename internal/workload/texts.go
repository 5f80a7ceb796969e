package workload

// RecordText returns the record as it is written; empty without one.
func (o *Object) RecordText() string { return Text(o.TemplateAnnotations()[AnnotationRecord]) }

// BumpText returns the pod template's bump as it is written; empty without one.
func (o *Object) BumpText() string { return Text(o.TemplateAnnotations()[AnnotationBump]) }

// StateText returns the object's state as it is written; empty without one.
func (o *Object) StateText() string { return Text(o.Annotations()[AnnotationState]) }

// HoldText returns the object's holds as they are written; empty without any.
func (o *Object) HoldText() string { return Text(o.Annotations()[AnnotationHold]) }

// AnnotationHold stands on the object: container=version, …. It names the
// version that each container has left, by an undo, a way down, or because
// a person wrote it there. No version up to and including it is moved to.
const AnnotationHold = Prefix + "hold"
