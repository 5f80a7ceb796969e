package webhook_test

import (
	"strings"
	"testing"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/record"
)

// asks is a bump as it is written.
func asks(text string) func(map[string]any) {
	return func(object map[string]any) {
		at(object, "spec", "template", "metadata", "annotations")["garboard.dev/bump"] = text
	}
}

// twice is a tale that the updater has moved to 1.3.0 and then to 1.4.0, neither of
// which became healthy.
func twice(t *testing.T) (*world, *tale) {
	t.Helper()
	w := newWorld(t, "1.2.0")
	s := &tale{t: t, w: w, user: "alice"}
	s.stored, _ = w.mutate(write{object: w.deployment("minor", "1.2.0"), manager: "kubectl-create", user: s.user})
	s.user = updater
	w.push("1.3.0")
	s.write("the first move", "garboard-updater", asks("c0=1.3.0,healthy/c0=1.2.0"), "1.3.0", "", "c0: app:1.2.0 -> 1.3.0 (policy minor)")
	w.push("1.4.0")
	s.write("the second move", "garboard-updater", asks("c0=1.4.0"), "1.4.0", "", "c0: app:1.3.0 -> 1.4.0 (policy minor)")
	return w, s
}

// An annotation that moved an image back for whoever writes it would be a way past a
// hold and past a gate.
func TestWayBackIsTheUpdatersAndToItsHistory(t *testing.T) {
	const ignored = "c0: way back ignored: only the updater's is taken"
	w, s := twice(t)
	w.push("1.1.0")
	s.user = "alice"
	s.write("a person's", "garboard-updater", asks("back/c0=1.2.0"), "1.4.0", "", ignored)
	s.user = ""
	s.write("one of nobody", "garboard-updater", asks("back/c0=1.2.0"), "1.4.0", "", ignored)
	s.user = updater
	s.write("to what has never run here", "garboard-updater", asks("back/c0=1.1.0"), "1.4.0", "", "")
	s.write("to what runs", "garboard-updater", asks("back/c0=1.4.0"), "1.4.0", "", "")
	s.write("of another container", "garboard-updater", asks("back/other=1.2.0"), "1.4.0", "", "")
	s.write("to what was healthy", "garboard-updater", asks("back/c0=1.2.0"), "1.2.0", "c0=1.4.0",
		"c0: app:1.4.0 -> 1.2.0 (taken back by the updater); 1.4.0 is held")
	if got := cause(t, s.stored); got != "garboard: c0 1.4.0 -> 1.2.0 (taken back)" {
		t.Errorf("the cause is %q", got)
	}
	s.user = "alice"
	s.write("the manifest again", "kubectl-client-side-apply", s.image("1.2.0"), "1.2.0", "c0=1.4.0", "")
}

// One that is stored past admission waits for the updater's next write, which is none.
func TestStoredWayBackIsNoWord(t *testing.T) {
	_, s := twice(t)
	s.stored = strings.Replace(s.stored, `"garboard.dev/resolved":`, `"garboard.dev/bump":"back/c0=1.2.0","garboard.dev/resolved":`, 1)
	s.write("a label of the updater's", "garboard-updater", annotated("note", "x"), "1.4.0", "", "")
}

// What admission remembers as healthy is the updater's word, and no longer than the
// container's moves are the updater's.
func TestHealthyIsRememberedOnTheUpdatersWord(t *testing.T) {
	healthy := func(s *tale) string { return record.StateOf(parse(s.t, s.stored))["c0"].Healthy }
	w, s := twice(t)
	if got := healthy(s); got != "1.2.0" {
		t.Errorf("after two moves %q is remembered", got)
	}
	s.user = "alice"
	s.write("a label", "kubectl-label", annotated("note", "x"), "1.4.0", "", "")
	forged := strings.ReplaceAll(parse(t, s.stored).StateText(), `"healthy":"1.2.0"`, `"healthy":"9.9.9"`)
	s.write("a forged state", "kubectl-edit", annotated(workload.AnnotationState, forged), "1.4.0", "", "")
	if got := healthy(s); got != "1.2.0" {
		t.Errorf("after a forged state %q is remembered", got)
	}
	w.push("1.5.0")
	s.write("a person's bump", "kubectl-annotate", asks("c0=1.5.0,healthy/c0=1.3.0"), "1.5.0", "", "c0: app:1.4.0 -> 1.5.0 (policy minor)")
	if got := healthy(s); got != "" {
		t.Errorf("after a person's move %q is remembered", got)
	}
}

// The rest of a canary's set follows to the version that has soaked, whatever came
// meanwhile; who goes first, and who is in no set, takes the newest.
func TestBumpOfACanarysRestIsToItsTarget(t *testing.T) {
	for canary, want := range map[string]string{"shop": "1.3.0", "shop first for 30m": "1.4.0", "": "1.4.0"} {
		w := newWorld(t, "1.2.0")
		s := &tale{t: t, w: w, user: updater}
		object := w.deployment("minor", "1.2.0")
		if canary != "" {
			object = w.gated("minor", "1.2.0", "garboard.dev/canary", canary)
		}
		s.stored, _ = w.mutate(write{object: object, manager: "kubectl-create", user: "alice"})
		w.push("1.3.0", "1.4.0")
		s.write("the updater's bump", "garboard-updater", asks("c0=1.3.0"), want, "", "c0: app:1.2.0 -> "+want+" (policy minor)")
	}
}
