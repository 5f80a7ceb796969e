package webhook_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/garboard-dev/garboard/internal/workload/record"
)

const lastAppliedKey = "kubectl.kubernetes.io/last-applied-configuration"

// kubectl computes its patch from what it has read. Where the updater bumps meanwhile,
// the manifest's tag is not in the patch; taken for no source, it was one that went
// down when it was applied again.
func TestManifestAppliedWhileTheImageMovedIsTheSource(t *testing.T) {
	w := newWorld(t, "1.2.0", "1.2.5", "1.2.7")
	manifest := func(runs, names string) string {
		return w.annotated(runs, `,"`+lastAppliedKey+`":`+quoted(w.deployment("patch", names)), "")
	}
	first, _ := w.mutate(write{object: manifest("1.2.5", "1.2.5"), manager: "kubectl-client-side-apply"})
	apply := func(stored, runs string) string {
		t.Helper()
		object := submit(t, stored, manifest(runs, "1.2.0"))
		after, _ := w.mutate(write{object: object, old: stored, manager: "kubectl-client-side-apply"})
		if got := w.images(after); got != "1.2.7" {
			t.Fatalf("got %s", got)
		}
		return after
	}
	apply(apply(first, "1.2.7"), "1.2.0")
}

// A program that gives no field manager, as k9s gives none where a person chooses an image,
// looks like one that applies a manifest. kubectl's own manifest has not gone down since.
func TestManifestThatHasNotChangedIsNoWayDown(t *testing.T) {
	const kubectl = "kubectl-client-side-apply"
	w := newWorld(t, "1.1.0", "1.2.0", "1.2.8")
	applied := func(names string) string {
		return w.annotated(names, `,"`+lastAppliedKey+`":`+quoted(w.deployment("minor", names)), "")
	}
	stored, _ := w.mutate(write{object: applied("1.2.0"), manager: kubectl})
	w.push("1.2.9")
	stored, _ = w.mutate(write{object: submit(t, stored, w.deployment("minor", "1.2.9")), old: stored})
	for range 2 {
		stored, _ = w.mutate(write{object: submit(t, stored, applied("1.2.0")), old: stored, manager: kubectl})
		if got := w.images(stored); got != "1.2.9" {
			t.Fatalf("the same manifest again brings %s", got)
		}
	}
	stored, _ = w.mutate(write{object: submit(t, stored, applied("1.1.0")), old: stored, manager: kubectl})
	if got := w.images(stored); got != "1.1.0" {
		t.Errorf("a manifest that goes down brings %s", got)
	}
}

// edited is an object after a change.
func edited(t testing.TB, object string, change func(metadata map[string]any)) string {
	t.Helper()
	var root map[string]any
	if err := json.Unmarshal([]byte(object), &root); err != nil {
		t.Fatal(err)
	}
	change(root["metadata"].(map[string]any))
	text, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The API server asks again where a later webhook has changed the object. It then
// shows our own answer as what a loop applied; taken for its manifest, that was a
// higher source, and after the next bump the loop's real one was a way down.
func TestSecondRoundOfAServerSideApplyIsNoNewSource(t *testing.T) {
	w := newWorld(t, "1.2.0", "1.2.7")
	stored, _ := w.mutate(write{object: w.deployment("patch", "1.2.0")})
	source := record.StateOf(parse(t, stored))["c0"].From
	reconcile := func(at string) string {
		t.Helper()
		applied := edited(t, submit(t, stored, w.deployment("patch", "1.2.0")), func(metadata map[string]any) {
			fields := map[string]any{`k:{"name":"c0"}`: map[string]any{"f:image": map[string]any{}}}
			metadata["managedFields"] = []any{map[string]any{
				"manager": "kustomize-controller", "operation": "Apply", "time": "2026-01-04T12:00:0" + at + "Z",
				"fieldsV1": map[string]any{"f:spec": map[string]any{"f:template": map[string]any{"f:spec": map[string]any{"f:containers": fields}}}},
			}}
		})
		for range 2 {
			after, _ := w.mutate(write{object: applied, old: stored, manager: "kustomize-controller"})
			applied = edited(t, after, func(metadata map[string]any) { metadata["labels"] = map[string]any{"team": "a"} })
		}
		if got := record.StateOf(parse(t, applied))["c0"].From; got != source {
			t.Errorf("the source is %s, want %s", got, source)
		}
		return applied
	}
	stored = reconcile("1")
	stored = reconcile("2")
	w.push("1.2.8")
	stored, _ = w.mutate(write{
		object: submit(t, stored, `{"spec":{"template":{"metadata":{"annotations":{"garboard.dev/bump":"c0=1.2.8"}}}}}`),
		old:    stored, manager: "garboard-updater",
	})
	if got := w.images(reconcile("3")); got != "1.2.8" {
		t.Errorf("the loop brought %s", got)
	}
}

// What somebody applied long ago, with another tool, is nobody's manifest of today.
func TestLabelMovesNoSource(t *testing.T) {
	w := newWorld(t, "1.2.0", "1.2.7")
	manifest := w.annotated("1.2.0", `,"`+lastAppliedKey+`":`+quoted(w.deployment("patch", "1.2.7")), "")
	stored, _ := w.mutate(write{object: manifest})
	labelled := edited(t, stored, func(metadata map[string]any) { metadata["labels"] = map[string]any{"touched": "yes"} })
	after, response := w.mutate(write{object: labelled, old: stored, manager: "kubectl-label"})
	if was, is := parse(t, stored).StateText(), parse(t, after).StateText(); was != is || len(response.Patch) > 0 {
		t.Errorf("a label left the state %s, was %s", is, was)
	}
}

// A webhook before us may send all images to a mirror: the manifest then names
// another repository each time, and nothing of it bears on the mirror's tags.
func TestManifestOfAnotherRepositoryIsNoSource(t *testing.T) {
	w := newWorld(t, "1.2.0", "1.2.7")
	mirrored := func(label string) string {
		names := strings.ReplaceAll(w.deployment("patch", "1.2.7"), w.host, "docker.io/org")
		return w.annotated("1.2.7", `,"`+lastAppliedKey+`":`+quoted(strings.Replace(names, `"name":"web"`, `"name":"web","labels":{"a":"`+label+`"}`, 1)), "")
	}
	first, _ := w.mutate(write{object: mirrored("1"), manager: "kubectl-client-side-apply"})
	after, _ := w.mutate(write{object: submit(t, first, mirrored("2")), old: first, manager: "kubectl-client-side-apply"})
	if was, is := parse(t, first).StateText(), parse(t, after).StateText(); was != is {
		t.Errorf("the state is %s, was %s", is, was)
	}
}
