package watched

import (
	"maps"
	"unique"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// packed is a stripped workload as the cache holds it. The maps of an object take several
// times as much, and the garbage collector walks all of them, again and again.
type packed struct {
	kind                     unique.Handle[schema.GroupVersionKind]
	namespace, name, version string
	// body is all else but the status.
	body, status string
}

// GetObjectMeta implements metav1.ObjectMetaAccessor: it is what informers read.
func (p *packed) GetObjectMeta() metav1.Object {
	return &metav1.ObjectMeta{Namespace: p.namespace, Name: p.name, ResourceVersion: p.version}
}

// pack packs an object, which it may change.
func pack(o *unstructured.Unstructured) (*packed, error) {
	p := &packed{kind: unique.Make(o.GroupVersionKind()), namespace: unique.Make(o.GetNamespace()).Value(), name: o.GetName(), version: o.GetResourceVersion()}
	body := maps.Clone(o.Object)
	metadata, _, err := unstructured.NestedMap(body, "metadata") // a copy
	if err != nil {
		return nil, err
	}
	for _, field := range []string{"namespace", "name", "resourceVersion"} {
		delete(metadata, field)
	}
	body["metadata"] = metadata
	status := body["status"]
	for _, field := range []string{"apiVersion", "kind", "status"} {
		delete(body, field)
	}
	if p.body, err = encode(body); err != nil {
		return nil, err
	}
	if status != nil {
		p.status, err = encode(status)
	}
	return p, err
}

// unpack returns the object that was packed, anew each time.
func (p *packed) unpack() *unstructured.Unstructured {
	root, _ := decode(p.body).(map[string]any)
	o := &unstructured.Unstructured{Object: root}
	o.SetGroupVersionKind(p.kind.Value())
	metadata, _ := root["metadata"].(map[string]any)
	for field, value := range map[string]string{"namespace": p.namespace, "name": p.name, "resourceVersion": p.version} {
		if value != "" {
			metadata[field] = value
		}
	}
	if p.status != "" {
		root["status"] = decode(p.status)
	}
	return o
}

// unpackBeside is unpack for an object whose body another one has as well, with which it
// shares that: handlers of events change no object.
func (p *packed) unpackBeside(other *unstructured.Unstructured) *unstructured.Unstructured {
	o := &unstructured.Unstructured{Object: maps.Clone(other.Object)}
	metadata, _ := o.Object["metadata"].(map[string]any)
	metadata = maps.Clone(metadata)
	o.Object["metadata"] = metadata
	metadata["resourceVersion"] = p.version
	delete(o.Object, "status")
	if p.status != "" {
		o.Object["status"] = decode(p.status)
	}
	return o
}

// says reports whether two versions of a workload say the same.
func (p *packed) says(other *packed) bool {
	return p.kind == other.kind && p.body == other.body && p.status == other.status
}
