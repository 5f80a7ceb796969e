package workload_test

import (
	"fmt"
	"testing"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/workloadtest"
)

// fieldsOf are the managed fields of one field of a container.
func fieldsOf(name, field string) map[string]any {
	item := map[string]any{"k:{\"name\":\"" + name + "\"}": map[string]any{field: map[string]any{}}}
	return map[string]any{"f:spec": map[string]any{"f:template": map[string]any{"f:spec": map[string]any{"f:containers": item}}}}
}

func entryBy(manager, operation string, fields map[string]any) any {
	return map[string]any{"manager": manager, "operation": operation, "fieldsV1": fields}
}

// managed is a Deployment of the container web.
func managed(t *testing.T, entries []any) *workload.Object {
	t.Helper()
	return workloadtest.Parse(t, "apps", "Deployment", map[string]any{
		"metadata": map[string]any{"managedFields": entries},
		"spec": map[string]any{"template": map[string]any{"spec": map[string]any{
			"containers": []any{map[string]any{"name": "web", "image": "a/web:1.2.0"}},
		}}},
	})
}

func TestImageWriter(t *testing.T) {
	web, job := fieldsOf("web", "f:image"), fieldsOf("job", "f:image")
	at := func(time string, entry any) any {
		entry.(map[string]any)["time"] = time
		return entry
	}
	flux := entryBy("flux", "Apply", web)
	for name, test := range map[string]struct {
		was, is []any
		want    string
	}{
		"no managed fields":                      {},
		"a program takes the image":              {was: []any{flux}, is: []any{entryBy("flux", "Apply", job), entryBy("k9s", "Update", web)}, want: "k9s"},
		"the same program writes it again":       {was: []any{at("1", entryBy("k9s", "Update", web))}, is: []any{at("2", entryBy("k9s", "Update", web))}, want: "k9s"},
		"a label, and a webhook wrote the image": {was: []any{at("1", entryBy("k9s", "Update", web))}, is: []any{at("1", entryBy("k9s", "Update", web))}},
		"an apply":                               {was: []any{entryBy("k9s", "Update", web)}, is: []any{flux}},
		"who applies the same beside its writer": {was: []any{entryBy("k9s", "Update", web)}, is: []any{entryBy("k9s", "Update", web), flux}},
		"another container":                      {was: []any{flux}, is: []any{flux, entryBy("k9s", "Update", job)}},
		"a status that a controller writes":      {was: []any{flux}, is: []any{flux, map[string]any{"manager": "k9s", "operation": "Update", "subresource": "status", "fieldsV1": web}}},
	} {
		t.Run(name, func(t *testing.T) {
			stored, object := managed(t, test.was), managed(t, test.is)
			if got := object.ImageWriter(stored, object.Slots()[0]); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

func TestAppliedBy(t *testing.T) {
	web := fieldsOf("web", "f:image")
	whole := map[string]any{"f:spec": map[string]any{"f:template": map[string]any{"f:spec": map[string]any{"f:containers": map[string]any{}}}}}
	exported := fieldsOf("web", "f:image")
	exported["f:metadata"] = map[string]any{"f:annotations": map[string]any{"f:garboard.dev/state": map[string]any{}}}
	person := entryBy("kubectl-set", "Update", web)
	crowd := []any{person}
	for n := range 100 {
		crowd = append(crowd, entryBy(fmt.Sprint("m", n), "Apply", web))
	}
	tests := map[string]struct {
		was, is []any
		want    bool
	}{
		"no managed fields": {},
		"an apply of what a person wrote": {
			was: []any{person, entryBy("flux", "Apply", nil)}, is: []any{person, entryBy("flux", "Apply", web)}, want: true,
		},
		"a first apply of what a person wrote": {
			was: []any{person}, is: []any{person, entryBy("flux", "Apply", web)}, want: true,
		},
		"an apply of a list that is owned as a whole": {
			was: []any{entryBy("kubectl", "Update", whole)}, is: []any{entryBy("kubectl", "Update", whole), entryBy("flux", "Apply", whole)}, want: true,
		},
		"the same apply again, seen as admission has answered it": {
			was: []any{person, entryBy("flux", "Apply", web)}, is: []any{person, entryBy("flux", "Apply", web)},
		},
		"an apply that took the image over, seen as admission has answered it": {
			was: []any{person, entryBy("flux", "Apply", nil)}, is: []any{entryBy("flux", "Apply", web)},
		},
		"another write by who applies": {
			was: []any{person, entryBy("flux", "Apply", nil)}, is: []any{person, entryBy("flux", "Apply", nil), entryBy("flux", "Update", web)},
		},
		"an apply by somebody else": {
			was: []any{person}, is: []any{person, entryBy("argocd", "Apply", web)},
		},
		"an apply of another container": {
			was: []any{person}, is: []any{person, entryBy("flux", "Apply", fieldsOf("job", "f:image"))},
		},
		"an apply of another field": {
			was: []any{person}, is: []any{person, entryBy("flux", "Apply", fieldsOf("web", "f:env"))},
		},
		"an apply of what was read from the cluster": {
			was: []any{person}, is: []any{person, entryBy("flux", "Apply", exported)},
		},
		"client-side fields that a tool made server-side ones": {
			was: []any{entryBy("flux", "Update", web)}, is: []any{entryBy("flux", "Apply", web)},
		},
		"client-side fields that a tool merged into those of an applier": {
			was: []any{entryBy("kubectl-client-side-apply", "Update", web), entryBy("flux", "Apply", nil)},
			is:  []any{entryBy("flux", "Apply", web)},
		},
		"more managers than anybody has": {
			was: crowd, is: append(crowd[:len(crowd):len(crowd)], entryBy("flux", "Apply", web)),
		},
		"entries of other types": {
			was: []any{7, person}, is: []any{"x", person, map[string]any{"manager": "flux", "operation": "Apply", "fieldsV1": 1}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			o := managed(t, test.is)
			if got := o.AppliedBy("flux", managed(t, test.was), o.Slots()[0]); got != test.want {
				t.Errorf("got %t, want %t", got, test.want)
			}
		})
	}
}

// Who writes an image takes its field, or another time. A webhook does neither.
func TestLeavesImage(t *testing.T) {
	at := func(time string, entry any) any {
		entry.(map[string]any)["time"] = time
		return entry
	}
	web := fieldsOf("web", "f:image")
	flux := func(time string) any { return at(time, entryBy("flux", "Apply", web)) }
	for name, test := range map[string]struct {
		was, is []any
		want    bool
	}{
		"no managed fields":                   {},
		"a label":                             {was: []any{flux("1")}, is: []any{flux("1"), at("2", entryBy("kubectl-label", "Update", nil))}, want: true},
		"an apply":                            {was: []any{flux("1")}, is: []any{flux("2")}},
		"a person who takes it":               {was: []any{flux("1")}, is: []any{at("2", entryBy("kubectl-set", "Update", web))}},
		"another who shares it":               {was: []any{flux("1")}, is: []any{flux("1"), at("2", entryBy("argocd", "Apply", web))}},
		"a status":                            {was: []any{flux("1")}, is: []any{flux("1"), map[string]any{"manager": "x", "operation": "Update", "subresource": "status", "fieldsV1": web}}, want: true},
		"an object whose fields nobody owned": {is: []any{flux("1")}},
	} {
		t.Run(name, func(t *testing.T) {
			o := managed(t, test.is)
			if got := o.LeavesImage(managed(t, test.was), o.Slots()[0]); got != test.want {
				t.Errorf("got %t, want %t", got, test.want)
			}
		})
	}
}
