package workload

import (
	"maps"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Mode is how the final images of a namespace are judged.
type Mode string

// The modes of the label garboard.dev/validate.
const (
	Enforce Mode = "enforce"
	Warn    Mode = "warn"
	Off     Mode = "off"
)

// Namespace is what a namespace says to Garboard.
type Namespace struct {
	Name                string
	Labels, Annotations map[string]any
}

// NamespaceOf takes a namespace's labels and annotations as the API's types
// hold them.
func NamespaceOf(name string, labels, annotations map[string]string) Namespace {
	return Namespace{Name: name, Labels: widen(labels), Annotations: widen(annotations)}
}

// Enabled reports whether the namespace opted in.
func (n Namespace) Enabled() bool { return Text(n.Labels[LabelEnabled]) == "true" }

// Validate returns the namespace's mode; Warn where it names none that exists.
func (n Namespace) Validate() Mode {
	switch m := Mode(Text(n.Labels[LabelValidate])); m {
	case Enforce, Off:
		return m
	default:
		return Warn
	}
}

func widen(m map[string]string) map[string]any {
	wide := make(map[string]any, len(m))
	for k, v := range m {
		wide[k] = v
	}
	return wide
}

// NamespaceKind is the kind of a Namespace in the API.
var NamespaceKind = schema.GroupVersionKind{Version: "v1", Kind: "Namespace"}

// SameKeys reports whether two sets of labels or annotations say the same to
// Garboard.
func SameKeys(a, b map[string]string) bool {
	return maps.Equal(ours(a), ours(b))
}

func ours(m map[string]string) map[string]string {
	kept := map[string]string{}
	for key, value := range m {
		if IsKey(key) {
			kept[key] = value
		}
	}
	return kept
}
