package manifest

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// wanted returns the values of the documents with their replacements but those left
// out. The values themselves are not changed.
func (s *Stream) wanted(left []*SharedError) []any {
	type place struct {
		root    *root
		pointer string
	}
	skip := map[place]bool{}
	for _, k := range left {
		skip[place{k.Document.root, pointerTo(append(append([]any{}, k.Document.prefix...), k.Path...))}] = true
	}
	values := make([]any, len(s.roots))
	for i, r := range s.roots {
		values[i] = cloneValue(r.value)
		for _, d := range r.docs {
			for _, e := range d.edits {
				if !skip[place{r, pointerTo(e.path)}] {
					putText(values[i], e.path, e.value)
				}
			}
		}
	}
	return values
}

// putText sets the text at a path, which Replace has found to be there.
func putText(value any, path []any, text string) {
	last := len(path) - 1
	for _, element := range path[:last] {
		switch element := element.(type) {
		case string:
			value = value.(map[string]any)[element]
		case int:
			value = value.([]any)[element]
		}
	}
	switch element := path[last].(type) {
	case string:
		value.(map[string]any)[element] = text
	case int:
		value.([]any)[element] = text
	}
}

func cloneValue(value any) any {
	switch value := value.(type) {
	case map[string]any:
		copied := make(map[string]any, len(value))
		for k, v := range value {
			copied[k] = cloneValue(v)
		}
		return copied
	case []any:
		copied := make([]any, len(value))
		for i, v := range value {
			copied[i] = cloneValue(v)
		}
		return copied
	}
	return value
}

// JSON returns the documents of the streams with all replacements: one object,
// or a List where there are more or none, as kubectl prints them. Anchors are
// written out in it, so nothing is kept.
func JSON(streams ...*Stream) ([]byte, error) {
	items := []any{}
	for _, s := range streams {
		for _, d := range s.docs {
			items = append(items, d.replaced())
		}
	}
	var value any = map[string]any{"apiVersion": "v1", "kind": "List", "items": items}
	if len(items) == 1 {
		value = items[0]
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "    ")
	if err := encoder.Encode(value); err != nil {
		return nil, fmt.Errorf("writing JSON: %w", err)
	}
	return out.Bytes(), nil
}

// replaced returns the manifest with its replacements.
func (d *Document) replaced() any {
	if len(d.edits) == 0 {
		return d.Object
	}
	object := cloneValue(d.Object)
	for _, e := range d.edits {
		putText(object, e.path[len(d.prefix):], e.value)
	}
	return object
}
