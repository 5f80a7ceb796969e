package workload_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/keelson-dev/keelson/internal/workload"
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
			applied := deployment(t, keys{lastApplied: test.applied}, nil).LastApplied()
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
	record := map[string]any{"metadata": map[string]any{"annotations": map[string]any{"keelson.dev/resolved": "web=1"}}}
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
			"a server-side applier that owns it":       {managers: manager("Apply", owns(kind, "keelson.dev/resolved")), want: true},
			"a server-side applier of something else":  {managers: manager("Apply", owns(kind, "keelson.dev/policy"))},
			"an update, as admission's own is":         {managers: manager("Update", owns(kind, "keelson.dev/resolved"))},
			"a record in the manifest, an update both": {applied: string(manifest), managers: manager("Update", owns(kind, "keelson.dev/resolved")), want: true},
			"managed fields of other types":            {managers: []any{1, nil, map[string]any{"operation": "Apply", "fieldsV1": "x"}}},
		}
		for name, test := range tests {
			t.Run(fmt.Sprint(kind.GroupVersionKind.Kind, ": ", name), func(t *testing.T) {
				o := parse(t, kind.Group, kind.GroupVersionKind.Kind, map[string]any{"metadata": map[string]any{
					"annotations": map[string]any{lastApplied: test.applied}, "managedFields": test.managers,
				}})
				if got := o.CarriesRecord(); got != test.want {
					t.Errorf("got %v, want %v", got, test.want)
				}
			})
		}
	}
}

func TestAppliedBy(t *testing.T) {
	image := func(list, name, field string) map[string]any {
		item := map[string]any{"k:{\"name\":\"" + name + "\"}": map[string]any{field: map[string]any{}}}
		return map[string]any{"f:spec": map[string]any{"f:template": map[string]any{"f:spec": map[string]any{list: item}}}}
	}
	entry := func(manager, operation, at string, fields map[string]any) any {
		return map[string]any{"manager": manager, "operation": operation, "time": at, "fieldsV1": fields}
	}
	web := image("f:containers", "web", "f:image")
	const before, now = "2026-01-04T12:00:00Z", "2026-01-04T12:00:09Z"
	tests := map[string]struct {
		was, is []any
		want    bool
	}{
		"no managed fields": {},
		"an applier's first apply": {
			was: []any{entry("kubectl-set", "Update", before, web)},
			is:  []any{entry("kubectl-set", "Update", before, web), entry("flux", "Apply", now, web)}, want: true,
		},
		"another apply": {
			was: []any{entry("flux", "Apply", before, web)}, is: []any{entry("flux", "Apply", now, web)}, want: true,
		},
		"another write by who applied before": {
			was: []any{entry("flux", "Apply", before, web)},
			is:  []any{entry("flux", "Apply", before, web), entry("flux", "Update", now, nil)},
		},
		"an apply by somebody else": {
			is: []any{entry("argocd", "Apply", now, web)},
		},
		"an apply of something else": {
			is: []any{entry("flux", "Apply", now, image("f:containers", "job", "f:image"))},
		},
		"an apply of another field": {
			is: []any{entry("flux", "Apply", now, image("f:containers", "web", "f:env"))},
		},
		"an apply of a list that is owned as a whole": {
			is:   []any{entry("flux", "Apply", now, map[string]any{"f:spec": map[string]any{"f:template": map[string]any{}}})},
			want: true,
		},
		"an entry that was moved to server-side apply": {
			was: []any{entry("flux", "Update", before, web)}, is: []any{entry("flux", "Apply", before, web)},
		},
		"an entry that was merged into that of an applier": {
			was: []any{entry("kubectl-client-side-apply", "Update", before, web), entry("flux", "Apply", now, nil)},
			is:  []any{entry("flux", "Apply", now, web)},
		},
		"entries of other types": {
			was: []any{7}, is: []any{"x", map[string]any{"manager": "flux", "operation": "Apply", "fieldsV1": 1}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			managed := func(entries []any) *workload.Object {
				return parse(t, "apps", "Deployment", map[string]any{
					"metadata": map[string]any{"managedFields": entries},
					"spec": map[string]any{"template": map[string]any{"spec": map[string]any{
						"containers": []any{map[string]any{"name": "web", "image": "a/web:1.2.0"}},
					}}},
				})
			}
			o := managed(test.is)
			if got := o.AppliedBy("flux", managed(test.was), o.Slots()[0]); got != test.want {
				t.Errorf("got %t, want %t", got, test.want)
			}
		})
	}
}
