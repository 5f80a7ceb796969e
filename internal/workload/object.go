package workload

import (
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Object is a workload as it was submitted or stored. It is read from plain
// JSON values and never marshalled again, so that fields newer than our types
// cannot be lost.
type Object struct {
	Kind Kind
	root map[string]any
	// whole is the JSON that Parse has read; of it, root has no more than Parse keeps.
	// managed reads the managed fields, which root then has not; nil where there are none.
	whole   []byte
	managed func() any
	// slots are found once, by find: each part of a request asks for them. more is how
	// many are beyond the bound.
	slots []Slot
	more  int
	// release is what the object's Helm release says, if it was asked.
	release ReleaseSettings
}

func newObject(kind Kind, root map[string]any) *Object {
	o := &Object{Kind: kind, root: root}
	o.find()
	return o
}

// FromMap takes an object's decoded JSON or YAML. ok is false where the kind
// is none of these. The map is not copied and not changed.
func (k Kinds) FromMap(root map[string]any) (o *Object, ok bool) {
	version, _ := root["apiVersion"].(string)
	name, _ := root["kind"].(string)
	gv, err := schema.ParseGroupVersion(version)
	if err != nil {
		return nil, false
	}
	kind, ok := k.For(gv.Group, name)
	return newObject(kind, root), ok
}

// Name returns the object's name; empty where the API server makes one up.
func (o *Object) Name() string { return Text(o.metadata()["name"]) }

// Namespace returns the object's namespace.
func (o *Object) Namespace() string { return Text(o.metadata()["namespace"]) }

// Shown names the object as kubectl does: deployment.apps/shop.
func (o *Object) Shown() string {
	name := strings.ToLower(o.Kind.GroupVersionKind.Kind)
	if o.Kind.Group != "" {
		name += "." + o.Kind.Group
	}
	return name + "/" + o.Name()
}

// UID returns the object's unique ID; empty before it is stored.
func (o *Object) UID() string { return Text(o.metadata()["uid"]) }

// Labels returns the object's labels. The map is the object's own.
func (o *Object) Labels() map[string]any { return Child(o.metadata(), "labels") }

// Annotations returns the object's annotations. The map is the object's own.
func (o *Object) Annotations() map[string]any { return Child(o.metadata(), "annotations") }

// TemplateAnnotations returns the annotations of the pod template; of a Pod,
// its own.
func (o *Object) TemplateAnnotations() map[string]any {
	return Child(Child(o.template(), "metadata"), "annotations")
}

// TemplateLabels returns the labels of the pod template; of a Pod, its own.
func (o *Object) TemplateLabels() map[string]any {
	return Child(Child(o.template(), "metadata"), "labels")
}

// JobMetadata returns the metadata of the template of a CronJob's Jobs; nil for all else.
func (o *Object) JobMetadata() map[string]any {
	return Child(Child(Child(o.root, "spec"), "jobTemplate"), "metadata")
}

// Deleting reports whether the object is on its way out.
func (o *Object) Deleting() bool { return o.metadata()["deletionTimestamp"] != nil }

// Owned reports whether a controller owns the object. Only the top of a chain
// of owners is ever changed.
func (o *Object) Owned() bool {
	owners, _ := o.metadata()["ownerReferences"].([]any)
	for _, owner := range owners {
		reference, _ := owner.(map[string]any)
		if controller, _ := reference["controller"].(bool); controller {
			return true
		}
	}
	return false
}

// Lookup follows a path of keys into the object.
func (o *Object) Lookup(path ...string) (value any, ok bool) {
	at := any(o.root)
	for _, key := range path {
		m, is := at.(map[string]any)
		if !is {
			return nil, false
		}
		if at, ok = m[key]; !ok {
			return nil, false
		}
	}
	return at, true
}

// TemplateMetadataPath returns where the pod template's metadata stands.
func (o *Object) TemplateMetadataPath() []string {
	return append(append([]string{}, o.Kind.Template...), "metadata")
}

func (o *Object) metadata() map[string]any { return Child(o.root, "metadata") }

// WholeTemplate returns the pod template with all that was submitted; nil where there is
// none.
func (o *Object) WholeTemplate() map[string]any { return o.templateOf(o.wholeRoot()) }

// wholeRoot is the object with all that was submitted.
func (o *Object) wholeRoot() map[string]any {
	if o.whole == nil {
		return o.root
	}
	root, err := parseAll(o.whole)
	if err != nil { // a number that none of our types holds, in what is not read
		return o.root
	}
	return root
}

func (o *Object) template() map[string]any { return o.templateOf(o.root) }

func (o *Object) templateOf(root map[string]any) map[string]any {
	at := root
	for _, key := range o.Kind.Template {
		at = Child(at, key)
	}
	return at
}

// Child returns the map under a key; nil, which reads as empty, for anything
// else. What reaches admission is hostile input.
func Child(m map[string]any, key string) map[string]any {
	c, _ := m[key].(map[string]any)
	return c
}

// Text returns a value that is text; empty for anything else.
func Text(v any) string {
	s, _ := v.(string)
	return s
}
