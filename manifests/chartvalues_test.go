package manifests_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

const (
	chartReadme      = "chart/README.md"
	beginValues      = "<!-- begin generated: make manifests -->\n"
	endValues        = "<!-- end generated -->\n"
	schemaDialect    = "https://json-schema.org/draft/2020-12/schema"
	chartSchema      = "chart/values.schema.json"
	chartValues      = "chart/values.yaml"
	maxDefaultLength = 60
)

// A chart cannot read beyond its folder, so it has copies.
func TestInstallChartHasTheFilesOfTheComponents(t *testing.T) {
	for copied, original := range map[string]string{
		"policy.yaml":    policyFile,
		"rules.yaml":     "components/monitoring/rules.yaml",
		"dashboard.json": "components/monitoring/dashboard.json",
	} {
		want, err := os.ReadFile(original)
		must(t, err)
		path := filepath.Join(chart, "files", copied)
		if *update {
			must(t, os.WriteFile(path, want, 0o644))
		}
		got, err := os.ReadFile(path)
		must(t, err)
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s is not %s; run: make manifests (-want +got):\n%s", path, original, diff)
		}
	}
}

// The README's table is made of schema and defaults.
func TestInstallChartReadmeHasAllValues(t *testing.T) {
	text, err := os.ReadFile(chartReadme)
	must(t, err)
	before, rest, begins := strings.Cut(string(text), beginValues)
	_, after, ends := strings.Cut(rest, endValues)
	if !begins || !ends {
		t.Fatalf("%s has no generated part", chartReadme)
	}
	var rows strings.Builder
	rows.WriteString("| value | default | |\n|---|---|---|\n")
	describe(t, &rows, "", document(t, chartSchema), document(t, chartValues))
	want := before + beginValues + rows.String() + endValues + after
	if *update {
		must(t, os.WriteFile(chartReadme, []byte(want), 0o644))
		text = []byte(want)
	}
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("%s is stale; run: make manifests (-want +got):\n%s", chartReadme, diff)
	}
}

// describe writes a row a value, in the order of the schema, and fails where schema and
// defaults do not have the same.
func describe(t *testing.T, rows *strings.Builder, path string, schema, values *yaml.Node) {
	t.Helper()
	properties := child(schema, "properties")
	for i := 0; values != nil && i < len(values.Content); i += 2 {
		if key := values.Content[i].Value; child(properties, key) == nil {
			t.Errorf("%s%s has a default and is not in the schema", path, key)
		}
	}
	for i := 0; i < len(properties.Content); i += 2 {
		key, property := properties.Content[i].Value, properties.Content[i+1]
		value, description := child(values, key), text(child(property, "description"))
		if path+key == "global" {
			continue
		}
		if description == "" || value == nil {
			t.Errorf("%s%s: described as %q, default %v; want both", path, key, description, value)
			continue
		}
		if child(property, "properties") != nil {
			fmt.Fprintf(rows, "| **%s%s** | | %s |\n", path, key, cell(description))
			describe(t, rows, path+key+".", property, value)
			continue
		}
		fmt.Fprintf(rows, "| `%s%s` | `%s` | %s |\n", path, key, shown(t, value), cell(description))
	}
}

func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

// shown is a default in one line.
func shown(t *testing.T, value *yaml.Node) string {
	t.Helper()
	var plain any
	must(t, value.Decode(&plain))
	line, err := json.Marshal(plain)
	must(t, err)
	if len(line) > maxDefaultLength*2 {
		t.Fatalf("a default of %d bytes is too long for the table", len(line))
	}
	return string(line)
}

func document(t *testing.T, path string) *yaml.Node {
	t.Helper()
	data, err := os.ReadFile(path)
	must(t, err)
	var root yaml.Node
	must(t, yaml.Unmarshal(data, &root))
	return root.Content[0]
}

// child is the value of a key; nil where there is none.
func child(node *yaml.Node, key string) *yaml.Node {
	if node == nil {
		return nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			return node.Content[i+1]
		}
	}
	return nil
}

func text(node *yaml.Node) string {
	if node == nil {
		return ""
	}
	return node.Value
}

// What nobody described, or a misspelt key, must not pass: each object of the chart's own
// is closed.
func TestChartSchemaIsClosedAndDescribed(t *testing.T) {
	root := document(t, chartSchema)
	if got := text(child(root, "$schema")); got != schemaDialect {
		t.Errorf("dialect %q, want %q", got, schemaDialect)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if _, err := compiler.Compile(chartSchema); err != nil {
		t.Error(err)
	}
	closed(t, "", root)
}

func closed(t *testing.T, path string, schema *yaml.Node) {
	t.Helper()
	properties := child(schema, "properties")
	if properties == nil {
		return
	}
	if text(child(schema, "additionalProperties")) != "false" {
		t.Errorf("%q takes unknown keys", path)
	}
	for i := 0; i < len(properties.Content); i += 2 {
		property := properties.Content[i+1]
		name := strings.TrimPrefix(path+"."+properties.Content[i].Value, ".")
		if text(child(property, "description")) == "" {
			t.Errorf("%s is not described", name)
		}
		closed(t, name, property)
		if items := child(property, "items"); text(child(items, "additionalProperties")) == "false" {
			closed(t, name+"[]", items)
		}
	}
}
