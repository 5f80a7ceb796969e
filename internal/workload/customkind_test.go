package workload_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/internal/workload"
)

func TestCustomKindsComeAfterTheStandardOnes(t *testing.T) {
	kinds, faults := workload.ParseKinds([]string{
		"Rollout.v1alpha1.argoproj.io=spec.template", "Batch.v2.jobs.example.com=spec.jobTemplate.spec.template", "Odd.v1.example.com=template",
		"ReplicaSet.v1.example.com=spec.template",
	})
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	var got []string
	for _, kind := range kinds.All()[len(workload.StandardKinds().All()):] {
		got = append(got, fmt.Sprint(kind.GroupVersionKind, kind.Template, kind.CreateOnly, kind.Rolls(), kinds.Custom(kind)))
	}
	want := []string{
		"argoproj.io/v1alpha1, Kind=Rollout [spec template] false true true",
		"jobs.example.com/v2, Kind=Batch [spec jobTemplate spec template] false true true",
		"example.com/v1, Kind=Odd [template] false true true",
		// The name alone makes no kind of Kubernetes, whose Pods would not follow.
		"example.com/v1, Kind=ReplicaSet [spec template] false true true",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("custom kinds (-want +got):\n%s", diff)
	}
	for _, standard := range workload.StandardKinds().All() {
		if kinds.Custom(standard) {
			t.Errorf("%s is taken for a custom kind", standard)
		}
	}
}

func TestFromMapKnowsCustomKinds(t *testing.T) {
	kinds, _ := workload.ParseKinds([]string{"Batch.v2.example.com=spec.jobTemplate.spec.template"})
	batch := map[string]any{"apiVersion": "example.com/v1beta1", "kind": "Batch", "spec": map[string]any{
		"jobTemplate": map[string]any{"spec": map[string]any{"template": map[string]any{"spec": map[string]any{
			"containers": []any{map[string]any{"name": "web", "image": "a/web:1"}}}}}}}}
	o, ok := kinds.FromMap(batch)
	if !ok || o.ImageOf("web") != "a/web:1" {
		t.Errorf("known %v, with the slots %v", ok, o.Slots())
	}
	if _, ok := workload.StandardKinds().FromMap(batch); ok {
		t.Error("it is a standard kind")
	}
	if _, ok := kinds.FromMap(map[string]any{"apiVersion": "example.org/v1", "kind": "Batch"}); ok {
		t.Error("another group's kind is known")
	}
}

// Each fault of an entry has one message, which says what would be good.
func TestCustomKindsThatAreNone(t *testing.T) {
	const form = "KIND.VERSION.GROUP=PATH, such as Rollout.v1alpha1.argoproj.io=spec.template"
	const path = "a path of keys joined with dots, such as spec.template; not through lists"
	for name, test := range map[string]struct{ entry, allowed string }{
		"nothing":                      {"", form},
		"no path":                      {"Rollout.v1alpha1.argoproj.io", form},
		"no version":                   {"Rollout=spec.template", form},
		"no group":                     {"Rollout.v1alpha1=spec.template", form},
		"a resource":                   {"rollouts.v1alpha1.argoproj.io=spec.template", "a kind that begins with a capital, not a resource; " + form},
		"an API version first":         {"argoproj.io/v1alpha1/Rollout=spec.template", form},
		"no kind":                      {".v1alpha1.argoproj.io=spec.template", "a kind that begins with a capital, not a resource; " + form},
		"a version that is none":       {"Rollout.1.argoproj.io=spec.template", "a version such as v1 or v1alpha1; " + form},
		"a group that is none":         {"Rollout.v1alpha1.argoproj_io=spec.template", "an API group such as argoproj.io; " + form},
		"the core group":               {"PodTemplate.v1.=template", "an API group such as argoproj.io; " + form},
		"an empty path":                {"Rollout.v1alpha1.argoproj.io=", path},
		"an empty key":                 {"Rollout.v1alpha1.argoproj.io=spec..template", path},
		"a JSONPath":                   {"Rollout.v1alpha1.argoproj.io={.spec.template}", path},
		"a leading dot":                {"Rollout.v1alpha1.argoproj.io=.spec.template", path},
		"a pointer":                    {"Rollout.v1alpha1.argoproj.io=/spec/template", path},
		"a list":                       {"Rollout.v1alpha1.argoproj.io=spec.tasks[0].template", path},
		"a path that is too long":      {"Rollout.v1alpha1.argoproj.io=" + strings.Repeat("a.", 16) + "a", "a path of at most 16 keys"},
		"a key that is too long":       {"Rollout.v1alpha1.argoproj.io=" + strings.Repeat("a", 64), path},
		"the object's own metadata":    {"Rollout.v1alpha1.argoproj.io=metadata", "a path outside apiVersion, kind, metadata, status"},
		"a template in the status":     {"Rollout.v1alpha1.argoproj.io=status.template", "a path outside apiVersion, kind, metadata, status"},
		"a kind of Kubernetes":         {"Deployment.v1.apps=spec.template", "a kind other than those of Kubernetes itself"},
		"a kind that was there before": {"Known.v2.example.com=spec.template", "a kind once, in one version"},
	} {
		t.Run(name, func(t *testing.T) {
			kinds, faults := workload.ParseKinds([]string{"Known.v1.example.com=template", test.entry})
			if len(faults) != 1 || *faults[0] != (workload.KindError{Entry: test.entry, Allowed: test.allowed}) {
				t.Errorf("got %v, want allowed: %s", faults, test.allowed)
			}
			if known, ok := kinds.For("example.com", "Known"); !ok || known.Version != "v1" {
				t.Errorf("the good entry became %v", known)
			}
			if got, want := len(kinds.All()), len(workload.StandardKinds().All())+1; got != want {
				t.Errorf("%d kinds, want %d", got, want)
			}
		})
	}
}

// What an operator mistypes must not end the program, and what is taken must be
// a kind that can be used.
func FuzzParseKinds(f *testing.F) {
	for _, seed := range []string{"Rollout.v1alpha1.argoproj.io=spec.template", "a.b.c=d", "=", "..=.", "Ä.v1.x=y", "Pod.v1.=spec"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, entry string) {
		kinds, faults := workload.ParseKinds([]string{entry, entry})
		if len(faults) == 0 {
			t.Errorf("%q was taken twice", entry)
		}
		for _, kind := range kinds.All() {
			if kinds.Custom(kind) && (kind.Group == "" || len(kind.Template) == 0 || strings.ContainsAny(strings.Join(kind.Template, ""), "/~.[]")) {
				t.Errorf("%q became %v with the path %q", entry, kind, kind.Template)
			}
		}
	})
}
