package settings_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/internal/workload/workloadtest"
)

// at follows a slot's path, as a JSON patch does.
func at(root any, path []any) any {
	for _, element := range path {
		switch element := element.(type) {
		case string:
			m, _ := root.(map[string]any)
			root = m[element]
		case int:
			list, _ := root.([]any)
			if element >= len(list) {
				return nil
			}
			root = list[element]
		}
	}
	return root
}

func TestSlotsOfEveryKind(t *testing.T) {
	want := map[string]string{
		"Deployment": "spec template spec", "StatefulSet": "spec template spec", "DaemonSet": "spec template spec",
		"ReplicaSet": "spec template spec", "ReplicationController": "spec template spec", "Job": "spec template spec",
		"CronJob": "spec jobTemplate spec template spec", "Pod": "spec",
	}
	for _, kind := range workload.StandardKinds().All() {
		t.Run(kind.GroupVersionKind.Kind, func(t *testing.T) {
			root := inTemplate(kind, map[string]any{
				"metadata": map[string]any{"annotations": map[string]any{"garboard.dev/resolved": "web=1", "garboard.dev/bump": "web=2"}},
				"spec": map[string]any{
					"containers":          []any{map[string]any{"name": "web", "image": "a/web:1"}},
					"initContainers":      []any{map[string]any{"name": "web", "image": "a/setup:1"}},
					"ephemeralContainers": []any{map[string]any{"name": "debug", "image": "a/debug:1"}},
					"volumes": []any{
						map[string]any{"name": "scratch", "emptyDir": map[string]any{}},
						map[string]any{"name": "web", "image": map[string]any{"reference": "a/models:1"}},
					},
				},
			})
			root["kind"], root["apiVersion"] = kind.GroupVersionKind.Kind, kind.GroupVersion().String()
			o, ok := workload.StandardKinds().FromMap(root)
			if !ok {
				t.Fatal("got no workload")
			}
			prefix := want[kind.GroupVersionKind.Kind]
			var got []string
			for _, slot := range o.Slots() {
				got = append(got, fmt.Sprint(slot, slot.Key(), slot.Path, at(root, slot.Path)))
			}
			lines := []string{
				fmt.Sprintf(`init container "web" web [%s initContainers 0 image] a/setup:1`, prefix),
				fmt.Sprintf(`container "web" web [%s containers 0 image] a/web:1`, prefix),
				fmt.Sprintf(`image volume "web" volume/web [%s volumes 1 image reference] a/models:1`, prefix),
			}
			if diff := cmp.Diff(lines, got, cmp.Transformer("blanks", func(s string) string { return strings.ReplaceAll(s, " ", "") })); diff != "" {
				t.Errorf("slots (-want +got):\n%s", diff)
			}
			if o.RecordText() != "web=1" || o.BumpText() != "web=2" {
				t.Errorf("got record %q and bump %q, want web=1 and web=2", o.RecordText(), o.BumpText())
			}
			if got, want := fmt.Sprint(o.TemplateMetadataPath()), "["+strings.TrimSuffix(prefix, "spec")+"metadata]"; got != want {
				t.Errorf("got metadata at %s, want %s", got, want)
			}
		})
	}
}

func TestKinds(t *testing.T) {
	createOnly := map[string]bool{}
	for _, kind := range workload.StandardKinds().All() {
		if kind.CreateOnly {
			createOnly[kind.GroupVersionKind.Kind] = true
		}
		if got, ok := workload.StandardKinds().For(kind.Group, kind.GroupVersionKind.Kind); !ok || got.GroupVersionResource() != kind.GroupVersionResource() {
			t.Errorf("got %v for %v", got, kind)
		}
	}
	if diff := cmp.Diff(map[string]bool{"Job": true, "Pod": true}, createOnly); diff != "" {
		t.Errorf("kinds resolved at create alone (-want +got):\n%s", diff)
	}
	for _, other := range [][2]string{{"", "Deployment"}, {"apps", "Pod"}, {"argoproj.io", "Rollout"}, {"", ""}} {
		if kind, ok := workload.StandardKinds().For(other[0], other[1]); ok {
			t.Errorf("got %v for %v, want none", kind, other)
		}
	}
}

func TestFromMapTakesWorkloadsAlone(t *testing.T) {
	tests := map[string]struct {
		root map[string]any
		want bool
	}{
		"a Deployment":                    {map[string]any{"apiVersion": "apps/v1", "kind": "Deployment"}, true},
		"a Deployment of an older API":    {map[string]any{"apiVersion": "apps/v1beta1", "kind": "Deployment"}, true},
		"a Namespace":                     {map[string]any{"apiVersion": "v1", "kind": "Namespace"}, false},
		"a Deployment of somebody else's": {map[string]any{"apiVersion": "example.com/v1", "kind": "Deployment"}, false},
		"nothing":                         {nil, false},
		"types of another kind":           {map[string]any{"apiVersion": 1.0, "kind": []any{}}, false},
		"a version of too many parts":     {map[string]any{"apiVersion": "apps/v1/x", "kind": "Deployment"}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if _, got := workload.StandardKinds().FromMap(test.root); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestSlotsOfHostileObjects(t *testing.T) {
	tests := map[string]string{
		"null":                               `null`,
		"empty":                              `{}`,
		"a spec that is a list":              `{"spec":[]}`,
		"a template that is a text":          `{"spec":{"template":"x"}}`,
		"containers that are a map":          `{"spec":{"template":{"spec":{"containers":{"name":"a","image":"b"}}}}}`,
		"containers that are no maps":        `{"spec":{"template":{"spec":{"containers":[1,null,"x",[],{}]}}}}`,
		"names and images of other types":    `{"spec":{"template":{"spec":{"containers":[{"name":1,"image":"b"},{"name":"a","image":{}},{"name":null,"image":null}]}}}}`,
		"a volume with a text for its image": `{"spec":{"template":{"spec":{"volumes":[{"name":"a","image":"b"},{"name":"a","image":{"reference":["b"]}}]}}}}`,
		"a name that no container can have":  `{"spec":{"template":{"spec":{"containers":[{"name":"` + strings.Repeat("a", 64) + `","image":"b"}]}}}}`,
		"metadata of another type":           `{"metadata":[],"spec":{"template":{"metadata":7}}}`,
		"annotations of another type":        `{"metadata":{"annotations":"x","labels":[1],"ownerReferences":{},"managedFields":"y"}}`,
	}
	for _, kind := range workload.StandardKinds().All() {
		for name, data := range tests {
			t.Run(kind.GroupVersionKind.Kind+": "+name, func(t *testing.T) {
				o, err := workload.Parse(kind, []byte(data))
				if err != nil {
					t.Fatal(err)
				}
				settings := settings.ReadSettings(o, workload.Namespace{Annotations: keys{"garboard.dev/policy": "minor"}})
				if slots := o.Slots(); len(slots) > 0 || len(settings.Faults) > 0 || o.Owned() || o.CarriesRecord() || o.LastApplied() != nil {
					t.Errorf("got slots %v, faults %q; want nothing", slots, texts(settings.Faults))
				}
				if spec := o.ImagesOnly(); len(spec) > 0 {
					t.Errorf("got images %v, want none", spec)
				}
			})
		}
	}
}

func TestParseRefusesWhatIsNoObject(t *testing.T) {
	kind, _ := workload.StandardKinds().For("", "Pod")
	for _, data := range []string{"", "[]", `"x"`, "{", "1", "{}{}", strings.Repeat(`{"a":`, 20_000)} {
		if _, err := workload.Parse(kind, []byte(data)); err == nil {
			t.Errorf("got no error for %.20q", data)
		}
	}
}

// Each image costs a resolution. Those beyond the bound must not slip past the
// rules either, behind 256 init containers that do nothing.
func TestTooManyImages(t *testing.T) {
	tests := map[string]struct {
		images      int
		annotations keys
		faults      []string
		governed    int
	}{
		"as many as there may be": {256, keys{"garboard.dev/policy": "minor"}, nil, 256},
		"one more": {257, keys{"garboard.dev/policy": "minor"},
			[]string{`spec.template.spec: Invalid value: "257 images": too many images for a workload with a policy; allowed: at most 256`}, 0},
		"a hundred thousand": {100_000, keys{"keel.sh/policy.web": "minor"},
			[]string{`spec.template.spec: Invalid value: "100000 images": too many images for a workload with a policy; allowed: at most 256`}, 0},
		"a hundred thousand that nobody governs": {100_000, keys{"garboard.dev/pin": "tag"}, nil, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			containers := make([]any, test.images)
			for i := range containers {
				containers[i] = map[string]any{"name": fmt.Sprint("c", i), "image": "a/b:1.0.0"}
			}
			o := workloadtest.Parse(t, "apps", "Deployment", map[string]any{
				"metadata": map[string]any{"annotations": test.annotations},
				"spec":     map[string]any{"template": map[string]any{"spec": map[string]any{"initContainers": containers[:5], "containers": containers[5:]}}},
			})
			settings := settings.ReadSettings(o, workload.Namespace{})
			if diff := cmp.Diff(test.faults, texts(settings.Faults)); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
			if got := len(policies(o, settings)); got != test.governed {
				t.Errorf("got %d governed, want %d", got, test.governed)
			}
			if got := len(o.Slots()); got > 256 {
				t.Errorf("got %d slots", got)
			}
		})
	}
}

func TestOwnedAndDeleting(t *testing.T) {
	tests := map[string]struct {
		metadata        string
		owned, deleting bool
	}{
		"neither":                      {`{}`, false, false},
		"owned by a controller":        {`{"ownerReferences":[{"controller":false},{"controller":true}]}`, true, false},
		"owned, and not by controller": {`{"ownerReferences":[{"kind":"App"},{"controller":false}]}`, false, false},
		"a text for a yes":             {`{"ownerReferences":[{"controller":"true"}]}`, false, false},
		"owners of other types":        {`{"ownerReferences":[null,1,"x",[]]}`, false, false},
		"on its way out":               {`{"deletionTimestamp":"2025-01-01T00:00:00Z"}`, false, true},
		"null for a time":              {`{"deletionTimestamp":null}`, false, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			kind, _ := workload.StandardKinds().For("", "Pod")
			o, err := workload.Parse(kind, []byte(`{"metadata":`+test.metadata+`}`))
			if err != nil {
				t.Fatal(err)
			}
			if o.Owned() != test.owned || o.Deleting() != test.deleting {
				t.Errorf("got owned %v, deleting %v; want %v, %v", o.Owned(), o.Deleting(), test.owned, test.deleting)
			}
		})
	}
}

func TestLookup(t *testing.T) {
	o := workloadtest.Parse(t, "", "Pod", map[string]any{"metadata": map[string]any{"name": "a", "namespace": "b", "uid": "c", "labels": nil}})
	if o.Name() != "a" || o.Namespace() != "b" || o.UID() != "c" {
		t.Errorf("got %q, %q, %q; want a, b, c", o.Name(), o.Namespace(), o.UID())
	}
	tests := map[string]struct {
		path []string
		want any
		ok   bool
	}{
		"a text":          {[]string{"metadata", "name"}, "a", true},
		"null":            {[]string{"metadata", "labels"}, nil, true},
		"nothing there":   {[]string{"metadata", "annotations"}, nil, false},
		"beyond a text":   {[]string{"metadata", "name", "x"}, nil, false},
		"beyond nothing":  {[]string{"spec", "containers"}, nil, false},
		"through a null":  {[]string{"metadata", "labels", "x"}, nil, false},
		"an empty key is": {[]string{""}, nil, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, ok := o.Lookup(test.path...)
			if ok != test.ok || got != test.want {
				t.Errorf("got %v, %v; want %v, %v", got, ok, test.want, test.ok)
			}
		})
	}
}

func TestReduce(t *testing.T) {
	o := workloadtest.Deployment(t, keys{"keel.sh/policy": "minor", "garboard.dev/state": "{}", "a/b": "c"}, nil)
	if diff := cmp.Diff(map[string]any{"keel.sh/policy": "minor"}, workload.OurKeys(o.Annotations())); diff != "" {
		t.Errorf("our keys (-want +got):\n%s", diff)
	}
	template := keys{"garboard.dev/resolved": "web=1", "garboard.dev/bump": "web=2", "keel.observer/policy": "x", "garboard.com/x": "y"}
	want := map[string]any{"garboard.dev/resolved": "web=1", "garboard.dev/bump": "web=2", "keel.observer/policy": "x"}
	if diff := cmp.Diff(want, workload.OurKeys(template)); diff != "" {
		t.Errorf("our keys on a template (-want +got):\n%s", diff)
	}

	reduced := workloadtest.Parse(t, "apps", "Deployment", inTemplate(o.Kind, map[string]any{"spec": o.ImagesOnly()}))
	if diff := cmp.Diff(o.Slots(), reduced.Slots()); diff != "" {
		t.Errorf("slots of the images alone (-want +got):\n%s", diff)
	}
}
