package webhook_test

import (
	"slices"
	"testing"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/resolver"
)

// wantWithinGates wants of each container with a gate that it holds what was
// submitted, what is stored, what the record puts right, or the target of the
// updater's bump. Anything else would have gone through the gate.
func wantWithinGates(t testing.TB, c call, stored string) {
	t.Helper()
	submitted, err := workload.Parse(c.kind, []byte(c.object))
	if err != nil {
		return
	}
	after, err := workload.Parse(c.kind, []byte(stored))
	if err != nil {
		t.Fatal(err)
	}
	settings := settings.ReadSettings(submitted, workload.NamespaceOf("on", nil, nil))
	slots := after.Slots()
	for i, slot := range submitted.Slots() {
		rule := settings.Rule(slot)
		if !rule.Governed() || !rule.Gated() {
			continue
		}
		if allowed := c.withinGate(t, submitted, slot); !slices.Contains(allowed, canonical(slots[i].Image)) {
			t.Fatalf("%q went through its gate to %q, and %q are allowed\nit was %s\nover %s", slot.Key(), slots[i].Image, allowed, c.object, c.old)
		}
	}
}

// withinGate are the images that a container may hold behind a gate.
func (c call) withinGate(t testing.TB, submitted *workload.Object, slot workload.Slot) []string {
	allowed := []string{canonical(slot.Image)}
	if c.old == "" {
		return allowed
	}
	old, err := workload.Parse(c.kind, []byte(c.old))
	if err != nil {
		t.Fatal(err)
	}
	targets := []record.Result{record.Of(old)[slot.Key()]}
	if c.updates() && submitted.BumpText() != old.BumpText() {
		target := record.ParseRecord(submitted.BumpText())[slot.Key()]
		targets = append(targets, target, record.Result{Tag: target.Tag})
		targets = append(targets, wayBack(submitted, old, slot)...)
	}
	for _, was := range old.Slots() {
		if was.Key() != slot.Key() {
			continue
		}
		allowed = append(allowed, canonical(was.Image))
		if reference, err := resolver.ParseReference(was.Image); err == nil {
			for _, target := range targets {
				allowed = append(allowed, canonical(reference.With(target.Tag, target.Digest)))
			}
		}
	}
	return allowed
}

// wayBack is the earlier result that a bump takes a container back to, if it had it.
func wayBack(submitted, old *workload.Object, slot workload.Slot) []record.Result {
	to := record.ParseBump(submitted.BumpText()).Back[slot.Key()]
	state := record.StateOf(old)[slot.Key()]
	had := func(p record.Past) bool {
		result, ok := record.ParseResult(p.Result)
		return ok && result.Agrees(to)
	}
	if to.String() == state.Healthy || slices.ContainsFunc(state.Results, had) {
		return []record.Result{to, {Tag: to.Tag}}
	}
	return nil
}

// canonical is an image as all of its spellings mean it; what is no image stays.
func canonical(image string) string {
	reference, err := resolver.ParseReference(image)
	if err != nil {
		return image
	}
	tag := reference.Tag
	if reference.Digest == "" {
		tag = reference.TagOrLatest()
	}
	return resolver.Reference{Name: reference.Repository.String()}.With(tag, reference.Digest)
}
