package webhook_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/strategicpatch"

	"github.com/garboard-dev/garboard/internal/workload"
)

const (
	team         = "r.example.com/team/"
	mirrorOfTeam = "r.example.com/mirror/team/"
)

// manifest submits the writer's manifest by its style.
func (h *history) manifest() change {
	wanted := h.wanted()
	switch h.style {
	case serverSide:
		return func(stored *unstructured.Unstructured) *unstructured.Unstructured {
			return h.serverSideApply(stored, wanted)
		}
	case replaced:
		return func(stored *unstructured.Unstructured) *unstructured.Unstructured {
			return h.owned(stored, wanted, replaced)
		}
	}
	_ = unstructured.SetNestedField(wanted.Object, text(h.t, wanted.Object), "metadata", "annotations", corev1.LastAppliedConfigAnnotation)
	if h.stored == nil {
		return func(stored *unstructured.Unstructured) *unstructured.Unstructured {
			if stored == nil {
				return h.owned(nil, wanted, clientSide)
			}
			return h.patched(stored, h.threeWay(stored, wanted), clientSide)
		}
	}
	patch := h.threeWay(h.stored, wanted) // of what kubectl has read
	return func(stored *unstructured.Unstructured) *unstructured.Unstructured {
		return h.patched(stored, patch, clientSide)
	}
}

// wanted is the manifest; that of a PUT has all that others set.
func (h *history) wanted() *unstructured.Unstructured {
	container := map[string]any{"name": "web", "image": fmt.Sprintf("%sone:1.2.%d", team, h.source)}
	labels := map[string]any{"applied": strconv.Itoa(h.applied)}
	if h.style == replaced {
		labels["label"] = strconv.Itoa(h.labels)
		container["env"] = []any{map[string]any{"name": "N", "value": strconv.Itoa(h.env)}}
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apps/v1", "kind": "Deployment",
		"metadata": map[string]any{
			"name": "web", "namespace": "on", "labels": labels,
			"annotations": map[string]any{"garboard.dev/policy": "patch"},
		},
		"spec": map[string]any{
			"selector": map[string]any{"matchLabels": map[string]any{"app": "web"}},
			"template": map[string]any{
				"metadata": map[string]any{"labels": map[string]any{"app": "web"}},
				"spec":     map[string]any{"containers": []any{container}},
			},
		},
	}}
}

func (h *history) threeWay(stored, wanted *unstructured.Unstructured) []byte {
	last := []byte(stored.GetAnnotations()[corev1.LastAppliedConfigAnnotation])
	patch, err := strategicpatch.CreateThreeWayMergePatch(last, []byte(text(h.t, wanted.Object)), []byte(text(h.t, stored.Object)), h.schema, true)
	if err != nil {
		h.t.Fatal(err)
	}
	return patch
}

// patched is a strategic merge patch of what is stored.
func (h *history) patched(stored *unstructured.Unstructured, patch []byte, manager string) *unstructured.Unstructured {
	merged, err := strategicpatch.StrategicMergePatchUsingLookupPatchMeta([]byte(text(h.t, stored.Object)), patch, h.schema)
	if err != nil {
		h.t.Fatal(err)
	}
	return h.owned(stored, h.parse(string(merged)), manager)
}

// owned is the object with its managed fields, as the API server has them before it
// calls a webhook.
func (h *history) owned(stored, object *unstructured.Unstructured, manager string) *unstructured.Unstructured {
	submitted := object.DeepCopy()
	if manager == "" {
		manager = "kubectl"
	}
	return h.timed(stored, h.fields.UpdateNoErrors(live(stored), submitted, manager))
}

func (h *history) serverSideApply(stored, wanted *unstructured.Unstructured) *unstructured.Unstructured {
	applied, err := h.fields.Apply(live(stored), wanted.DeepCopy(), serverSide, true)
	if err != nil {
		h.t.Fatal(err)
	}
	return h.timed(stored, applied)
}

func live(stored *unstructured.Unstructured) *unstructured.Unstructured {
	if stored == nil {
		return &unstructured.Unstructured{Object: map[string]any{"apiVersion": "apps/v1", "kind": "Deployment"}}
	}
	return stored.DeepCopy()
}

// timed puts the test's clock into the managed fields that have changed.
func (h *history) timed(stored *unstructured.Unstructured, object runtime.Object) *unstructured.Unstructured {
	submitted := object.(*unstructured.Unstructured)
	var before []metav1.ManagedFieldsEntry
	if stored != nil {
		before = stored.GetManagedFields()
	}
	entries := submitted.GetManagedFields()
	for i, entry := range entries {
		same := slices.IndexFunc(before, func(b metav1.ManagedFieldsEntry) bool {
			return b.Manager == entry.Manager && b.Operation == entry.Operation && reflect.DeepEqual(b.FieldsV1, entry.FieldsV1) && entry.Time.Unix() == b.Time.Unix()
		})
		if same < 0 {
			entries[i].Time = &metav1.Time{Time: h.now}
		}
	}
	submitted.SetManagedFields(entries)
	return submitted
}

func (h *history) label() {
	h.labels++
	h.patch("label", "kubectl-label", `{"metadata":{"labels":{"label":"%d"}}}`, h.labels)
}

func (h *history) setEnv() {
	h.env++
	h.patch("set env", "kubectl-set", `{"spec":{"template":{"spec":{"containers":[{"name":"web","env":[{"name":"N","value":"%d"}]}]}}}}`, h.env)
}

func (h *history) restart() {
	h.patch("restart", "kubectl-rollout", `{"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"%d"}}}}}`, h.random.Int64())
}

func (h *history) patch(what, manager, format string, args ...any) {
	patch := fmt.Appendf(nil, format, args...)
	h.write(what, manager, func(stored *unstructured.Unstructured) *unstructured.Unstructured {
		return h.patched(stored, patch, manager)
	})
}

func (h *history) setImage() {
	h.asked = h.random.IntN(h.newest + 1)
	h.patch("set image", "kubectl-set", `{"spec":{"template":{"spec":{"containers":[{"name":"web","image":"%sone:1.2.%d"}]}}}}`, team, h.asked)
}

func (h *history) apply() {
	h.applied++
	h.write("the manifest again", h.style, h.manifest())
}

func (h *history) applyAnother() {
	h.applied++
	h.source = h.random.IntN(h.newest + 1)
	// One that names what runs is told from a second round of ours only where the other
	// webhook leaves the text of the image.
	for h.source == tagIn(h.stored) {
		h.source = h.random.IntN(h.newest + 1)
	}
	h.asked = h.source
	h.write("another manifest", h.style, h.manifest())
}

// bump is the updater's: of what it has found, which is what the registry has.
func (h *history) bump() {
	held := h.stored.GetAnnotations()[workload.AnnotationHold]
	if tagIn(h.stored) == h.newest || held != "" && held >= fmt.Sprintf("web=1.2.%d", h.newest) {
		return
	}
	const manager = "garboard-updater"
	patch := fmt.Appendf(nil, `{"spec":{"template":{"metadata":{"annotations":{%q:"web=1.2.%d"}}}}}`, workload.AnnotationBump, h.newest)
	h.send("a bump", manager, updater, func(stored *unstructured.Unstructured) *unstructured.Unstructured {
		return h.patched(stored, patch, manager)
	})
}

// sync is the Deployment controller's: it makes the template's revision, or keeps it,
// with the Deployment's annotations.
func (h *history) sync() {
	template := templateIn(h.stored)
	annotations := h.stored.GetAnnotations()
	delete(annotations, corev1.LastAppliedConfigAnnotation)
	h.revisions = slices.DeleteFunc(h.revisions, func(r keptRevision) bool { return reflect.DeepEqual(r.template, template) })
	h.revisions = append(h.revisions, keptRevision{template, annotations})
}

// undo is kubectl rollout undo to any revision: a JSON patch of the template and of all
// annotations, by no manager that is named.
func (h *history) undo() {
	current := h.withoutOurs(templateIn(h.stored))
	others := slices.DeleteFunc(slices.Clone(h.revisions), func(r keptRevision) bool { return h.withoutOurs(r.template) == current })
	if len(others) == 0 {
		return
	}
	to := others[h.random.IntN(len(others))]
	annotations := maps.Clone(to.annotations)
	if last, ok := h.stored.GetAnnotations()[corev1.LastAppliedConfigAnnotation]; ok {
		annotations[corev1.LastAppliedConfigAnnotation] = last
	}
	name := to.template["spec"].(map[string]any)["containers"].([]any)[0].(map[string]any)["image"].(string)
	h.asked = tagOfImage(name)
	h.write("undo", "", func(stored *unstructured.Unstructured) *unstructured.Unstructured {
		submitted := stored.DeepCopy()
		submitted.SetAnnotations(annotations)
		submitted.Object["spec"].(map[string]any)["template"] = runtime.DeepCopyJSON(to.template)
		return h.owned(stored, submitted, "")
	})
}

func templateIn(object *unstructured.Unstructured) map[string]any {
	template, _, _ := unstructured.NestedMap(object.Object, "spec", "template")
	return template
}

func containerOf(object *unstructured.Unstructured) map[string]any {
	return at(object.Object, "spec", "template", "spec")["containers"].([]any)[0].(map[string]any)
}

func imageIn(object *unstructured.Unstructured) string { return containerOf(object)["image"].(string) }

func tagIn(object *unstructured.Unstructured) int { return tagOfImage(imageIn(object)) }

// tagOfImage is N of 1.2.N, also of a bare digest.
func tagOfImage(name string) int {
	name, digest, _ := strings.Cut(name, "@")
	if colon := strings.LastIndexByte(name, ':'); colon > 0 {
		n, err := strconv.Atoi(strings.TrimPrefix(name[colon:], ":1.2."))
		if err != nil {
			return -1
		}
		return n
	}
	for n := range 100 {
		if digestOf(fmt.Sprintf("1.2.%d", n)) == digest {
			return n
		}
	}
	return -1
}

// withoutOurs is a template without what Garboard writes there, the image excepted.
func (h *history) withoutOurs(template map[string]any) any {
	stripped := runtime.DeepCopyJSON(template)
	strip(stripped, workload.AnnotationRecord, workload.AnnotationBump)
	data, err := json.Marshal(stripped)
	if err != nil {
		h.t.Fatal(err)
	}
	return string(data)
}
