//go:build !race

// One goroutine runs this test: see unraced_test.go.

package webhook_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

const annotationBound = 256 << 10

// crowd is a Deployment of many containers whose other annotations have so many bytes.
func (w *world) crowd(containers, other int) string {
	var list []string
	for i := range containers {
		list = append(list, fmt.Sprintf(`{"name":"container-%03d","image":"%s/app:1.2.0"}`, i, w.host))
	}
	return `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"on","uid":"u","annotations":{"garboard.dev/policy":"patch","other":"` +
		strings.Repeat("x", other) + `"}},"spec":{"template":{"metadata":{},"spec":{"containers":[` + strings.Join(list, ",") + `]}}}}`
}

// sizeOf is how many bytes the annotations of the object or its template have.
func sizeOf(t *testing.T, object string, template bool) (size int, annotations map[string]string) {
	t.Helper()
	type metadata struct {
		Annotations map[string]string `json:"annotations"`
	}
	var o struct {
		Metadata metadata `json:"metadata"`
		Spec     struct {
			Template struct {
				Metadata metadata `json:"metadata"`
			} `json:"template"`
		} `json:"spec"`
	}
	if err := json.Unmarshal([]byte(object), &o); err != nil {
		t.Fatal(err)
	}
	annotations = o.Metadata.Annotations
	if template {
		annotations = o.Spec.Template.Metadata.Annotations
	}
	for key, value := range annotations {
		size += len(key) + len(value)
	}
	return size, annotations
}

// An object that the API server takes without us it takes with us.
func TestAnnotationsStayWithinTheirBound(t *testing.T) {
	w := newWorld(t, "1.2.0", "1.2.1")
	const containers, before = 60, 40 // our state has ten kilobytes to begin with
	for name, test := range map[string]struct {
		other   int
		governs bool
	}{
		"room enough":         {200 << 10, true},
		"room for one result": {annotationBound - (14 << 10), true},
		"room for none":       {annotationBound - (2 << 10), false},
		"none at all":         {annotationBound - before, false},
	} {
		t.Run(name, func(t *testing.T) {
			stored, response := w.mutate(write{object: w.crowd(containers, test.other), manager: "kubectl-create"})
			for round := 2; round < 16; round++ {
				if size, _ := sizeOf(t, stored, false); size > annotationBound {
					t.Fatalf("round %d: the annotations have %d bytes", round, size)
				}
				if governs := strings.Contains(stored, "garboard.dev/state"); governs != test.governs {
					t.Fatalf("round %d: has a state %v, want %v; told %q", round, governs, test.governs, response.Warnings)
				}
				if told := strings.Contains(strings.Join(response.Warnings, "\n"), "no room"); told == test.governs {
					t.Fatalf("round %d: told %q", round, response.Warnings)
				}
				// Twice the same stores nothing new.
				again, _ := w.mutate(write{object: stored, old: stored, manager: "kubectl-label"})
				if again != stored {
					t.Fatalf("round %d: the same object again is another one", round)
				}
				tag := fmt.Sprintf("1.2.%d", round)
				w.push(tag)
				stored, response = w.mutate(write{object: withBump(t, stored, tag), old: stored, manager: "garboard-updater"})
				if _, annotations := sizeOf(t, stored, true); annotations["garboard.dev/bump"] != "" {
					t.Fatalf("round %d: the bump is stored", round)
				}
			}
		})
	}
}

// withBump writes a bump that means all containers.
func withBump(t *testing.T, object, tag string) string {
	t.Helper()
	var o map[string]any
	if err := json.Unmarshal([]byte(object), &o); err != nil {
		t.Fatal(err)
	}
	metadata := o["spec"].(map[string]any)["template"].(map[string]any)["metadata"].(map[string]any)
	annotations, _ := metadata["annotations"].(map[string]any)
	if annotations == nil {
		annotations = map[string]any{}
		metadata["annotations"] = annotations
	}
	annotations["garboard.dev/bump"] = "all=" + tag
	data, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
