package workload_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/workloadtest"
)

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

func TestLastApplied(t *testing.T) {
	manifest := `{"spec":{"template":{"spec":{"containers":[{"name":"web","image":"a/web:1.2.0"}],"volumes":[{"name":"web","image":{"reference":"a/models:1"}}]}}}}`
	padded := func(n int) string { return manifest + strings.Repeat(" ", n-len(manifest)) }
	tests := map[string]struct {
		applied          any
		key, want        string
		wantNoApplyKnown bool
	}{
		"an image that was applied":         {applied: manifest, key: "web", want: "a/web:1.2.0"},
		"a volume that was applied":         {applied: manifest, key: "volume/web", want: "a/models:1"},
		"a container that was not":          {applied: manifest, key: "job"},
		"never applied":                     {applied: "", key: "web", wantNoApplyKnown: true},
		"no text":                           {applied: 7, key: "web", wantNoApplyKnown: true},
		"no JSON":                           {applied: manifest[1:], key: "web", wantNoApplyKnown: true},
		"a list":                            {applied: "[" + manifest + "]", key: "web", wantNoApplyKnown: true},
		"another shape":                     {applied: `{"spec":{"template":[]}}`, key: "web"},
		"as long as annotations may be":     {applied: padded(256 << 10), key: "web", want: "a/web:1.2.0"},
		"longer than annotations may be":    {applied: padded(256<<10 + 1), key: "web", wantNoApplyKnown: true},
		"nested deeper than anybody writes": {applied: strings.Repeat(`{"a":`, 20_000) + "1" + strings.Repeat("}", 20_000), key: "web", wantNoApplyKnown: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			applied := workloadtest.Deployment(t, keys{lastApplied: test.applied}, nil).LastApplied()
			if (applied == nil) != test.wantNoApplyKnown {
				t.Fatalf("got %v", applied)
			}
			if got := applied.ImageOf(test.key); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestCarriesRecord(t *testing.T) {
	record := map[string]any{"metadata": map[string]any{"annotations": map[string]any{"garboard.dev/resolved": "web=1"}}}
	owns := func(kind workload.Kind, annotation string) map[string]any {
		fields := map[string]any{"f:metadata": map[string]any{"f:annotations": map[string]any{"f:" + annotation: map[string]any{}}}}
		for i := len(kind.Template) - 1; i >= 0; i-- {
			fields = map[string]any{"f:" + kind.Template[i]: fields}
		}
		return fields
	}
	manager := func(operation string, fields any) []any {
		return []any{map[string]any{"manager": "other", "operation": "Apply"}, map[string]any{"manager": "kubectl", "operation": operation, "fieldsV1": fields}}
	}
	for _, kind := range workload.StandardKinds().All() {
		manifest, err := json.Marshal(inTemplate(kind, record))
		if err != nil {
			t.Fatal(err)
		}
		plain, err := json.Marshal(inTemplate(kind, map[string]any{"spec": map[string]any{}}))
		if err != nil {
			t.Fatal(err)
		}
		tests := map[string]struct {
			applied  string
			managers any
			want     bool
		}{
			"neither":                                  {},
			"a record in the manifest applied":         {applied: string(manifest), want: true},
			"a manifest without a record":              {applied: string(plain)},
			"a server-side applier that owns it":       {managers: manager("Apply", owns(kind, "garboard.dev/resolved")), want: true},
			"a server-side applier of something else":  {managers: manager("Apply", owns(kind, "garboard.dev/policy"))},
			"an update, as admission's own is":         {managers: manager("Update", owns(kind, "garboard.dev/resolved"))},
			"a record in the manifest, an update both": {applied: string(manifest), managers: manager("Update", owns(kind, "garboard.dev/resolved")), want: true},
			"managed fields of other types":            {managers: []any{1, nil, map[string]any{"operation": "Apply", "fieldsV1": "x"}}},
		}
		for name, test := range tests {
			t.Run(fmt.Sprint(kind.GroupVersionKind.Kind, ": ", name), func(t *testing.T) {
				o := workloadtest.Parse(t, kind.Group, kind.GroupVersionKind.Kind, map[string]any{"metadata": map[string]any{
					"annotations": map[string]any{lastApplied: test.applied}, "managedFields": test.managers,
				}})
				if got := o.CarriesRecord(); got != test.want {
					t.Errorf("got %v, want %v", got, test.want)
				}
			})
		}
	}
}
