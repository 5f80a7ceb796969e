package docs_test

import (
	"os"
	"regexp"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/settings"
)

// Objects that people copy from these pages are understood: the settings of a workload
// without a fault, on it or as its namespace's default, and a vote in each of its fields.
func TestExamplesOfGatesAreUnderstood(t *testing.T) {
	fenced := regexp.MustCompile("(?s)```yaml\n(.*?)```")
	for page, objects := range map[string]int{"approvals.md": 1, "voting.md": 1, "promotion.md": 2} {
		t.Run(page, func(t *testing.T) {
			text, err := os.ReadFile(page)
			must(t, err)
			found := fenced.FindAllStringSubmatch(string(text), -1)
			if len(found) != objects {
				t.Errorf("got %d examples, want %d", len(found), objects)
			}
			for _, match := range found {
				understood(t, match[1])
			}
		})
	}
}

func understood(t *testing.T, example string) {
	t.Helper()
	var object map[string]any
	must(t, yaml.UnmarshalStrict([]byte(example), &object))
	var faults []settings.Fault
	switch kind := object["kind"]; kind {
	case "ImageUpdateVote":
		vote := &v1alpha1.ImageUpdateVote{}
		if err := yaml.UnmarshalStrict([]byte(example), vote); err != nil {
			t.Errorf("%v\n%s", err, example)
		}
		if vote.APIVersion != v1alpha1.SchemeGroupVersion.String() || vote.Spec.Update == "" || vote.Spec.Voter == "" || vote.Spec.Verdict != v1alpha1.VerdictApprove {
			t.Errorf("no approval of an update by a voter:\n%s", example)
		}
	case "Namespace":
		namespace := &corev1.Namespace{}
		must(t, yaml.UnmarshalStrict([]byte(example), namespace))
		faults = settings.NamespaceFaults(workload.NamespaceOf(namespace.Name, namespace.Labels, namespace.Annotations))
	default:
		governed, ok := workload.StandardKinds().FromMap(object)
		if !ok {
			t.Fatalf("a %v is not governed:\n%s", kind, example)
		}
		read := settings.ReadSettings(governed, workload.Namespace{Name: governed.Namespace()})
		faults = read.Faults
		for _, slot := range governed.Slots() {
			if rule := read.Rule(slot); !rule.Governed() || !rule.Gated() {
				t.Errorf("%v: has no policy, or no gate:\n%s", slot, example)
			}
		}
	}
	for _, fault := range faults {
		t.Errorf("%s\n%s", fault.Error(), example)
	}
}
