package webhook_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/resolver/registry"
	"github.com/garboard-dev/garboard/webhook"
)

// shelf is a registry that has the same tags in every repository, each under a
// digest that follows from its name, and never anything else: the same request
// has one right answer.
type shelf []string

func (s shelf) Tags(context.Context, resolver.Repository, resolver.Credential) ([]string, error) {
	return s, nil
}

func (s shelf) Digest(_ context.Context, repository resolver.Repository, tag string, _ resolver.Credential) (string, error) {
	if !slices.Contains(s, tag) {
		return "", &registry.Error{Kind: registry.NotFound, Repository: repository.String()}
	}
	return digestOf(repository.String() + ":" + tag), nil
}

func (s shelf) Image(context.Context, resolver.Repository, string, resolver.Credential, bool) (registry.Image, error) {
	return registry.Image{Platforms: []registry.Platform{{OS: "linux", Architecture: "amd64"}}, Created: time.Unix(1e9, 0)}, nil
}

func digestOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// hooks are both webhooks over a shelf, without HTTP between: a panic is one.
type hooks struct {
	mutate   *webhook.Mutate
	validate *webhook.Validate
}

func newHooks(t testing.TB, tags ...string) hooks {
	t.Helper()
	now := time.Unix(1e9, 0)
	r := resolver.New(shelf(tags), resolver.Options{Now: func() time.Time { return now }})
	decider, err := webhook.NewDecider(webhook.DeciderOptions{Resolver: r, UpdaterAccount: updater})
	if err != nil {
		t.Fatal(err)
	}
	metrics, err := webhook.NewMetrics(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	known := namespaces{"on": workload.NamespaceOf("on", map[string]string{workload.LabelEnabled: "true"}, nil)}
	return hooks{
		&webhook.Mutate{Decider: decider, Namespaces: known, Metrics: metrics},
		&webhook.Validate{Namespaces: known},
	}
}

// call is one admission request of a kind; old is empty at create. It is the
// updater's where the field manager says so: that it is not enough of itself is
// tried elsewhere.
type call struct {
	kind        workload.Kind
	object, old string
	manager     string
}

func (c call) request() admission.Request {
	gvk := c.kind.GroupVersionKind
	request := admissionv1.AdmissionRequest{
		UID: "1", Operation: admissionv1.Create, Namespace: "on",
		Kind:    metav1.GroupVersionKind{Group: gvk.Group, Version: gvk.Version, Kind: gvk.Kind},
		Object:  runtime.RawExtension{Raw: []byte(c.object)},
		Options: runtime.RawExtension{Raw: fmt.Appendf(nil, `{"fieldManager":%q}`, c.manager)},
	}
	if c.old != "" {
		request.Operation = admissionv1.Update
		request.OldObject.Raw = []byte(c.old)
	}
	if c.updates() {
		request.UserInfo.Username = updater
	}
	return admission.Request{AdmissionRequest: request}
}

func (c call) updates() bool { return c.manager == "garboard-updater" }

// answer is the object as the API server stores it. ok is false where the
// request was refused. Every rule that holds for any request is checked.
func (h hooks) answer(t testing.TB, c call) (stored string, ok bool) {
	t.Helper()
	h.validate.Handle(t.Context(), c.request())
	patch, ok := h.patch(t, c)
	if !ok {
		return "", false
	}
	if again, _ := h.patch(t, c); again != patch {
		t.Fatalf("the same request got other patches:\n%s\n%s", patch, again)
	}
	stored = apply(t, c.object, []byte(patch))
	if diff := cmp.Diff(foreign(t, c.kind, c.object), foreign(t, c.kind, stored)); diff != "" {
		t.Fatalf("the patch %s changes what is not ours (-submitted +stored):\n%s", patch, diff)
	}
	wantWithinGates(t, c, stored)
	for what, next := range map[string]call{
		"seen again by reinvocation": {c.kind, stored, c.old, c.manager},
		"submitted as it is stored":  {c.kind, stored, stored, c.manager},
	} {
		if patch, ok := h.patch(t, next); patch != "" || !ok {
			t.Fatalf("the answer, %s, got the patch %s, allowed %v\nit was %s\nto %s\nover %s", what, patch, ok, stored, c.object, c.old)
		}
	}
	return stored, true
}

// patch is the text of the answer's patch; empty for none.
func (h hooks) patch(t testing.TB, c call) (text string, ok bool) {
	t.Helper()
	response := h.mutate.Handle(t.Context(), c.request())
	if len(response.Patches) == 0 {
		return "", response.Allowed
	}
	data, err := json.Marshal(response.Patches)
	if err != nil {
		t.Fatal(err)
	}
	return string(data), response.Allowed
}

// foreign is an object without what is Garboard's to write: the text of images
// and its annotations. Metadata and annotations that it makes to write there
// are no change either: none and empty ones are the same to the API server.
func foreign(t testing.TB, kind workload.Kind, object string) any {
	t.Helper()
	var root map[string]any
	if err := json.Unmarshal([]byte(object), &root); err != nil {
		t.Fatal(err)
	}
	template := root
	for _, key := range kind.Template {
		template = under(template, key)
	}
	spec := under(template, "spec")
	for _, list := range []string{"initContainers", "containers", "volumes"} {
		items, _ := spec[list].([]any)
		for _, item := range items {
			holder, _ := item.(map[string]any)
			key := "image"
			if list == "volumes" {
				holder, key = under(holder, "image"), "reference"
			}
			if _, isText := holder[key].(string); isText {
				holder[key] = ""
			}
		}
	}
	strip(template, workload.AnnotationRecord, workload.AnnotationBump)
	strip(root, workload.AnnotationState, workload.AnnotationHold, "kubernetes.io/change-cause")
	return root
}

// strip takes annotations off, and what is empty then.
func strip(holder map[string]any, keys ...string) {
	metadata := under(holder, "metadata")
	annotations := under(metadata, "annotations")
	for _, key := range keys {
		delete(annotations, key)
	}
	if value, ok := metadata["annotations"]; ok && (value == nil || annotations != nil && len(annotations) == 0) {
		delete(metadata, "annotations")
	}
	if value, ok := holder["metadata"]; ok && (value == nil || metadata != nil && len(metadata) == 0) {
		delete(holder, "metadata")
	}
}

func under(m map[string]any, key string) map[string]any {
	inner, _ := m[key].(map[string]any)
	return inner
}

// object is one of the kind, with annotations on it and on its template.
func object(kind workload.Kind, annotations, template, spec string) string {
	inner := fmt.Sprintf(`{"metadata":{"annotations":{%s}},"spec":%s}`, template, spec)
	if kind.Template == nil {
		both := strings.Trim(annotations+","+template, ",")
		return fmt.Sprintf(`{"metadata":{"name":"it","annotations":{%s}},"spec":%s}`, both, spec)
	}
	for _, key := range slices.Backward(kind.Template) {
		inner = fmt.Sprintf(`{%q:%s}`, key, inner)
	}
	return fmt.Sprintf(`{"metadata":{"name":"it","annotations":{%s}},%s`, annotations, inner[1:])
}

// Any object may be submitted, by anybody who reaches the port. A patch that
// does not apply would be an internal error of the API server, whatever the
// failure policy; a field that is lost or changed would be somebody's outage.
func FuzzMutate(f *testing.F) {
	h := newHooks(f, "1.2.0", "1.2.5", "1.2.7", "1.3.0")
	const (
		governed = `"garboard.dev/policy":"patch"`
		state    = `,"garboard.dev/state":"{\"c\":{\"from\":\"a/b:1.2.0\",\"results\":[{\"result\":\"1.2.7\",\"from\":\"a/b:1.2.0\",\"repository\":\"docker.io/a/b\"}]}}"`
		record   = `"garboard.dev/resolved":"c=1.2.7"`
		bump     = `"garboard.dev/bump":"c=1.2.7"`
		gated    = governed + `,"garboard.dev/minAge":"3d"`
		hold     = `,"garboard.dev/hold":"c=1.2.7,gone=1"`
		spec     = `{"containers":[{"name":"c","image":"a/b:1.2.0","new":[1.0,null]}],"initContainers":[{"name":"i","image":"a/b:1.2.5"}],"volumes":[{"name":"v","image":{"reference":"a/b:1.3.0"}}]}`
		moved    = `{"containers":[{"name":"c","image":"a/b:1.2.7"}]}`
		digest   = `@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855`
		mirrored = `{"containers":[{"name":"c","image":"m.example.com/a/b:1.2.7"}]}`
		pinned   = `{"containers":[{"name":"c","image":"a/b` + digest + `"}]}`
		rewrites = `,"garboard.dev/state":"{\"c\":{\"from\":\"a/b:1.2.0\",\"results\":[{\"result\":\"1.2.7\",\"from\":\"a/b:1.2.0\",\"repository\":\"docker.io/a/b\",\"stored\":\"STORED\"}]}}"`
	)
	for i, kind := range workload.StandardKinds().All() {
		seed := func(object, old string) { f.Add(uint8(i), object, old, "kubectl-client-side-apply") }
		seed(object(kind, governed, "", spec), "")
		seed(object(kind, governed, "", spec), object(kind, governed+state, record, moved))
		seed(object(kind, governed+state, record+","+bump, moved), object(kind, governed+state, record, moved))
		seed(object(kind, governed+state, record, spec), object(kind, governed, "", spec))
		seed(object(kind, governed+state+hold, record, spec), object(kind, governed+state, record, moved))
		seed(object(kind, governed+hold, "", spec), object(kind, governed+state+hold, record, moved))
		// A gate: at create, for an apply, a bump, a repair, a new source and one that
		// is taken off.
		seed(object(kind, gated, bump, spec), "")
		seed(object(kind, gated, "", spec), object(kind, gated+state, record, moved))
		seed(object(kind, gated+state, record+`,"garboard.dev/bump":"c=1.2.8@sha256:0,i=1.2.5"`, moved), object(kind, gated+state, record, moved))
		seed(object(kind, gated+state, record, spec), object(kind, gated+state, record, spec))
		seed(object(kind, gated+state, record, `{"containers":[{"name":"c","image":"a/b:1.3.0"}]}`), object(kind, gated+state, record, moved))
		seed(object(kind, governed+state, record, moved), object(kind, gated+state, record, moved))
		f.Add(uint8(i), object(kind, gated, bump, spec), object(kind, gated, "", spec), "garboard-updater")
		f.Add(uint8(i), object(kind, gated+`,"garboard.dev/pin":"digest"`, bump, spec), object(kind, gated+state, record, spec), "garboard-updater")
		// A hold that cannot be read is taken off.
		seed(object(kind, governed+state, "", spec), object(kind, governed+state+`,"garboard.dev/hold":"c=,x"`, record, moved))
		seed(object(kind, `"keel.sh/policy":"force"`, `"garboard.dev/resolved":"c=1.2.7@sha256:0"`, spec), object(kind, `"garboard.dev/state":"{"`, bump, spec))
		// What another webhook has rewritten: applied again, in the second round, and undone.
		inMirror, inPlace := strings.Replace(rewrites, "STORED", "m.example.com/a/b:1.2.7", 1), strings.Replace(rewrites, "STORED", "docker.io/a/b"+digest, 1)
		seed(object(kind, governed+inMirror, record, spec), object(kind, governed+inMirror, record, mirrored))
		seed(object(kind, governed+state, record, mirrored), "")
		seed(object(kind, governed+inPlace, record, spec), object(kind, governed+inPlace, record, pinned))
		seed(object(kind, governed+inPlace, record+","+bump, pinned), object(kind, governed+inPlace, record, pinned))
		seed(object(kind, governed+inMirror, record, pinned), object(kind, governed+state, record, mirrored))
		// A digest that went past us, of another tag or of none that is known, is put right.
		elsewhere := strings.Replace(pinned, "991", "291", 1)
		seed(object(kind, governed+inPlace, record, spec), object(kind, governed+inPlace, record, elsewhere))
		seed(object(kind, governed+state, record, spec), object(kind, governed+state, record, strings.Replace(pinned, "@", ":1.2.5@", 1)))
		// A template that is gone, or no object, and a bump that went past us.
		seed(`{"metadata":{"annotations":{}},"spec":{"template":[],"jobTemplate":null}}`, object(kind, governed+state, bump, moved))
		// An image that nobody can read is put right.
		seed(object(kind, governed, "", spec), object(kind, governed, "", `{"containers":[{"name":"c","image":"a/b:..2"}]}`))
		seed(`null`, object(kind, `"garboard.dev/state":"{"`, bump, moved))
		seed(object(kind, `"garboard.dev/policy":"semver:<1.3","garboard.dev/pin":"digest"`, "", moved), object(kind, governed+state, record, spec))
	}
	f.Add(uint8(0), `{"metadata":null,"spec":{"template":null}}`, `{}`, "")
	f.Add(uint8(0), `{"metadata":{"annotations":{"garboard.dev/policy":3}},"spec":{"template":{"metadata":{"annotations":[]},"spec":{"containers":{},"volumes":[{"name":"v","image":{"reference":3}}]}}}}`, `{"spec":[]}`, "")
	f.Fuzz(func(t *testing.T, kind uint8, object, old, manager string) {
		kinds := workload.StandardKinds().All()
		var decoded map[string]any
		if json.Unmarshal([]byte(object), &decoded) != nil || old != "" && json.Unmarshal([]byte(old), &decoded) != nil {
			t.Skip()
		}
		h.answer(t, call{kinds[int(kind)%len(kinds)], object, old, manager})
	})
}
