package webhook_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/webhook"
)

const (
	updater = webhook.DefaultUpdaterAccount
	minAge  = "garboard.dev/minAge"
	window  = "garboard.dev/window"
	nightly = "0 22 * * 1-5 for 4h"
)

// gated is a Deployment with another annotation.
func (w *world) gated(policy, tag, key, value string) string {
	return strings.Replace(w.deployment(policy, tag), `"annotations":{`, `"annotations":{"`+key+`":"`+value+`",`, 1)
}

func newGatedTale(t *testing.T, w *world, policy, tag, key, value string) *tale {
	t.Helper()
	s := &tale{t: t, w: w, user: "alice"}
	var response *admissionv1.AdmissionResponse
	s.stored, response = w.mutate(write{object: w.gated(policy, tag, key, value), manager: "kubectl-create", user: s.user})
	if got := w.images(s.stored); got != tag || len(response.Warnings) > 0 {
		t.Errorf("a create of %s was answered with %s, and the warnings %q", tag, got, response.Warnings)
	}
	return s
}

// A gate that binds the updater alone would be no gate: the first apply after it
// would go through.
func TestNoWriteGoesThroughAGate(t *testing.T) {
	values := map[settings.Gate]string{settings.GateMinAge: "3d", settings.GateAfter: "elsewhere for 1h", settings.GateWindow: nightly, settings.GateApprovals: "2"}
	for _, gate := range settings.AllGates() {
		if !gate.BindsWriters() {
			continue
		}
		key, value := workload.Prefix+string(gate), values[gate]
		t.Run(string(gate), func(t *testing.T) {
			if value == "" {
				t.Fatal("no value of the gate is tried here")
			}
			w := newWorld(t, "1.2.0", "1.2.7", "1.3.0", "1.3.4")
			before := w.requests.Load()
			s := newGatedTale(t, w, "patch", "1.2.0", key, value)
			s.write("the manifest again", "kubectl-client-side-apply", s.image("1.2.0"), "1.2.0", "", "")
			s.write("a label", "kubectl-label", annotated("note", "x"), "1.2.0", "", "")
			s.write("a changed policy", "kubectl-annotate", annotated("garboard.dev/policy", "minor"), "1.2.0", "", "")
			s.write("a person going up", "kubectl-set", s.image("1.3.0"), "1.3.0", "", "")
			s.write("a new source", "helm", s.image("1.3.0"), "1.3.0", "", "")
			s.write("a person going down", "kubectl-set", s.image("1.2.7"), "1.2.7", "c0=1.3.0", "c0: app:1.3.0 -> 1.2.7 as written; 1.3.0 is held")
			s.write("the hold taken off", "kubectl-annotate", annotated("garboard.dev/hold", ""), "1.2.7", "", "")
			if asked := w.requests.Load() - before; asked != 0 {
				t.Errorf("the registry was asked %d times for writes that go nowhere", asked)
			}
			s.write("the gate taken off", "kubectl-annotate", annotated(key, ""), "1.3.4", "", "c0: app:1.2.7 -> 1.3.4 (policy minor)")
			w.push("1.3.5")
			s.write("the gate put back", "kubectl-annotate", annotated(key, value), "1.3.4", "", "")
		})
	}
}

func TestBumpThroughAGateIsTheUpdaters(t *testing.T) {
	const ignored = "c0: bump ignored: minAge lets only the updater's through"
	w := newWorld(t, "1.2.0", "1.2.7", "1.2.8", "1.3.0")
	s := newGatedTale(t, w, "patch", "1.2.0", minAge, "3d")
	s.write("a person's bump", "kubectl-annotate", bump("1.2.8"), "1.2.0", "", ignored)
	s.write("one under the updater's name", "garboard-updater", bump("1.2.8"), "1.2.0", "", ignored)
	s.user = "system:serviceaccount:other:garboard-updater"
	s.write("one of its namesake", "garboard-updater", bump("1.2.8"), "1.2.0", "", ignored)
	s.user = ""
	s.write("one of nobody", "garboard-updater", bump("1.2.8"), "1.2.0", "", ignored)

	s.user = updater
	s.write("the updater's, past the policy", "garboard-updater", bump("1.3.0"), "1.2.0", "", "")
	s.write("the updater's, to a tag that is not there", "garboard-updater", bump("1.2.99"), "1.2.0", "", "")
	s.write("the updater's, which names no target", "garboard-updater", bump(""), "1.2.0", "", ignored)
	s.write("the updater's", "garboard-updater", bump("1.2.7"), "1.2.7", "", "c0: app:1.2.0 -> 1.2.7 (policy patch)")
	s.write("the updater's, back", "garboard-updater", bump("1.2.0"), "1.2.7", "", "")
	s.write("the updater's, to where it is", "garboard-updater", bump("1.2.7"), "1.2.7", "", "")

	s.user = "alice"
	s.write("a person holding a version", "garboard", annotated("garboard.dev/hold", "c0=1.2.8"), "1.2.7", "c0=1.2.8", "")
	s.user = updater
	s.write("the updater's, to what is held", "garboard-updater", bump("1.2.8"), "1.2.7", "c0=1.2.8", "")
	w.push("1.2.9", "1.2.10")
	s.write("the updater's, past the hold", "garboard-updater", bump("1.2.9"), "1.2.9", "", "c0: app:1.2.7 -> 1.2.9 (policy patch; hold on 1.2.8 ended)")
	s.write("a label of the updater's", "garboard-updater", annotated("note", "x"), "1.2.9", "", "")
}

// What the updater found to be old enough is an image, and not whatever its tag
// points at a moment later.
func TestBumpThroughAGateIsToItsDigest(t *testing.T) {
	w := newWorld(t, "latest")
	s := newGatedTale(t, w, "force", "latest", minAge, "3d")
	first := w.digest("latest")
	s.user = updater
	s.write("the first", "garboard-updater", bump("latest@"+first), "latest@"+first, "", "c0: app:latest -> latest@"+first[:19]+" (policy force)")
	w.push("latest")
	second := w.digest("latest")
	w.push("latest")
	third := w.digest("latest")
	s.write("one that was pushed over", "garboard-updater", bump("latest@"+second), "latest@"+first, "", "")
	s.write("none that is named", "garboard-updater", bump("latest"), "latest@"+first, "", "")
	s.write("the last", "garboard-updater", bump("latest@"+third), "latest@"+third, "",
		"c0: app:latest@"+first[:19]+" -> latest@"+third[:19]+" (policy force)")
}

// What people approved is an image. It is written by its tag, and its digest goes into the
// record.
func TestApprovedBumpIsToItsDigest(t *testing.T) {
	w := newWorld(t, "1.2.0", "1.2.7")
	s := newGatedTale(t, w, "patch", "1.2.0", "garboard.dev/approvals", "1")
	approved := w.digest("1.2.7")
	w.push("1.2.7")
	moved := w.digest("1.2.7")
	s.write("a forged one", "garboard-updater", bump("1.2.7@"+moved), "1.2.0", "", "c0: bump ignored: approvals lets only the updater's through")
	s.user = updater
	s.write("another image behind the tag", "garboard-updater", bump("1.2.7@"+approved), "1.2.0", "", "")
	s.write("the image that is there", "garboard-updater", bump("1.2.7@"+moved), "1.2.7", "", "c0: app:1.2.0 -> 1.2.7@"+moved[:19]+" (policy patch)")
	if want := "c0=1.2.7@" + moved; !strings.Contains(s.stored, want) {
		t.Errorf("the record is not %s: %s", want, s.stored)
	}
	w.push("1.2.7")
	s.write("a third one", "garboard-updater", bump("1.2.7@"+w.digest("1.2.7")), "1.2.7", "", "")
}

// digest is what a tag points at.
func (w *world) digest(tag string) string {
	w.t.Helper()
	reference, err := name.ParseReference(w.host + "/app:" + tag)
	if err != nil {
		w.t.Fatal(err)
	}
	descriptor, err := remote.Head(reference, remote.WithContext(w.t.Context()))
	if err != nil {
		w.t.Fatal(err)
	}
	return descriptor.Digest.String()
}

// One container's gate is another's, and what has none goes on as ever: a bump is
// a hint there, and the registry knows better.
func TestBumpOfAContainerWithoutAGateIsAHint(t *testing.T) {
	w := newWorld(t, "1.2.0", "1.2.7", "1.2.8")
	s := newTale(t, w, "1.2.0")
	w.push("1.2.9", "1.2.10")
	s.user = "alice"
	s.write("a person's bump", "kubectl-annotate", bump("1.2.9"), "1.2.10", "", "c0: app:1.2.8 -> 1.2.10 (policy patch)")
}

// What somebody wrote past the webhook is put right by the next write, as the
// record has it, and goes no further.
func TestRepairBehindAGateGoesBackToTheRecord(t *testing.T) {
	w := newWorld(t, "1.2.0", "1.2.7", "1.2.8")
	s := newGatedTale(t, w, "patch", "1.2.0", minAge, "3d")
	s.user = updater
	s.write("the updater's bump", "garboard-updater", bump("1.2.7"), "1.2.7", "", "c0: app:1.2.0 -> 1.2.7 (policy patch)")
	s.user = "alice"
	s.stored = strings.ReplaceAll(s.stored, "app:1.2.7\"", "app:1.2.0\"") // of the template: the state names its source
	s.write("a label", "kubectl-label", annotated("note", "x"), "1.2.7", "",
		"c0: app:1.2.0 -> 1.2.7 (repaired: it was written past Garboard)")
}

func TestNamespacesGateBindsItsWorkloads(t *testing.T) {
	w := newWorld(t, "1.2.0", "1.2.7")
	labels := map[string]string{workload.LabelEnabled: "true"}
	w.namespaces = namespaces{"on": workload.NamespaceOf("on", labels, map[string]string{window: nightly})}
	w.serveWith(w.resolver)
	for what, object := range map[string]string{
		"what says nothing of it":     w.deployment("patch", "1.2.0"),
		"what has one of its own":     w.gated("patch", "1.2.0", window, "@daily for 1h"),
		"what takes off another gate": w.gated("patch", "1.2.0", minAge, "0s"),
	} {
		stored, _ := w.mutate(write{object: object, manager: "kubectl-create"})
		if got := w.images(stored); got != "1.2.0" {
			t.Errorf("%s: it was created with %s", what, got)
		}
	}
	w.namespaces = namespaces{"on": workload.NamespaceOf("on", labels, map[string]string{minAge: "3d"})}
	w.serveWith(w.resolver)
	stored, _ := w.mutate(write{object: w.gated("patch", "1.2.0", minAge, "0s"), manager: "kubectl-create"})
	if got := w.images(stored); got != "1.2.7" {
		t.Errorf("what takes off the namespace's own gate was created with %s", got)
	}
}

// Who wires no account trusts nobody, and not whoever gives no name.
func TestWithoutAnUpdaterNoBumpGoesThroughAGate(t *testing.T) {
	w := newWorld(t, "1.2.0", "1.2.7")
	w.serveBy(webhook.DeciderOptions{Resolver: w.resolver})
	s := newGatedTale(t, w, "patch", "1.2.0", minAge, "3d")
	s.user = ""
	s.write("a bump of nobody", "garboard-updater", bump("1.2.7"), "1.2.0", "", "c0: bump ignored: minAge lets only the updater's through")
}

// Where the policy is a Helm release's, the gate may still be somebody else's: the
// values of a release know of none.
func TestGateBindsWhatAHelmReleaseGoverns(t *testing.T) {
	w := newWorld(t, "1.2.0", "1.2.7")
	keel := map[string]any{"policy": "patch", "images": []any{map[string]any{"repository": "image.repository"}}}
	w.helm = releases{keel: keel, repository: w.host + "/app"}
	for _, tt := range []struct{ gate, want string }{{"0s", "1.2.7"}, {"3d", "1.2.0"}} {
		stored, _ := w.mutate(write{object: installed(w.gated("", "1.2.0", minAge, tt.gate), "on"), manager: "helm"})
		if got := w.images(stored); got != tt.want {
			t.Errorf("with minAge %s it was created with %s, want %s", tt.gate, got, tt.want)
		}
	}
}

// The audit log tells why a person's new source was taken as it is.
func TestAuditTellsOfAGate(t *testing.T) {
	w := newWorld(t, "1.2.0", "1.2.7")
	s := newGatedTale(t, w, "patch", "1.2.0", minAge, "3d")
	var object map[string]any
	if err := json.Unmarshal([]byte(s.stored), &object); err != nil {
		t.Fatal(err)
	}
	bump("1.2.7")(object)
	s.image("1.2.5")(object)
	data, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	_, response := w.mutate(write{object: string(data), old: s.stored, manager: "kubectl-set", user: "alice"})
	told := strings.ReplaceAll(response.AuditAnnotations["images"], w.host+"/", "")
	if want := "c0: app:1.2.0 -> app:1.2.5 (policy patch; row by_hand; gated by minAge)"; told != want {
		t.Errorf("the audit log has %q, want %q", told, want)
	}
}

// A Pod and a Job are resolved at create alone, and then run for good.
func TestGateOfWhatIsResolvedAtCreateAlone(t *testing.T) {
	w := newWorld(t, "1.2.0", "1.2.7")
	pod := strings.Replace(strings.Replace(w.gated("patch", "1.2.0", minAge, "3d"), `"Deployment"`, `"Pod"`, 1),
		`"spec":{"template":{"metadata":{"labels":{"app":"web"}},"spec":`, `"spec":`, 1)
	pod = strings.Replace(pod, "]}}}}", "]}}", 1)
	in := write{object: pod, manager: "kubectl-create"}
	var review admissionv1.AdmissionReview
	if err := json.Unmarshal(in.review(), &review); err != nil {
		t.Fatal(err)
	}
	review.Request.Kind = metav1.GroupVersionKind{Version: "v1", Kind: "Pod"}
	data, err := json.Marshal(review)
	if err != nil {
		t.Fatal(err)
	}
	response := w.post(webhook.MutatePath, data)
	after := apply(t, pod, response.Patch)
	if !strings.Contains(after, "app:1.2.0\"") || strings.Contains(after, "app:1.2.7") {
		t.Errorf("the Pod is %s", after)
	}
}

// The API server refuses a bump that moves nothing, because the key that the updater puts
// beside it may not stand on an object.
func TestConditionOfABumpIsTakenOffWithAMoveAlone(t *testing.T) {
	const key = workload.AnnotationOnlyIfMoved
	w := newWorld(t, "1.2.0", "1.2.7")
	_, response := w.mutate(write{object: w.deployment("patch", "1.2.0"), manager: "kubectl-create"})
	if strings.Contains(string(response.Patch), key) {
		t.Errorf("the patch of an object without the key is %s", response.Patch)
	}
	s := newTale(t, w, "1.2.7")
	w.push("1.2.8")
	s.stored, _ = w.mutate(write{object: s.change(annotated(key, "true"), bump("1.2.8")), old: s.stored, manager: "garboard-updater", user: updater})
	if _, left := parse(t, s.stored).Annotations()[key]; left || w.images(s.stored) != "1.2.8" {
		t.Errorf("after a bump that moves, the key is left: %t, and it runs %s", left, w.images(s.stored))
	}
	for name, change := range map[string]func(map[string]any){"a bump that moves nothing": bump("1.2.8"), "a label": annotated("note", "x")} {
		after, _ := w.mutate(write{object: s.change(annotated(key, "true"), change), old: s.stored, manager: "garboard-updater", user: updater})
		if _, left := parse(t, after).Annotations()[key]; !left {
			t.Errorf("%s: the key was taken off", name)
		}
	}
}
