package webhook_test

import (
	"strings"
	"testing"
)

// A tag whose suffix differs in every build has no line to move in. The writer hears of
// it with a new image, and not with each sync of the same manifest.
func TestWriterHearsOfOtherLinesOnceAnImage(t *testing.T) {
	w := newWorld(t, "1.2.0-7f3c2e1", "1.3.0-0a1b2c3", "1.4.0-deadbee")
	first, second := w.deployment("minor", "1.2.0-7f3c2e1"), w.deployment("minor", "1.3.0-0a1b2c3")
	want := func(tag string) string {
		return "c0: stays at " + tag + ": nothing newer in its line; filter and extract would let in 1.4.0-deadbee"
	}

	created, response := w.mutate(write{object: first})
	if got := strings.Join(response.Warnings, "\n"); !strings.HasPrefix(got, want("1.2.0-7f3c2e1")) {
		t.Errorf("at create: warned %q, want %q", got, want("1.2.0-7f3c2e1"))
	}
	same, response := w.mutate(write{object: submit(t, created, first), old: created, manager: "kubectl-client-side-apply"})
	if len(response.Warnings) > 0 {
		t.Errorf("the same manifest again: warned %q", response.Warnings)
	}
	_, response = w.mutate(write{object: submit(t, same, second), old: same, manager: "kubectl-client-side-apply"})
	if got := strings.Join(response.Warnings, "\n"); !strings.HasPrefix(got, want("1.3.0-0a1b2c3")) {
		t.Errorf("a new source: warned %q, want %q", got, want("1.3.0-0a1b2c3"))
	}
}
