package webhook_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
)

// bumped is a stored Deployment as the updater's patch submits it.
func bumped(stored, target string) string {
	return strings.Replace(stored, `"garboard.dev/resolved":`, `"garboard.dev/bump":"`+target+`","garboard.dev/resolved":`, 1)
}

func cause(t *testing.T, stored string) string {
	t.Helper()
	text, _ := parse(t, stored).Annotations()["kubernetes.io/change-cause"].(string)
	return text
}

// withCause is a manifest, or stored object, with a cause of its writer's.
func withCause(object, text string) string {
	return strings.Replace(object, `{"garboard.dev/policy"`, `{"kubernetes.io/change-cause":"`+text+`","garboard.dev/policy"`, 1)
}

// recaused is a stored object whose cause is another.
func recaused(stored, text string) string {
	return regexp.MustCompile(`("kubernetes.io/change-cause":)"[^"]*"`).ReplaceAllString(stored, `$1"`+text+`"`)
}

func withEnv(object string) string {
	return strings.Replace(object, `"name":"c0"`, `"name":"c0","env":[{"name":"A","value":"b"}]`, 1)
}

// The cause of a revision is what `kubectl rollout history` shows: ours where a
// bump made it, and never ours where anybody else did.
func TestChangeCause(t *testing.T) {
	const ours = "garboard: c0 1.2.0 -> 1.2.7 (policy patch)"
	for name, test := range map[string]struct {
		// write makes a request from the object as a bump left it.
		write func(w *world, stored string) write
		want  string
	}{
		"a bump writes it": {func(_ *world, stored string) write {
			return write{object: stored, old: stored}
		}, ours},
		"a label leaves it": {func(_ *world, stored string) write {
			return write{object: strings.Replace(stored, `"name":"web"`, `"name":"web","labels":{"a":"b"}`, 1), old: stored}
		}, ours},
		"the same manifest again leaves it": {func(_ *world, stored string) write {
			return write{object: strings.Replace(stored, "app:1.2.7", "app:1.2.0", 1), old: stored, manager: "kubectl-client-side-apply"}
		}, ours},
		"a bump that moves nothing leaves it": {func(_ *world, stored string) write {
			return write{object: bumped(stored, "c0=1.2.7"), old: stored}
		}, ours},
		"a bump that moves nothing leaves the writer's": {func(_ *world, stored string) write {
			stored = recaused(stored, "release 42")
			return write{object: bumped(stored, "c0=1.2.7"), old: stored}
		}, "release 42"},
		"another change of the template takes it off": {func(_ *world, stored string) write {
			return write{object: withEnv(stored), old: stored}
		}, ""},
		"an image by hand takes it off": {func(_ *world, stored string) write {
			return write{object: strings.Replace(stored, "app:1.2.7", "app:1.2.0", 1), old: stored, manager: "kubectl-set"}
		}, ""},
		"a new source that is resolved takes it off": {func(_ *world, stored string) write {
			return write{object: strings.Replace(stored, "app:1.2.7", "app:1.3.0", 1), old: stored, manager: "helm"}
		}, ""},
		"a writer's own is the writer's": {func(_ *world, stored string) write {
			return write{object: withEnv(recaused(stored, "release 42")), old: stored}
		}, "release 42"},
		"an undo brings back the one of its revision": {func(_ *world, stored string) write {
			back := recaused(stored, "garboard: c0 1.1.0 -> 1.2.0 (policy patch)")
			return write{object: strings.Replace(back, "app:1.2.7", "app:1.2.0", 1), old: stored}
		}, "garboard: c0 1.1.0 -> 1.2.0 (policy patch)"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "1.2.0", "1.3.0", "1.3.1")
			first, _ := w.mutate(write{object: w.deployment("patch", "1.2.0")})
			if got := cause(t, first); got != "" {
				t.Fatalf("a create has the cause %q", got)
			}
			w.push("1.2.7")
			in := write{object: bumped(first, "c0=1.2.7"), old: first, manager: "garboard-updater"}
			stored, response := w.mutate(in)
			if _, again := w.mutate(in); !bytes.Equal(again.Patch, response.Patch) {
				t.Errorf("the same bump is answered by %s and %s", response.Patch, again.Patch)
			}
			if got := cause(t, stored); got != ours {
				t.Fatalf("the bump's cause is %q", got)
			}
			if _, again := w.mutate(write{object: stored, old: first, manager: "garboard-updater"}); len(again.Patch) > 0 {
				t.Errorf("reinvocation patches %s", again.Patch)
			}
			request := test.write(w, stored)
			after, _ := w.mutate(request)
			if got := cause(t, after); got != test.want {
				t.Errorf("the cause is %q, want %q", got, test.want)
			}
			if settled, response := w.mutate(write{object: after, old: after}); settled != after {
				t.Errorf("what is stored is patched again: %s", response.Patch)
			}
		})
	}
}

// A cause that stands there already is of an older revision.
func TestChangeCauseReplacesTheWriters(t *testing.T) {
	w := newWorld(t, "1.2.0")
	first, _ := w.mutate(write{object: withCause(w.deployment("patch", "1.2.0", "1.2.0"), "release 42")})
	if got := cause(t, first); got != "release 42" {
		t.Fatalf("a create has the cause %q", got)
	}
	w.push("1.2.7")
	stored, _ := w.mutate(write{object: bumped(first, "c0=1.2.7,c1=1.2.7"), old: first})
	if got, want := cause(t, stored), "garboard: c0 1.2.0 -> 1.2.7 (policy patch), c1 1.2.0 -> 1.2.7 (policy patch)"; got != want {
		t.Errorf("the cause is %q, want %q", got, want)
	}
}
