package webhook_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admission/v1"

	"github.com/garboard-dev/garboard/webhook"
)

// injected is the object after another webhook has put the container c1 in.
func (w *world) injected(object, tag string) string {
	w.t.Helper()
	containers := fmt.Sprintf(`{"op":"add","path":"/spec/template/spec/containers/-","value":{"name":"c1","image":"%s/app:%s"}}`, w.host, tag)
	return apply(w.t, object, []byte("["+containers+"]"))
}

// A container that a later webhook injects is seen in the second round alone, next
// to our own answer of the first.
func TestInjectedContainerIsResolvedInTheSecondRound(t *testing.T) {
	w := newWorld(t, "1.2.0", "1.2.7")
	first, _ := w.mutate(write{object: w.deployment("patch", "1.2.0")})
	stored, _ := w.mutate(write{object: w.injected(first, "1.2.0")})
	if got := w.images(stored); got != "1.2.7 1.2.7" {
		t.Errorf("created with %s", got)
	}
	if got := parse(t, stored).HoldText(); got != "" {
		t.Errorf("our own answer was taken for a way back: the hold is %q", got)
	}

	// The manifest again knows nothing of the injected container. Until it is
	// injected anew it is gone, and with it what the state has of it.
	manifest := w.deployment("patch", "1.2.0")
	carried := submit(t, stored, manifest)
	for name, in := range map[string]write{
		"kubectl apply":           {object: carried, old: stored, manager: "kubectl-client-side-apply"},
		"a GitOps loop":           {object: carried, old: stored, manager: "kustomize-controller"},
		"kubectl replace":         {object: manifest, old: stored, manager: "kubectl-replace"},
		"a writer without a name": {object: carried, old: stored},
	} {
		t.Run(name, func(t *testing.T) {
			round, _ := w.mutate(in)
			in.object = w.injected(round, "1.2.0")
			after, _ := w.mutate(in)
			if got := w.images(after); got != "1.2.7 1.2.7" {
				t.Errorf("applied again it runs %s", got)
			}
			if was, is := parse(t, stored), parse(t, after); was.RecordText() != is.RecordText() || is.HoldText() != "" {
				t.Errorf("record %q and hold %q, want %q and none", is.RecordText(), is.HoldText(), was.RecordText())
			}
		})
	}
}

// asDryRun makes a review the one of a dry run.
func asDryRun(review []byte) []byte {
	return bytes.Replace(review, []byte(`"operation":`), []byte(`"dryRun":true,"operation":`), 1)
}

// Loops, `kubectl diff` and the updater ask by a dry run what a write would do.
func TestDryRunGetsTheSameAnswer(t *testing.T) {
	w := newWorld(t, "1.2.0", "1.2.7")
	manifest := w.deployment("patch", "1.2.0")
	stored, _ := w.mutate(write{object: manifest})
	for name, in := range map[string]write{
		"a create":                      {object: manifest},
		"the manifest again":            {object: submit(t, stored, manifest), old: stored, manager: "kustomize-controller"},
		"a replace":                     {object: manifest, old: stored, manager: "kubectl-replace"},
		"a person going down":           {object: submit(t, stored, manifest), old: stored, manager: "kubectl-set"},
		"a setting that makes no sense": {object: w.deployment("nonsense", "1.2.0")},
	} {
		t.Run(name, func(t *testing.T) {
			for _, path := range []string{webhook.MutatePath, webhook.ValidatePath} {
				review := in.review()
				if diff := cmp.Diff(w.post(path, review), w.post(path, asDryRun(review))); diff != "" {
					t.Errorf("%s (-for real +dry run):\n%s", path, diff)
				}
			}
		})
	}
}

// A type without a patch, or a patch without a type, is an answer that the API
// server refuses: no write would pass.
func TestPatchComesWithItsType(t *testing.T) {
	w := newWorld(t, "1.2.0", "1.2.7")
	stored, moved := w.mutate(write{object: w.deployment("patch", "1.2.0")})
	if len(moved.Patch) == 0 || moved.PatchType == nil || *moved.PatchType != admissionv1.PatchTypeJSONPatch {
		t.Errorf("a patch of %d bytes has the type %v", len(moved.Patch), moved.PatchType)
	}
	_, settled := w.mutate(write{object: stored, old: stored, manager: "kubectl-label"})
	if settled.Patch != nil || settled.PatchType != nil {
		t.Errorf("with nothing to do there is the patch %q and the type %v", settled.Patch, settled.PatchType)
	}
}

// A bare digest is somebody's decision for one image.
func TestBareDigestIsNeverTouched(t *testing.T) {
	w := newWorld(t, "1.2.0", "1.2.7")
	const digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	for _, policy := range []string{"patch", "all", "semver:>=1", "glob:*", "newest", "force"} {
		t.Run(policy, func(t *testing.T) {
			before := w.requests.Load()
			object := bytes.ReplaceAll([]byte(w.deployment(policy, "1.2.0")), []byte("/app:1.2.0"), []byte("/app@"+digest))
			stored, response := w.mutate(write{object: string(object)})
			if stored != string(object) {
				t.Errorf("patched: %s", response.Patch)
			}
			if n := w.requests.Load() - before; n > 0 {
				t.Errorf("%d requests to the registry", n)
			}
		})
	}
}
