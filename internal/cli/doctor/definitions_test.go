package doctor

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const (
	updatesObject = "customresourcedefinition/imageupdates.garboard.dev"
	votesObject   = "customresourcedefinition/imageupdatevotes.garboard.dev"
)

func TestDoctorComparesDefinitions(t *testing.T) {
	const install = "kubectl apply --server-side --force-conflicts -f manifests/install.yaml"
	failure := func(object, message string) []found {
		return []found{{Failure, "approvals", object, message, install}}
	}
	for name, tt := range map[string]struct {
		breaks func(w *world)
		want   []found
	}{
		"fields of an older version": {
			breaks: func(w *world) {
				w.definition("imageupdates", nil, schemaOf("status", "properties", "proposedAt")...)
				w.definition("imageupdates", nil, schemaOf("status", "properties", "voters", "items", "properties", "now")...)
			},
			want: failure(updatesObject, "is of an older version, or was changed: no field status.proposedAt, no field status.voters[].now"),
		},
		"many fields": {
			breaks: func(w *world) { w.definition("imageupdates", map[string]any{}, schemaOf("status", "properties")...) },
			want:   failure(updatesObject, "no field status.conditions, no field status.deadline, no field status.decidedAt, no field status.endedAt, and 4 more"),
		},
		"fields that are kept, whatever they are": {
			breaks: func(w *world) {
				w.definition("imageupdates", nil, schemaOf("status", "properties", "proposedAt")...)
				w.definition("imageupdates", true, schemaOf("status", "x-kubernetes-preserve-unknown-fields")...)
			},
		},
		"a rule that votes rest on": {
			breaks: func(w *world) { w.definition("imageupdatevotes", nil, schemaOf("spec", "x-kubernetes-validations")...) },
			want:   failure(votesObject, `no rule "a vote is immutable: cast another, the last one counts" of spec, no rule "reopen and now`),
		},
		"a rule that was changed": {
			breaks: func(w *world) {
				w.definition("imageupdates", []any{map[string]any{"rule": "true", "message": "spec is immutable: what was voted on stays what it is"}}, schemaOf("spec", "x-kubernetes-validations")...)
			},
			want: failure(updatesObject, `no rule "spec is immutable: what was voted on stays what it is" of spec`),
		},
		"a value that is not allowed": {
			breaks: func(w *world) {
				w.definition("imageupdates", []any{"Pending", "Approved", "Rejected", "Expired", "Superseded", "RollingOut", "Succeeded", "Failed"}, schemaOf("status", "properties", "phase", "enum")...)
			},
			want: failure(updatesObject, "no value RolledBack of status.phase"),
		},
		"a field of another type": {
			breaks: func(w *world) {
				w.definition("imageupdatevotes", map[string]any{"type": "string"}, schemaOf("spec", "properties", "now")...)
			},
			want: failure(votesObject, "spec.now is of type string, not boolean"),
		},
		"a bound that is tighter, and a field that is required": {
			breaks: func(w *world) {
				w.definition("imageupdatevotes", int64(64), schemaOf("spec", "properties", "voter", "maxLength")...)
				w.definition("imageupdatevotes", []any{"update", "verdict", "voter", "comment"}, schemaOf("spec", "required")...)
			},
			want: failure(votesObject, "no object without spec.comment, no spec.voter beyond a maxLength of 64"),
		},
		"no subresource": {
			breaks: func(w *world) { w.definition("imageupdates", nil, "spec", "versions", 0, "subresources") },
			want:   failure(updatesObject, "no subresource status"),
		},
		"a version that is not served": {
			breaks: func(w *world) { w.definition("imageupdates", false, "spec", "versions", 0, "served") },
			want:   failure(updatesObject, "does not serve garboard.dev/v1alpha1"),
		},
		"another version alone": {
			breaks: func(w *world) { w.definition("imageupdatevotes", "v1", "spec", "versions", 0, "name") },
			want:   failure(votesObject, "does not serve garboard.dev/v1alpha1"),
		},
		"names that another definition has": {
			breaks: func(w *world) {
				w.definition("imageupdates", []any{map[string]any{"type": "Established", "status": "False", "message": "not all names are accepted"}}, "status", "conditions")
			},
			want: []found{{Failure, "approvals", updatesObject, "is not established: not all names are accepted", "kubectl get " + updatesObject + " -o yaml"}},
		},
		"a definition that is being deleted": {
			breaks: func(w *world) {
				w.definition("imageupdates", "2026-11-29T12:00:00Z", "metadata", "deletionTimestamp")
			},
			want: []found{{Failure, "approvals", updatesObject, "is being deleted", "kubectl get " + updatesObject}},
		},
		"no right to read them": {
			breaks: func(w *world) { w.forbidDefinitions = true },
			want: []found{
				{Unknown, "approvals", updatesObject, "forbidden", ""},
				{Unknown, "approvals", votesObject, "forbidden", ""},
			},
		},
		"no right to read them, and none are there": {
			breaks: func(w *world) { w.forbidDefinitions, w.withoutVotes = true, true },
			want: []found{
				{Failure, "approvals", updatesObject, "is not there", install},
				{Failure, "approvals", votesObject, "is not there", install},
			},
		},
		"a program that is newer than what is installed": {
			breaks: func(w *world) {
				w.version = "v0.2.0"
				w.definition("imageupdates", nil, schemaOf("status", "properties", "proposedAt")...)
			},
			want: []found{{Warning, "approvals", updatesObject, "is older than this program, which is of version 0.2.0, and 0.1.0 is installed: no field status.proposedAt", "use the program of version 0.1.0, or upgrade: " + install}},
		},
		"what a newer version has beyond this one's": {
			breaks: func(w *world) {
				w.definition("imageupdates", map[string]any{"type": "string", "maxLength": int64(5)}, schemaOf("status", "properties", "more")...)
				w.definition("imageupdates", int64(2048), schemaOf("spec", "properties", "repository", "maxLength")...)
				w.definition("imageupdates", []any{"v1alpha1", "v1beta1"}, "status", "storedVersions")
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			tt.breaks(w)
			compare(t, tt.want, w.examine(t, "garboard"))
		})
	}
}

// Objects that only a newer version can read are told of, and are no fault.
func TestDoctorTellsOfVersionsThatItDoesNotKnow(t *testing.T) {
	w := newWorld(t)
	w.definition("imageupdates", []any{"v1alpha1", "v1beta1"}, "status", "storedVersions")
	for _, f := range w.examine(t, "garboard").Findings {
		if f.Object == updatesObject && f.Severity == Note && strings.Contains(f.Message, "has stored objects as v1beta1, which this program does not know") {
			return
		}
	}
	t.Error("nothing is told")
}

// What every schema of Garboard's has must be compared: a definition that is empty lacks it.
func TestDoctorMissesTheWholeOfASchema(t *testing.T) {
	w := newWorld(t)
	for _, definition := range w.definitions {
		versions, _, _ := unstructured.NestedSlice(definition.Object, "spec", "versions")
		version, _ := versions[0].(map[string]any)
		want, _, _ := unstructured.NestedMap(version, "schema", "openAPIV3Schema")
		if got := lackingIn("", want, want); len(got) > 0 {
			t.Errorf("%s lacks of itself %q", definition.GetName(), got)
		}
		if got := lackingIn("", want, map[string]any{"type": "object"}); len(got) != len(want["properties"].(map[string]any)) { //nolint:forcetypeassert // of install.yaml
			t.Errorf("an empty definition lacks %q", got)
		}
	}
}
