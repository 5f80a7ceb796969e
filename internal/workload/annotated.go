package workload

import "k8s.io/apimachinery/pkg/runtime"

// WithAnnotation is a copy of the object with one annotation more.
func (o *Object) WithAnnotation(key, value string) *Object {
	return o.with([]string{"metadata", "annotations"}, key, value)
}

// WithTemplateAnnotation is a copy of the object with one annotation more on its pod
// template; of a Pod, on itself.
func (o *Object) WithTemplateAnnotation(key, value string) *Object {
	return o.with(append(o.TemplateMetadataPath(), "annotations"), key, value)
}

func (o *Object) with(path []string, key, value string) *Object {
	root := runtime.DeepCopyJSON(o.wholeRoot())
	at := root
	for _, step := range path {
		next := Child(at, step)
		if next == nil {
			next = map[string]any{}
			at[step] = next
		}
		at = next
	}
	at[key] = value
	annotated := newObject(o.Kind, root)
	annotated.release = o.release
	return annotated
}
