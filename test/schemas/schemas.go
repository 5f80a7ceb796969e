// Package schemas makes the JSON schemas by which kubeconform judges manifests: of the
// OpenAPI document that each release of Kubernetes has in its module, and of
// CustomResourceDefinitions. They are strict: a field that is not in them is a fault.
package schemas

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Location is the place of a schema below the folder of a Set, in the words of kubeconform's
// -schema-location.
const Location = "{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json"

// objectMeta is the definition of metadata, for kinds that do not tell what theirs is.
const objectMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"

// dialect is the one that kubeconform takes for granted.
const dialect = "http://json-schema.org/draft-04/schema#"

// Set is the schemas of one release of Kubernetes, and of the kinds that were defined there.
type Set struct {
	definitions map[string]map[string]any
	kinds       map[schema.GroupVersionKind]map[string]any
}

// Parse reads the OpenAPI document, version 2, that a release of Kubernetes publishes.
func Parse(openAPI []byte) (*Set, error) {
	var document struct {
		Definitions map[string]map[string]any `json:"definitions"`
	}
	if err := json.Unmarshal(openAPI, &document); err != nil {
		return nil, fmt.Errorf("parsing an OpenAPI document: %w", err)
	}
	if len(document.Definitions) == 0 {
		return nil, errors.New("parsing an OpenAPI document: it has no definitions")
	}
	s := &Set{map[string]map[string]any{}, map[schema.GroupVersionKind]map[string]any{}}
	for name, definition := range document.Definitions {
		made, err := convert(definition, true)
		if err != nil {
			return nil, fmt.Errorf("converting definition %q: %w", name, err)
		}
		s.definitions[name] = made
		if kind, ok := kindOf(definition); ok {
			s.kinds[kind] = made
		}
	}
	// The document says string, and the API server takes numbers.
	if quantity := s.definitions["io.k8s.apimachinery.pkg.api.resource.Quantity"]; quantity != nil {
		quantity["type"] = []any{"string", "number"}
	}
	return s, nil
}

// kindOf is the one kind whose objects a definition describes. What is of many groups, as
// the options of a deletion are, is no object.
func kindOf(definition map[string]any) (schema.GroupVersionKind, bool) {
	listed, _ := definition["x-kubernetes-group-version-kind"].([]any)
	if len(listed) != 1 {
		return schema.GroupVersionKind{}, false
	}
	names, _ := listed[0].(map[string]any)
	group, _ := names["group"].(string)
	version, _ := names["version"].(string)
	kind, _ := names["kind"].(string)
	return schema.GroupVersionKind{Group: group, Version: version, Kind: kind}, version != "" && kind != ""
}

// Write puts a file for each kind into a folder, at its Location.
func (s *Set) Write(dir string) error {
	for kind, body := range s.kinds {
		text, err := json.Marshal(s.standalone(kind, body))
		if err != nil {
			return fmt.Errorf("writing the schema of %q: %w", kind, err)
		}
		folder := kind.Group
		if folder == "" {
			folder = kind.Version // as kubeconform takes v1 apart
		}
		path := filepath.Join(dir, folder, strings.ToLower(kind.Kind)+"_"+kind.Version+".json")
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o750), os.WriteFile(path, text, 0o600)); err != nil {
			return fmt.Errorf("writing the schema of %q: %w", kind, err)
		}
	}
	return nil
}

// standalone is the schema of a kind with all definitions that it refers to. The kind is
// looked for by its name in small letters, so that its name is checked here.
func (s *Set) standalone(kind schema.GroupVersionKind, body map[string]any) map[string]any {
	whole := maps.Clone(body)
	whole["$schema"] = dialect
	properties := map[string]any{}
	if own, ok := body["properties"].(map[string]any); ok {
		maps.Copy(properties, own)
	}
	properties["apiVersion"] = map[string]any{"enum": []any{kind.GroupVersion().String()}}
	properties["kind"] = map[string]any{"enum": []any{kind.Kind}}
	whole["properties"] = properties
	required, _ := body["required"].([]any)
	whole["required"] = append(slices.Clone(required), "apiVersion", "kind")
	whole["definitions"] = s.reachable(body)
	return whole
}

// reachable are the definitions that a schema refers to, those of theirs among them.
func (s *Set) reachable(from map[string]any) map[string]any {
	found := map[string]any{}
	left := []map[string]any{from}
	for len(left) > 0 {
		node := left[len(left)-1]
		left = left[:len(left)-1]
		name, ok := referred(node)
		if !ok {
			left = append(left, partsOf(node)...)
			continue
		}
		if target := s.definitions[name]; target != nil && found[name] == nil {
			found[name] = target
			left = append(left, target)
		}
	}
	return found
}
