package try

import (
	"encoding/json"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/garboard-dev/garboard/internal/manifest"
	"github.com/garboard-dev/garboard/internal/workload"
)

// Shown is an object as YAML, without what the API server and kubectl keep in it
// for themselves.
func yamlOf(object *unstructured.Unstructured) ([]byte, error) {
	object = object.DeepCopy()
	unstructured.RemoveNestedField(object.Object, "metadata", "uid")
	unstructured.RemoveNestedField(object.Object, "metadata", "generation")
	annotations := object.GetAnnotations()
	delete(annotations, corev1.LastAppliedConfigAnnotation)
	object.SetAnnotations(annotations)
	text, err := yaml.Marshal(object.Object)
	if err != nil {
		return nil, fmt.Errorf("writing the Deployment as YAML: %w", err)
	}
	return text, nil
}

// unifiedDiff is what admission made of a manifest, as a unified diff without the
// file names.
func unifiedDiff(sent string, stored *unstructured.Unstructured) (string, error) {
	text, err := yamlOf(stored)
	if err != nil {
		return "", err
	}
	_, hunks, _ := strings.Cut(manifest.Diff("", []byte(sent), text), "@@")
	if hunks == "" {
		return "", nil
	}
	return "@@" + hunks, nil
}

// imageOf is what the first container has; empty without one.
func imageOf(object *unstructured.Unstructured) string {
	read, ok := workload.StandardKinds().FromMap(object.Object)
	if !ok {
		return ""
	}
	for _, slot := range read.Slots() {
		return slot.Image
	}
	return ""
}

// operations are those of the webhook's patch: what and where, and below it the
// value.
func (a *answer) operations() (string, error) {
	var text strings.Builder
	for _, o := range a.patch {
		fmt.Fprintf(&text, "%-7s %s\n", o.Op, o.Path)
		if o.Value == nil {
			continue
		}
		value, isText := o.Value.(string)
		if !isText {
			written, err := json.Marshal(o.Value)
			if err != nil {
				return "", fmt.Errorf("writing the webhook's patch: %w", err)
			}
			value = string(written)
		}
		fmt.Fprintf(&text, "        %s\n", value)
	}
	return text.String(), nil
}
