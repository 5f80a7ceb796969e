package webhook_test

import (
	"encoding/json"
	"strings"
	"testing"
)

// tale is one object through several writes.
type tale struct {
	t      *testing.T
	w      *world
	stored string
	user   string // who writes
}

// write makes a change to the stored object, wants the answer, and sends the
// same again: that must find nothing to do.
func (s *tale) write(what, manager string, change func(object map[string]any), image, hold, warned string) {
	s.t.Helper()
	in := write{object: s.change(change), old: s.stored, manager: manager, user: s.user}
	after, response := s.w.mutate(in)
	if got := s.w.images(after); got != image {
		s.t.Errorf("%s: it runs %q, want %q", what, got, image)
	}
	if got := parse(s.t, after).HoldText(); got != hold {
		s.t.Errorf("%s: the hold is %q, want %q", what, got, hold)
	}
	said := strings.ReplaceAll(strings.Join(response.Warnings, "\n"), s.w.host+"/", "")
	if said != warned {
		s.t.Errorf("%s: it warned %q, want %q", what, said, warned)
	}
	in.object = after
	if _, again := s.w.mutate(in); len(again.Patch) > 0 {
		s.t.Errorf("%s: our own output, seen again, got the patch %s", what, again.Patch)
	}
	s.stored = after
}

// change returns the stored object with changes.
func (s *tale) change(changes ...func(object map[string]any)) string {
	s.t.Helper()
	var object map[string]any
	if err := json.Unmarshal([]byte(s.stored), &object); err != nil {
		s.t.Fatal(err)
	}
	for _, change := range changes {
		change(object)
	}
	data, err := json.Marshal(object)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(data)
}

func at(object map[string]any, path ...string) map[string]any {
	for _, key := range path {
		inner, ok := object[key].(map[string]any)
		if !ok {
			inner = map[string]any{}
			object[key] = inner
		}
		object = inner
	}
	return object
}

func (s *tale) image(tag string) func(map[string]any) {
	return func(object map[string]any) {
		containers := at(object, "spec", "template", "spec")["containers"].([]any)
		containers[0].(map[string]any)["image"] = s.w.host + "/app:" + tag
	}
}

func annotated(key, value string) func(map[string]any) {
	return func(object map[string]any) {
		if value == "" {
			delete(at(object, "metadata", "annotations"), key)
			return
		}
		at(object, "metadata", "annotations")[key] = value
	}
}

func bump(target string) func(map[string]any) {
	return func(object map[string]any) {
		at(object, "spec", "template", "metadata", "annotations")["garboard.dev/bump"] = "c0=" + target
	}
}

// back makes the object's template, and with it its annotations, what they were,
// as the undo of a Deployment does.
func back(to string) func(map[string]any) {
	return func(object map[string]any) {
		var former map[string]any
		_ = json.Unmarshal([]byte(to), &former)
		at(object, "spec")["template"] = at(former, "spec")["template"]
		at(object, "metadata")["annotations"] = at(former, "metadata")["annotations"]
	}
}

func newTale(t *testing.T, w *world, tag string) *tale {
	t.Helper()
	s := &tale{t: t, w: w}
	s.stored, _ = w.mutate(write{object: w.deployment("patch", tag), manager: "kubectl-create"})
	return s
}

func TestUndoIsHeldUntilSomethingHigherOrUndone(t *testing.T) {
	w := newWorld(t, "1.2.0", "1.2.7")
	s := newTale(t, w, "1.2.0")
	former := s.stored
	w.push("1.2.8")
	s.write("the updater's bump", "garboard-updater", bump("1.2.8"), "1.2.8", "", "c0: app:1.2.7 -> 1.2.8 (policy patch)")
	left := s.stored
	s.write("the undo", "", back(former), "1.2.7", "c0=1.2.8", "c0: app:1.2.8 -> 1.2.7 as written; 1.2.8 is held")
	s.write("a poll", "garboard-updater", bump("1.2.8"), "1.2.7", "c0=1.2.8", "")
	s.write("the manifest again", "kubectl-client-side-apply", s.image("1.2.0"), "1.2.7", "c0=1.2.8", "")
	s.write("a label", "kubectl-label", annotated("note", "x"), "1.2.7", "c0=1.2.8", "")
	s.write("the undo of the undo", "", back(left), "1.2.8", "", "")
	s.write("the undo once more", "", back(former), "1.2.7", "c0=1.2.8", "c0: app:1.2.8 -> 1.2.7 as written; 1.2.8 is held")
	w.push("1.2.9")
	s.write("something higher", "garboard-updater", bump("1.2.9"), "1.2.9", "", "c0: app:1.2.7 -> 1.2.9 (policy patch; hold on 1.2.8 ended)")
}

// The undo of a Deployment brings back annotations from before the hold.
func TestUndoFurtherBackKeepsTheHighestHold(t *testing.T) {
	w := newWorld(t, "1.2.0")
	s := newTale(t, w, "1.2.0")
	first := s.stored
	w.push("1.2.7")
	s.write("a bump", "garboard-updater", bump("1.2.7"), "1.2.7", "", "c0: app:1.2.0 -> 1.2.7 (policy patch)")
	second := s.stored
	w.push("1.2.8")
	s.write("another bump", "garboard-updater", bump("1.2.8"), "1.2.8", "", "c0: app:1.2.7 -> 1.2.8 (policy patch)")
	s.write("the undo", "", back(second), "1.2.7", "c0=1.2.8", "c0: app:1.2.8 -> 1.2.7 as written; 1.2.8 is held")
	s.write("an undo further back", "", back(first), "1.2.0", "c0=1.2.8", "c0: app:1.2.7 -> 1.2.0 as written; 1.2.8 is held")
}

func TestHoldIsTakenOffAndSetByHand(t *testing.T) {
	w := newWorld(t, "1.2.0", "1.2.7", "1.2.8")
	s := newTale(t, w, "1.2.0")
	const hold = "garboard.dev/hold"
	s.write("a person going down", "kubectl-set", s.image("1.2.7"), "1.2.7", "c0=1.2.8", "c0: app:1.2.8 -> 1.2.7 as written; 1.2.8 is held")
	s.write("a person going further down", "kubectl-set", s.image("1.2.0"), "1.2.0", "c0=1.2.8", "c0: app:1.2.7 -> 1.2.0 as written; 1.2.8 is held")
	s.write("a person going up a little", "kubectl-set", s.image("1.2.7"), "1.2.7", "c0=1.2.8", "")
	s.write("the hold taken off", "kubectl-annotate", annotated(hold, ""), "1.2.8", "", "c0: app:1.2.7 -> 1.2.8 (policy patch)")
	s.write("a hold on what runs, which holds nothing", "garboard", annotated(hold, "c0=1.2.8"), "1.2.8", "", "")
	s.write("a hold on what may come", "garboard", annotated(hold, "c0=1.2.9"), "1.2.8", "c0=1.2.9", "")
	w.push("1.2.9")
	s.write("its coming", "garboard-updater", bump("1.2.9"), "1.2.8", "c0=1.2.9", "")
	s.write("a person going there", "kubectl-set", s.image("1.2.9"), "1.2.9", "", "")
	s.write("a hold for a container that is yet to come", "garboard", annotated(hold, "sidecar=2.0.0"), "1.2.9", "sidecar=2.0.0", "")
}

// A pipeline that is run again sends its command again: that is no way down from
// what the first one was answered with.
func TestSetImageTwiceIsNoWayBack(t *testing.T) {
	w := newWorld(t, "1.2.0", "1.2.7", "1.3.0", "1.3.4")
	s := newTale(t, w, "1.2.0")
	s.write("a person going up", "kubectl-set", s.image("1.3.0"), "1.3.4", "", "c0: app:1.3.0 -> 1.3.4 (policy patch)")
	s.write("the same again", "kubectl-set", s.image("1.3.0"), "1.3.4", "", "c0: app:1.3.0 -> 1.3.4 (policy patch)")
	s.write("a label", "kubectl-label", annotated("note", "x"), "1.3.4", "", "")
	s.write("the same once more", "kubectl-set", s.image("1.3.0"), "1.3.4", "", "c0: app:1.3.0 -> 1.3.4 (policy patch)")
	s.write("a person going down", "kubectl-set", s.image("1.2.7"), "1.2.7", "", "c0: app:1.3.4 -> 1.2.7 as written")
}

func TestManifestDoesNotBringBackWhatWasLeft(t *testing.T) {
	w := newWorld(t, "1.2.0", "1.2.7", "1.2.8")
	s := newTale(t, w, "1.2.8")
	s.write("a person going down", "kubectl-set", s.image("1.2.7"), "1.2.7", "c0=1.2.8", "c0: app:1.2.8 -> 1.2.7 as written; 1.2.8 is held")
	s.write("a loop's manifest", "kustomize-controller", s.image("1.2.8"), "1.2.7", "c0=1.2.8", "")
	s.write("a person's manifest", "kubectl-client-side-apply", s.image("1.2.8"), "1.2.7", "c0=1.2.8", "c0: stays at 1.2.7; 1.2.8 is held")
}

// A PUT of the manifest drops the hold with all that is not in it.
func TestReplaceKeepsTheHold(t *testing.T) {
	w := newWorld(t, "1.2.0", "1.2.7")
	s := newTale(t, w, "1.2.0")
	s.write("a person going down", "kubectl-set", s.image("1.2.0"), "1.2.0", "c0=1.2.7", "c0: app:1.2.7 -> 1.2.0 as written; 1.2.7 is held")
	after, _ := w.mutate(write{object: w.deployment("patch", "1.2.0"), old: s.stored, manager: "kubectl-replace"})
	if got, want := parse(t, after).HoldText(), "c0=1.2.7"; got != want || w.images(after) != "1.2.0" {
		t.Errorf("after the replace it runs %s with the hold %q, want %q", w.images(after), got, want)
	}
}
