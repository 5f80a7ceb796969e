package webhook_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/garboard-dev/garboard/webhook"
)

// annotated is the Deployment of the world with other annotations on object
// and template.
func (w *world) annotated(tag, annotations, template string) string {
	text := strings.Replace(w.deployment("patch", tag), `{"garboard.dev/policy":"patch"}`, `{"garboard.dev/policy":"patch"`+annotations+`}`, 1)
	return strings.Replace(text, `"labels":{"app":"web"}`, `"labels":{"app":"web"},"annotations":{`+template+`}`, 1)
}

// Terraform replaces the whole spec in a JSON Patch, template annotations and
// all, and gives no field manager: as an undo does, but for the object's
// annotations. Taken for an undo, each of its applies is a downgrade.
func TestTemplateThatIsReplacedIsNoUndo(t *testing.T) {
	w := newWorld(t, "1.2.0", "1.2.7")
	stored, _ := w.mutate(write{object: w.deployment("patch", "1.2.0")})
	state := `,"garboard.dev/state":` + quoted(parse(t, stored).StateText())
	after, _ := w.mutate(write{object: w.annotated("1.2.0", state, ""), old: stored})
	if got := w.images(after); got != "1.2.7" {
		t.Errorf("a replaced spec got %s", got)
	}
	after, _ = w.mutate(write{object: w.annotated("1.2.0", "", ""), old: stored})
	if got := w.images(after); got != "1.2.0" {
		t.Errorf("an undo to before Garboard got %s", got)
	}
}

// A clean manifest after one that was exported prunes the record that the
// latter carried; that is no undo either.
func TestRecordThatAManifestPrunesIsNoUndo(t *testing.T) {
	w := newWorld(t, "1.2.0", "1.2.7")
	first, _ := w.mutate(write{object: w.deployment("patch", "1.2.0")})
	state := `,"garboard.dev/state":` + quoted(parse(t, first).StateText())
	exported := `,"kubectl.kubernetes.io/last-applied-configuration":` +
		quoted(`{"spec":{"template":{"metadata":{"annotations":{"garboard.dev/resolved":"c0=1.2.7"}}}}}`)
	stored := w.annotated("1.2.7", state+exported, `"garboard.dev/resolved":"c0=1.2.7"`)
	after, _ := w.mutate(write{object: w.annotated("1.2.0", "", ""), old: stored, manager: "kubectl-client-side-apply"})
	if got := w.images(after); got != "1.2.7" {
		t.Errorf("the clean manifest got %s", got)
	}
}

func quoted(s string) string { return `"` + strings.ReplaceAll(s, `"`, `\"`) + `"` }

// What went past us is not tidied up by a label: the record is on the
// template, and the Pods would roll.
func TestLabelLeavesAStaleRecord(t *testing.T) {
	w := newWorld(t, "1.2.0", "1.2.7")
	first, _ := w.mutate(write{object: w.deployment("patch", "1.2.0")})
	stale := strings.Replace(first, "c0=1.2.7", "c0=1.2.7,gone=1.0.0", 1)
	after, _ := w.mutate(write{object: strings.Replace(stale, `"name":"web"`, `"name":"web","labels":{"touched":"yes"}`, 1), old: stale})
	if got := parse(t, after).RecordText(); got != "c0=1.2.7,gone=1.0.0" {
		t.Errorf("record %q", got)
	}
}

// Nobody governs the container: its spelling is its writer's.
func TestUngovernedSpellingIsKept(t *testing.T) {
	w := newWorld(t)
	stored := strings.Replace(w.deployment("never", "x"), w.host+"/app:x", "nginx", 1)
	written := strings.Replace(w.deployment("never", "x"), w.host+"/app:x", "docker.io/library/nginx:latest", 1)
	after, response := w.mutate(write{object: written, old: stored, manager: "helm"})
	if after != written {
		t.Errorf("patched: %s", response.Patch)
	}
}

// A refusal of what is stored already would hold up labels and finalizers.
func TestDenyRefusesNewImagesAlone(t *testing.T) {
	w := newWorld(t, "1.2.0", "1.2.7")
	dead := http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusBadGateway) })
	w.fault.Store(&dead)
	deny := `,"garboard.dev/onUnresolvable":"deny"`
	state := `,"garboard.dev/state":` + quoted(`{"c0":{"from":"`+w.host+`/app:1.2.0","results":[{"result":"1.2.7","from":"`+w.host+`/app:1.2.0","repository":"`+w.host+`/app"}]}}`)
	bypassed := w.annotated("1.2.0", deny+state, "")
	if response := w.post("/mutate", write{object: bypassed, old: bypassed}.review()); !response.Allowed {
		t.Errorf("an image that is stored already was refused: %s", response.Result.Message)
	}
	gone := strings.Replace(w.annotated("1.2.5", deny, ""), `"name":"web"`, `"name":"web","deletionTimestamp":"2026-01-01T00:00:00Z"`, 1)
	if response := w.post("/mutate", write{object: gone, old: bypassed}.review()); !response.Allowed {
		t.Errorf("an object on its way out was refused: %s", response.Result.Message)
	}
	if response := w.post("/mutate", write{object: w.annotated("1.2.5", deny, "")}.review()); response.Allowed {
		t.Error("a new image was admitted unresolved")
	}
}

// The rules name no subresource; whoever reaches the port may send one.
func TestSubresourcesAreLeftAlone(t *testing.T) {
	w := newWorld(t, "1.2.0", "1.2.7")
	review := strings.Replace(string(write{object: w.deployment("patch", "1.2.0")}.review()), `"uid":"1",`, `"uid":"1","subResource":"scale",`, 1)
	before := w.requests.Load()
	for _, path := range []string{webhook.MutatePath, webhook.ValidatePath} {
		if response := w.post(path, []byte(review)); !response.Allowed || len(response.Patch) > 0 {
			t.Errorf("%s: allowed %v, patch %s", path, response.Allowed, response.Patch)
		}
	}
	if asked := w.requests.Load() - before; !strings.Contains(review, "subResource") || asked > 0 {
		t.Errorf("%d requests", asked)
	}
}

// The same image in another spelling would be another template, and a rollout
// for nothing.
func TestStoredSpellingIsKept(t *testing.T) {
	w := newWorld(t, "latest")
	stored, _ := w.mutate(write{object: w.deployment("force", "latest")})
	tagless := strings.Replace(w.deployment("force", "latest"), "/app:latest", "/app", 1)
	after, _ := w.mutate(write{object: submit(t, stored, tagless), old: stored, manager: "kubectl-client-side-apply"})
	if got, want := w.images(after), w.images(stored); got != want || !strings.HasPrefix(want, "latest@") {
		t.Errorf("it is written %s, want %s", got, want)
	}
	kept, _ := w.mutate(write{object: w.deployment("minor", "latest")})
	tagless = strings.Replace(w.deployment("minor", "latest"), "/app:latest", "/app", 1)
	after, _ = w.mutate(write{object: submit(t, kept, tagless), old: kept, manager: "kubectl-client-side-apply"})
	if got := w.images(after); got != "latest" {
		t.Errorf("without a move it is written %s", got)
	}
}
