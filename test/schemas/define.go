package schemas

import (
	"encoding/json"
	"errors"
	"fmt"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"
)

// Define adds the kinds of a CustomResourceDefinition. Its expressions (CEL) are not judged.
func (s *Set) Define(crd []byte) error {
	var definition apiextensionsv1.CustomResourceDefinition
	if err := yaml.Unmarshal(crd, &definition); err != nil {
		return fmt.Errorf("parsing a CustomResourceDefinition: %w", err)
	}
	for i := range definition.Spec.Versions {
		version := &definition.Spec.Versions[i]
		if !version.Served || version.Schema == nil || version.Schema.OpenAPIV3Schema == nil {
			continue
		}
		kind := schema.GroupVersionKind{Group: definition.Spec.Group, Version: version.Name, Kind: definition.Spec.Names.Kind}
		if err := s.define(kind, version.Schema.OpenAPIV3Schema); err != nil {
			return fmt.Errorf("converting the schema of %q: %w", kind, err)
		}
	}
	return nil
}

func (s *Set) define(kind schema.GroupVersionKind, properties *apiextensionsv1.JSONSchemaProps) error {
	text, err := json.Marshal(properties)
	var body map[string]any
	if err := errors.Join(err, json.Unmarshal(text, &body)); err != nil {
		return err
	}
	made, err := convert(body, true)
	if err != nil {
		return err
	}
	// All that a definition says of metadata is that it is an object.
	if fields, ok := made["properties"].(map[string]any); ok {
		fields["metadata"] = map[string]any{reference: referencePrefix + objectMeta}
	}
	s.kinds[kind] = made
	return nil
}
