package schemas_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"sigs.k8s.io/yaml"

	"github.com/garboard-dev/garboard/test/schemas"
)

// published is a document as Kubernetes publishes it, of one kind. Its metadata is of the
// name that definitions of other kinds refer to, and it has a field called $ref, as the
// schemas in a CustomResourceDefinition have.
const published = `{"definitions": {
  "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta": {"type": "object", "description": "…", "properties": {
    "name": {"type": "string"}, "labels": {"type": "object", "additionalProperties": {"type": "string"}}}},
  "io.k8s.apimachinery.pkg.api.resource.Quantity": {"type": "string"},
  "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"type": "string", "format": "int-or-string"},
  "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": {"type": "object"},
  "example.Spec": {"type": "object", "required": ["size"], "properties": {
    "size": {"$ref": "#/definitions/io.k8s.apimachinery.pkg.api.resource.Quantity"},
    "port": {"$ref": "#/definitions/io.k8s.apimachinery.pkg.util.intstr.IntOrString", "description": "…"},
    "anything": {"$ref": "#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1"},
    "$ref": {"type": "string"},
    "within": {"type": "array", "items": {"$ref": "#/definitions/example.Spec"}}}},
  "example.Box": {"type": "object", "x-kubernetes-group-version-kind": [{"group": "shop.example.com", "version": "v1", "kind": "Box"}],
    "properties": {"apiVersion": {"type": "string"}, "kind": {"type": "string"},
      "metadata": {"$ref": "#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"},
      "spec": {"$ref": "#/definitions/example.Spec"}}}
}}`

func TestPublishedSchemasAreStrict(t *testing.T) {
	set, err := schemas.Parse([]byte(published))
	if err != nil {
		t.Fatal(err)
	}
	judge := judgeOf(t, set, "shop.example.com/box_v1.json")
	for name, tt := range map[string]struct{ fields, fault string }{
		"an object with all that it needs":          {"spec: {size: 1Gi}", ""},
		"a quantity may be a number":                {"spec: {size: 1}", ""},
		"a quantity is no list":                     {"spec: {size: []}", "got array"},
		"a field is missing":                        {"spec: {}", "missing property 'size'"},
		"a field is misspelt":                       {"spec: {size: 1, prot: 80}", "'prot' not allowed"},
		"a field is misspelt in a list":             {"spec: {size: 1, within: [{size: 1, prot: 80}]}", "'prot' not allowed"},
		"a field of metadata is misspelt":           {"metadata: {title: x}", "'title' not allowed"},
		"a field at the top is misspelt":            {"sepc: {}", "'sepc' not allowed"},
		"a port has a number":                       {"spec: {size: 1, port: 80}", ""},
		"a port has a name":                         {"spec: {size: 1, port: http}", ""},
		"a port is no list":                         {"spec: {size: 1, port: [80]}", "got array"},
		"labels have any name":                      {"metadata: {labels: {a: b}}", ""},
		"a label is no number":                      {"metadata: {labels: {a: 1}}", "got number, want string"},
		"an object without fields holds all":        {"spec: {size: 1, anything: {a: [1]}}", ""},
		"a field is called as a keyword":            {"spec: {size: 1, $ref: text}", ""},
		"a field called as a keyword has its type":  {"spec: {size: 1, $ref: 1}", "got number, want string"},
		"null is no value":                          {"spec: {size: 1, within: null}", "got null"},
		"the kind is written in small letters":      {"kind: box", "must be 'Box'"},
		"the version of the API belongs to another": {"apiVersion: v1", "must be 'shop.example.com/v1'"},
	} {
		t.Run(name, func(t *testing.T) {
			judge(t, "{apiVersion: shop.example.com/v1, kind: Box, metadata: {name: x}}", tt.fields, tt.fault)
		})
	}
}

const definition = `
spec:
  group: shop.example.com
  names: {kind: Crate}
  versions:
  - {name: v1alpha1, served: false, schema: {openAPIV3Schema: {type: object}}}
  - name: v1
    served: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          apiVersion: {type: string}
          kind: {type: string}
          metadata: {type: object}
          spec:
            type: object
            required: [size, colour]
            oneOf: [{required: [lid]}, {required: [door]}]
            x-kubernetes-validations: [{rule: self.size > 1}]
            properties:
              size: {type: integer, minimum: 1}
              colour: {type: string, enum: [red, blue], default: red}
              lid: {type: string, nullable: true}
              door: {x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}]}
              open: {type: object, x-kubernetes-preserve-unknown-fields: true, properties: {a: {type: string}}}
`

func TestDefinedKindsAreStrict(t *testing.T) {
	set, err := schemas.Parse([]byte(published))
	if err != nil {
		t.Fatal(err)
	}
	if err := set.Define([]byte(definition)); err != nil {
		t.Fatal(err)
	}
	judge := judgeOf(t, set, "shop.example.com/crate_v1.json")
	for name, tt := range map[string]struct{ fields, fault string }{
		"a field with a default is left out":   {"spec: {size: 2, lid: flat}", ""},
		"a field without a default is missing": {"spec: {lid: flat}", "missing property 'size'"},
		"a field is misspelt":                  {"spec: {size: 2, lid: flat, colr: red}", "'colr' not allowed"},
		"a value is not among those allowed":   {"spec: {size: 2, lid: flat, colour: green}", "must be one of 'red', 'blue'"},
		"a number is below the minimum":        {"spec: {size: 0, lid: flat}", "minimum"},
		"both of two that exclude each other":  {"spec: {size: 2, lid: flat, door: 1}", "oneOf"},
		"null where it is allowed":             {"spec: {size: 2, lid: null}", ""},
		"a number or a text":                   {"spec: {size: 2, door: left}", ""},
		"neither a number nor a text":          {"spec: {size: 2, door: {}}", "got object"},
		"unknown fields where they are kept":   {"spec: {size: 2, lid: flat, open: {b: 1}}", ""},
		"metadata are those of Kubernetes":     {"{metadata: {title: x}, spec: {size: 2, lid: flat}}", "'title' not allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			judge(t, "{apiVersion: shop.example.com/v1, kind: Crate, metadata: {name: x}}", tt.fields, tt.fault)
		})
	}
	if err := set.Define([]byte(strings.Replace(definition, "minimum: 1", "minimum: 1, format: int32, x-other: 1", 1))); err != nil {
		t.Errorf("extensions of others: %v", err)
	}
}

// What the conversion does not know, it must not pass over.
func TestWhatIsNoPublishedSchemaIsRefused(t *testing.T) {
	for name, tt := range map[string]struct{ text, fault string }{
		"no JSON":            {"definitions: {}", "invalid character"},
		"no definitions":     {"{}", "no definitions"},
		"an unknown keyword": {`{"definitions": {"a": {"properties": {"b": {"if": {}}}}}}`, `converting definition "a": properties: b: unknown keyword "if"`},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := schemas.Parse([]byte(tt.text)); err == nil || !strings.Contains(err.Error(), tt.fault) {
				t.Errorf("got %v, want %q", err, tt.fault)
			}
		})
	}
}

// judgeOf compiles a schema as kubeconform does. What it returns judges an object with some
// fields laid over.
func judgeOf(t *testing.T, set *schemas.Set, file string) func(t *testing.T, object, fields, fault string) {
	t.Helper()
	dir := t.TempDir()
	if err := set.Write(dir); err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft4)
	schema, err := compiler.Compile(filepath.Join(dir, file))
	if err != nil {
		t.Fatal(err)
	}
	return func(t *testing.T, object, fields, fault string) {
		t.Helper()
		var whole map[string]any
		for _, text := range []string{object, fields} {
			if err := yaml.Unmarshal([]byte(text), &whole); err != nil {
				t.Fatal(err)
			}
		}
		err := schema.Validate(whole)
		if (err == nil) != (fault == "") || err != nil && !strings.Contains(err.Error(), fault) {
			t.Errorf("got %v, want %q", err, fault)
		}
	}
}
