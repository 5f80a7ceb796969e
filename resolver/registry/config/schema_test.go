package config_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/garboard-dev/garboard/resolver/registry/config"
)

const schemaFile = "../../../docs/registries.schema.json"

// beyondSchema are the faults that no schema sees: those of YAML, of the files
// that are named, and of two values that must differ.
func beyondSchema() []string {
	return []string{
		"anchor", "bad ca", "duplicate prefix", "empty secret file", "merge key", "missing files", "not a file",
		"poll too often", "several documents",
	}
}

func TestSchemaAndParserAgree(t *testing.T) {
	schema := compiled(t)
	valid, invalid := cases(t, "valid-*.yaml"), cases(t, "invalid-*.yaml")
	folder(t)
	for _, file := range slices.Concat(valid, invalid) {
		t.Run(sentence(file), func(t *testing.T) {
			data, err := os.ReadFile(filepath.Base(file))
			must(t, err)
			var value any
			if err := yaml.Unmarshal(data, &value); err != nil {
				t.Skipf("no YAML, so nothing for a schema: %v", err)
			}
			_, parsed := config.Parse(filepath.Base(file), data, nil)
			validated := schema.Validate(value)
			if slices.Contains(beyondSchema(), strings.TrimPrefix(sentence(file), "invalid ")) {
				if parsed == nil || validated != nil {
					t.Errorf("got %v of the parser and %v of the schema, want a fault of the parser alone", parsed, validated)
				}
				return
			}
			if (parsed == nil) != (validated == nil) {
				t.Errorf("got %v of the parser, and of the schema: %v", parsed, validated)
			}
		})
	}
}

// The parser says which keys it knows where it is given one that it does not.
func TestSchemaHasTheKeysOfTheParser(t *testing.T) {
	const head = "{apiVersion: garboard.dev/v1alpha1, kind: RegistriesConfig, "
	tests := map[string]struct{ file, definition string }{
		"the file":      {head + "zzz: 1}", ""},
		"a registry":    {head + "registries: [{prefix: a.io, zzz: 1}]}", "registry"},
		"a mirror":      {head + "registries: [{prefix: a.io, hosts: [{host: https://a, zzz: 1}]}]}", "mirror"},
		"credentials":   {head + "registries: [{prefix: a.io, credentials: {zzz: 1}}]}", "credentials"},
		"a certificate": {head + "registries: [{prefix: a.io, client: {zzz: 1}}]}", "client"},
	}
	schema := compiled(t)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := config.Parse("f", []byte(test.file), nil)
			var faults config.Faults
			if !errors.As(err, &faults) {
				t.Fatalf("got error %v, want Faults", err)
			}
			want := ""
			for _, fault := range faults {
				if fault.Problem == "unknown key" {
					want = fault.Allowed
				}
			}
			object := schema
			if test.definition != "" {
				object = definition(t, test.definition)
			}
			got := strings.Join(slices.Sorted(maps.Keys(object.Properties)), ", ")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("keys of the schema (-parser +schema):\n%s", diff)
			}
			for key, property := range object.Properties {
				if property.Description == "" {
					t.Errorf("%s has no description", key)
				}
			}
		})
	}
}

// The page says of each key what it is.
func TestPageHasTheKeysOfTheSchema(t *testing.T) {
	page, err := os.ReadFile("../../../docs/registries-config.md")
	must(t, err)
	objects := []*jsonschema.Schema{compiled(t)}
	for _, name := range []string{"registry", "mirror", "credentials", "client"} {
		objects = append(objects, definition(t, name))
	}
	for _, object := range objects {
		for key := range object.Properties {
			if !strings.Contains(string(page), "| `"+key+"`") && !strings.Contains(string(page), "`client."+key+"`") {
				t.Errorf("no row of a table begins with %q", key)
			}
		}
	}
}

func compiled(t *testing.T) *jsonschema.Schema { return compile(t, "") }

func definition(t *testing.T, name string) *jsonschema.Schema { return compile(t, "#/$defs/"+name) }

func compile(t *testing.T, fragment string) *jsonschema.Schema {
	t.Helper()
	file, err := filepath.Abs(schemaFile)
	must(t, err)
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	schema, err := compiler.Compile(file + fragment)
	must(t, err)
	return schema
}
