package webhook_test

import (
	"strings"
	"testing"

	"github.com/garboard-dev/garboard/internal/workload/record"
)

// applied is the manifest as kubectl applies it, over what is stored.
func (c *cluster) applied(tag, extra string) func(map[string]any) {
	manifest := strings.Replace(c.deployment("patch", tag), `{"garboard.dev/policy":"patch"}`, `{"garboard.dev/policy":"patch"`+extra+`}`, 1)
	return func(object map[string]any) {
		c.image(tag)(object)
		at(object, "metadata", "annotations")[lastAppliedKey] = manifest
	}
}

// stateOf replaces the state of what is stored.
func (c *cluster) stateOf(state record.ContainerState) {
	c.t.Helper()
	c.stored = edited(c.t, c.stored, func(metadata map[string]any) {
		metadata["annotations"].(map[string]any)["garboard.dev/state"] = record.State{"c0": state}.String()
	})
}

// A state that was written before Garboard knew what other webhooks store has the
// mirror's image for the manifest's. The manifest that kubectl applies again tells.
func TestStateOfBeforeIsUnderstood(t *testing.T) {
	for name, extra := range map[string]string{"": "", "with a gate": `,"` + minAge + `":"3d"`} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, rewriter{mirror: true}, "1.2.0", "1.2.7")
			c.user = updater
			c.create(c.annotated("1.2.0", extra, ""))
			c.send("a bump", "garboard-updater", bump("1.2.7"), "1.2.7", "")
			c.user = "alice"
			c.send("a first apply", applier, c.applied("1.2.0", extra), "1.2.7", "")
			from := c.host + "/mirror/app:1.2.7"
			c.stateOf(record.ContainerState{From: from, Results: []record.Past{{Result: "1.2.7", From: from, Repository: c.host + "/mirror/app"}}})
			c.send("a label", "kubectl-label", annotated("note", "x"), "1.2.7", "")
			gone := dead()
			c.fault.Store(&gone)
			c.restart()
			c.send("the manifest again", applier, c.applied("1.2.0", extra), "1.2.7", "")
			c.wantSource("1.2.0")
			c.fault.Store(nil)
			c.release("1.2.8")
			c.user = updater
			c.send("a bump", "garboard-updater", bump("1.2.8"), "1.2.8", "")
			c.user = "alice"
			c.settled("the manifest again, after a bump", applier, c.applied("1.2.0", extra))
		})
	}
}

// A digest beside the tag was in the results themselves.
func TestStateOfBeforeWithADigestIsUnderstood(t *testing.T) {
	c := newCluster(t, rewriter{digest: true}, "1.2.0", "1.2.7")
	c.create(c.deployment("patch", "1.2.0"))
	from, repository := c.host+"/app:1.2.0", c.host+"/app"
	for name, results := range map[string][]record.Past{
		"the answer alone":         {{Result: "1.2.7", From: from, Repository: repository}},
		"the answer and the label": {{Result: "1.2.7", From: from, Repository: repository}, {Result: "1.2.7@" + c.digests["1.2.7"], From: from, Repository: repository}},
	} {
		c.stateOf(record.ContainerState{From: from, Results: results})
		c.settled(name, "kustomize-controller", c.image("1.2.0"))
	}
}

// A state is anybody's to write. It gives no more than writing the image: the manifest,
// when it is applied again, has its own repository back.
func TestMadeUpStateKeepsNoForeignRepository(t *testing.T) {
	for name, image := range map[string]string{
		"a tag": "/evil/app:1.2.7", "a digest beside it": "/evil/app:1.2.7@" + someDigest, "a bare digest": "/evil/app@" + someDigest,
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, rewriter{off: true}, "1.2.0", "1.2.7")
			c.create(c.deployment("patch", "1.2.0"))
			from := c.host + "/app:1.2.0"
			stored := strings.Replace(parse(t, c.stored).Slots()[0].Image, "/app:1.2.7", image, 1)
			c.stored = strings.Replace(c.stored, parse(t, c.stored).Slots()[0].Image+`","name`, stored+`","name`, 1)
			if got := parse(t, c.stored).Slots()[0].Image; got != stored {
				t.Fatalf("stored is %s", got)
			}
			c.stateOf(record.ContainerState{From: from, Results: []record.Past{{Result: "1.2.7", From: from, Repository: c.host + "/app", Stored: stored}}})
			for _, manager := range []string{applier, "kustomize-controller", "helm", "kubectl-replace"} {
				after, _ := c.chain(write{object: submit(t, c.stored, c.deployment("patch", "1.2.0")), old: c.stored, manager: manager})
				if got := parse(t, after).Slots()[0].Image; !strings.HasPrefix(got, c.host+"/app") {
					t.Errorf("%s: the manifest of %s/app got %s", manager, c.host, got)
				}
			}
		})
	}
}

// A person's digest is never touched, also where what ran before was ours.
func TestDigestOfAPersonIsTheirs(t *testing.T) {
	for name, r := range rewriters() {
		if r.mirror || r.first {
			continue
		}
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, r, "1.2.0", "1.2.6", "1.2.7")
			c.create(c.deployment("patch", "1.2.0"))
			pinned := c.host + "/app@" + c.digests["1.2.6"]
			set := func(object map[string]any) {
				at(object, "spec", "template", "spec")["containers"].([]any)[0].(map[string]any)["image"] = pinned
			}
			same := func(map[string]any) {}
			for _, step := range []struct {
				what, manager string
				change        func(map[string]any)
			}{
				{"a person's digest", "kubectl-set", set}, {"a label", "kubectl-label", annotated("note", "x")},
				{"a bump", "garboard-updater", bump("1.2.7")}, {"a write of nothing", "kubectl-edit", same},
			} {
				object := edited(t, c.stored, func(map[string]any) {})
				var changed map[string]any
				decode(t, object, &changed)
				step.change(changed)
				c.stored, _ = c.chain(write{object: text(t, changed), old: c.stored, manager: step.manager})
				if got := parse(t, c.stored).Slots()[0].Image; got != pinned {
					t.Errorf("%s: it runs %s, want %s", step.what, got, pinned)
				}
			}
		})
	}
}
