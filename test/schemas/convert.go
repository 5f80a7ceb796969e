package schemas

import (
	"fmt"
	"slices"
	"strings"
)

const (
	reference = "$ref"
	// referencePrefix leads to a definition, in OpenAPI and in what is made of it.
	referencePrefix = "#/definitions/"
)

// holding is what a keyword of a schema holds.
type holding int

const (
	unknown holding = iota
	plain           // a value for itself
	single          // a schema
	list            // a list of schemas
	byName          // schemas by the names of fields
	ignored         // what judges nothing, or is told by a rule of its own
)

// held tells the keywords of OpenAPI 2 and of CustomResourceDefinitions.
func held(keyword string) holding {
	switch keyword {
	case "type", "format", "enum", "required", "pattern", "minLength", "maxLength", "minItems", "maxItems", "uniqueItems",
		"minProperties", "maxProperties", "multipleOf", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum":
		return plain
	case "not", "items", "additionalProperties":
		return single
	case "allOf", "anyOf", "oneOf":
		return list
	case "properties":
		return byName
	case "description", "title", "example", "externalDocs", "default", "nullable":
		return ignored
	}
	if strings.HasPrefix(keyword, "x-") {
		return ignored
	}
	return unknown
}

// convert makes JSON Schema of a schema of OpenAPI. Where it is closed, an object takes only
// the fields that are listed; parts of allOf, anyOf, oneOf and not never are, since they list
// a few of those that are allowed.
func convert(from map[string]any, closed bool) (map[string]any, error) {
	if target, ok := from[reference].(string); ok {
		return map[string]any{reference: target}, nil
	}
	made := map[string]any{}
	for keyword, value := range from {
		holds := held(keyword)
		if holds == ignored {
			continue
		}
		if holds == unknown {
			return nil, fmt.Errorf("unknown keyword %q", keyword)
		}
		converted, err := convertValue(value, holds, closed && !combines(keyword))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", keyword, err)
		}
		made[keyword] = converted
	}
	allow(from, made)
	if closed {
		closeObject(from, made)
	}
	return made, nil
}

// combines reports whether a keyword holds conditions beside those of the schema itself.
func combines(keyword string) bool {
	return slices.Contains([]string{"allOf", "anyOf", "oneOf", "not"}, keyword)
}

func convertValue(value any, holds holding, closed bool) (any, error) {
	switch value := value.(type) {
	case map[string]any:
		switch holds {
		case single:
			return convert(value, closed)
		case byName:
			return convertFields(value, closed)
		}
	case []any:
		if holds == list {
			return convertList(value, closed)
		}
	}
	return value, nil
}

func convertFields(fields map[string]any, closed bool) (any, error) {
	made := map[string]any{}
	for name, field := range fields {
		converted, err := convertValue(field, single, closed)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		made[name] = converted
	}
	return made, nil
}

func convertList(schemas []any, closed bool) (any, error) {
	made := make([]any, len(schemas))
	for i, part := range schemas {
		converted, err := convertValue(part, single, closed)
		if err != nil {
			return nil, err
		}
		made[i] = converted
	}
	return made, nil
}

// allow takes over what OpenAPI says in words of its own: both types, or null as well.
func allow(from, made map[string]any) {
	if from["format"] == "int-or-string" || isTrue(from["x-kubernetes-int-or-string"]) {
		made["type"] = []any{"integer", "string"}
		delete(made, "format")
	}
	if !isTrue(from["nullable"]) {
		return
	}
	switch types := made["type"].(type) {
	case string:
		made["type"] = []any{types, "null"}
	case []any:
		made["type"] = append(slices.Clone(types), "null")
	}
	if values, ok := made["enum"].([]any); ok {
		made["enum"] = append(slices.Clone(values), nil)
	}
}

// closeObject refuses fields that are not listed, and asks for none that has a default. An
// object within another, or one that may hold anything, stays open.
func closeObject(from, made map[string]any) {
	properties, ok := from["properties"].(map[string]any)
	if !ok {
		return
	}
	_, open := from["additionalProperties"]
	if !open && !isTrue(from["x-kubernetes-preserve-unknown-fields"]) && !isTrue(from["x-kubernetes-embedded-resource"]) {
		made["additionalProperties"] = false
	}
	required, ok := from["required"].([]any)
	if !ok {
		return
	}
	required = slices.DeleteFunc(slices.Clone(required), func(name any) bool {
		field, _ := name.(string)
		property, _ := properties[field].(map[string]any)
		_, defaulted := property["default"]
		return defaulted
	})
	delete(made, "required")
	if len(required) > 0 { // draft 4 knows no empty list of them
		made["required"] = required
	}
}

func isTrue(value any) bool {
	is, _ := value.(bool)
	return is
}

// referred is the name of the definition that a schema stands for.
func referred(node map[string]any) (string, bool) {
	target, ok := node[reference].(string)
	return strings.TrimPrefix(target, referencePrefix), ok
}

// partsOf are the schemas directly within one.
func partsOf(node map[string]any) []map[string]any {
	var parts []map[string]any
	add := func(value any) {
		if part, ok := value.(map[string]any); ok {
			parts = append(parts, part)
		}
	}
	for keyword, value := range node {
		switch held(keyword) {
		case single:
			add(value)
		case list:
			for _, part := range value.([]any) {
				add(part)
			}
		case byName:
			for _, part := range value.(map[string]any) {
				add(part)
			}
		}
	}
	return parts
}
