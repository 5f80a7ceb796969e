package workload

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync"

	apijson "k8s.io/apimachinery/pkg/util/json"
)

// Parse reads an object of the kind from JSON. Only what Garboard reads of an object
// becomes values: of a pod spec its images, and what bears on pulling them and on nodes.
func Parse(kind Kind, data []byte) (*Object, error) {
	trimmed := bytes.TrimLeft(data, " \t\r\n")
	if len(trimmed) == 0 || trimmed[0] != '{' || !json.Valid(data) {
		root, err := parseAll(data) // tells what is wrong
		if err != nil {
			return nil, fmt.Errorf("parsing %s: %w", kind.GroupVersionKind.Kind, err)
		}
		return newObject(kind, root), nil
	}
	p := parser{data: data}
	root, err := p.object(inObject, kind.Template)
	if err != nil {
		return nil, fmt.Errorf("parsing %s: %w", kind.GroupVersionKind.Kind, err)
	}
	o := newObject(kind, root)
	o.whole = data
	if managed := p.managed; managed != nil {
		o.managed = sync.OnceValue(func() any {
			var fields any
			_ = apijson.Unmarshal(managed, &fields) // what cannot be read tells nothing
			return fields
		})
	}
	return o, nil
}

func parseAll(data []byte) (root map[string]any, err error) {
	err = apijson.Unmarshal(data, &root)
	return root, err
}

// place is where in an object a value stands, which tells what is kept of it.
type place int

const (
	elsewhere place = iota // all is kept
	inObject               // on the way to the pod template
	inMetadata
	inTemplate
	inPodSpec
	inSlots // a list of containers or volumes
	inSlot
	nowhere // nothing is kept
)

// podSpecKeys are the fields of a pod spec that are read.
var podSpecKeys = map[string]place{
	"containers": inSlots, "initContainers": inSlots, "volumes": inSlots,
	"imagePullSecrets": elsewhere, "serviceAccountName": elsewhere, "serviceAccount": elsewhere,
	"nodeName": elsewhere, "nodeSelector": elsewhere, "tolerations": elsewhere, "affinity": elsewhere,
}

// below is the place of a field. template is the way from here to the pod template, and
// rest that from the field.
func below(at place, key string, template []string) (next place, rest []string) {
	switch at {
	case inObject:
		switch {
		case len(template) > 0 && key == template[0]:
			if len(template) == 1 {
				return inTemplate, nil
			}
			return inObject, template[1:]
		case key == "metadata":
			return inMetadata, nil
		case key == "spec" && len(template) == 0: // a Pod is its own template
			return inPodSpec, nil
		case key == "status":
			return nowhere, nil
		}
	case inTemplate:
		if key == "spec" {
			return inPodSpec, nil
		}
	case inPodSpec:
		if next, read := podSpecKeys[key]; read {
			return next, nil
		}
		return nowhere, nil
	case inSlot:
		if key != "name" && key != "image" {
			return nowhere, nil
		}
	}
	return elsewhere, nil
}
