package workload

import "fmt"

// What a placement may weigh. Every element is looked at for every node that
// it does not fit, and anyone who may create a workload writes them; a list of
// a thousand host names is within.
const (
	maxPlacement     = 1024
	maxPlacementText = 253 + 1 + 63 // the longest key of a label
)

// Placement returns what the pod template asks of the nodes that it runs on: a
// pod spec of nodeName, nodeSelector, tolerations and the required node
// affinity alone, each where it is given. Values of a wrong type are left in
// their place for the reader of the pod spec to refuse. The values are the
// object's own.
//
// It returns an error where there are more values than could be matched with
// nodes in time.
func (o *Object) Placement() (map[string]any, error) {
	spec := Child(o.template(), "spec")
	kept := map[string]any{}
	for _, key := range []string{"nodeName", "nodeSelector", "tolerations"} {
		if value := spec[key]; value != nil {
			kept[key] = value
		}
	}
	affinity := only(spec["affinity"], "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
	if affinity != nil {
		kept["affinity"] = affinity
	}
	if spendElements(kept, maxPlacement) < 0 {
		return nil, fmt.Errorf("reading where Pods may run: too much; allowed: at most %d values of at most %d bytes", maxPlacement, maxPlacementText)
	}
	return kept, nil
}

// only returns a value with nothing but what a path leads to; nil where that
// is nothing.
func only(value any, path ...string) any {
	m, ok := value.(map[string]any)
	if !ok || len(path) == 0 {
		return value
	}
	inner := only(m[path[0]], path[1:]...)
	if inner == nil {
		return nil
	}
	return map[string]any{path[0]: inner}
}

// spendElements takes the elements of a value from what is left; the rest is below
// zero where they, or a text's length, are too many. No more is walked than
// was left, in depth or in breadth.
func spendElements(value any, left int) int {
	left--
	switch value := value.(type) {
	case map[string]any:
		for key, inner := range value {
			if left < 0 || len(key) > maxPlacementText {
				return -1
			}
			left = spendElements(inner, left)
		}
	case []any:
		for _, inner := range value {
			if left < 0 {
				return -1
			}
			left = spendElements(inner, left)
		}
	case string:
		if len(value) > maxPlacementText {
			return -1
		}
	}
	return left
}
