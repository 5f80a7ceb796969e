package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
)

// customKinds are the component's, and one whose schema has no annotations on
// the template.
const customKinds = "--custom-kinds=Rollout.v1alpha1.argoproj.io=spec.template,CloneSet.v1alpha1.apps.kruise.io=spec.template," +
	"Bare.v1.test.example.com=spec.template"

// bareCRD is as some generators write it: metadata is an object of nothing.
const bareCRD = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: bares.test.example.com}
spec:
  group: test.example.com
  scope: Namespaced
  names: {kind: Bare, plural: bares}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties:
              template:
                type: object
                properties:
                  metadata: {type: object}
                  spec: {type: object, x-kubernetes-preserve-unknown-fields: true}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: e2e-bares}
rules:
- {apiGroups: [test.example.com], resources: [bares], verbs: [get, list, watch, patch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: e2e-bares}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: e2e-bares}
subjects: [{kind: ServiceAccount, name: garboard-updater, namespace: garboard}]
`

// custom is an object of a custom kind.
func (s *space) custom(api, kind, name, tag, extra string, annotations ...string) string {
	return fmt.Sprintf(`apiVersion: %s
kind: %s
metadata:
  name: %s
  annotations:
    note: "for every object"
    garboard.dev/policy.other: never
    %s
spec:
  replicas: 1
  selector: {matchLabels: {app: it}}
  %s
  template:
    metadata: {labels: {app: it}}
    spec:
      initContainers: [{name: first, image: "%[7]s:%[6]s"}]
      containers:
      - {name: web, image: "%[7]s:%[6]s", resources: {}}
      - {name: other, image: "example.com/untouched:1.0.0", resources: {}}
      volumes: [{name: data, image: {reference: "%[7]s:%[6]s"}, newerThanOurTypes: {kept: true}}]
`, api, kind, name, strings.Join(annotations, "\n    "), extra, tag, s.image)
}

func (s *space) rollout(name, tag string, annotations ...string) string {
	return s.custom("argoproj.io/v1alpha1", "Rollout", name, tag, "strategy: {canary: {steps: [{setWeight: 20}, {pause: {}}]}}", annotations...)
}

func (s *space) cloneSet(name, tag string, annotations ...string) string {
	return s.custom("apps.kruise.io/v1alpha1", "CloneSet", name, tag, "updateStrategy: {type: InPlaceIfPossible}", annotations...)
}

// tags are those of all images of ours in an object's template.
func (s *space) tags(object string) string {
	s.t.Helper()
	kind, name, _ := strings.Cut(object, "/")
	resource := schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: kind + "s"}
	if kind == "cloneset" {
		resource.Group = "apps.kruise.io"
	}
	client, err := dynamic.NewForConfig(s.RESTConfig())
	if err != nil {
		s.t.Fatal(err)
	}
	o, err := client.Resource(resource).Namespace(s.name).Get(s.t.Context(), name, metav1.GetOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	var typed struct {
		Spec struct {
			Template corev1.PodTemplateSpec `json:"template"`
		} `json:"spec"`
	}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &typed); err != nil {
		s.t.Fatal(err)
	}
	spec := typed.Spec.Template.Spec
	images := strings.Join([]string{spec.InitContainers[0].Image, spec.Containers[0].Image, spec.Volumes[0].Image.Reference}, " ")
	return strings.ReplaceAll(images, s.image+":", "")
}

func (s *space) wantTags(object, tag string) {
	s.t.Helper()
	if got, want := s.tags(object), strings.TrimSpace(strings.Repeat(tag+" ", 3)); got != want {
		s.t.Errorf("%s runs %s, want %s", object, got, want)
	}
}

func (s *space) awaitTags(object, tag string) {
	s.t.Helper()
	s.await(object+" to run "+tag, func(context.Context) error {
		if got := s.tags(object); got != strings.TrimSpace(strings.Repeat(tag+" ", 3)) {
			return errors.New(got)
		}
		return nil
	})
}

// version changes with each write that stores something.
func (s *space) version(object string) string {
	s.t.Helper()
	out, _ := s.must("", "get", object, "-o=jsonpath={.metadata.resourceVersion}")
	return out
}

// asCustomKindsAreInstalled brings everything in the order that is the hardest:
// the updater knows the kinds before they are there, then sees them without the
// right to read them, and never stops with its other work.
func (s *space) asCustomKindsAreInstalled(t *testing.T) {
	t.Helper()
	t.Cleanup(func() {
		kubectlFor(t, "", "apply", "--server-side", "-f", "../../manifests/install.yaml")
		s.restart()
	})
	s.restart(customKinds)
	updater := s.garboard.Updater()
	s.awaitLog(updater, "a custom kind is not served", 3)
	s.must(s.manifest("standard", "1.2.0", "garboard.dev/policy: patch", everySecond), "apply", "-f", "-")
	s.push("1.2.1")
	s.awaitTag("standard", "1.2.1")

	define(t, "rollouts.argoproj.io", fileOf(t, argoRollouts, "manifests/crds/rollout-crd.yaml"))
	define(t, "clonesets.apps.kruise.io", fileOf(t, kruise, "config/crd/bases/apps.kruise.io_clonesets.yaml"))
	s.awaitLog(updater, "is forbidden", 1)
	s.push("1.2.2")
	s.awaitTag("standard", "1.2.2")

	t.Cleanup(func() { kubectlFor(t, bareCRD, "delete", "--ignore-not-found", "-f", "-") })
	kubectlFor(t, bareCRD, "apply", "-f", "-")
	overlay, _, err := s.Kubectl(t.Context(), "", "kustomize", "../../manifests/overlays/custom-kinds")
	if err != nil {
		t.Fatal(err)
	}
	kubectlFor(t, overlay, "apply", "--server-side", "-f", "-")
	s.awaitLog(updater, "following a custom kind", 3)
	s.only(s.start(customKinds))
	s.await("the webhooks' rules to hold", func(context.Context) error {
		for _, bad := range []string{s.rollout("probe", "1.2.0", "garboard.dev/policy: nonsense"), s.cloneSet("probe", "1.2.0", "garboard.dev/policy: nonsense")} {
			if _, _, err := s.kubectl(bad, "create", "--dry-run=server", "-f", "-"); err == nil || !strings.Contains(err.Error(), "metadata.annotations[garboard.dev/policy]") {
				return fmt.Errorf("a bad policy: %w", err)
			}
		}
		return nil
	})
}

// It takes more than 20 seconds: every ten the updater looks for a kind that is not served,
// and after pauses that grow client-go lists what it was forbidden to.
func TestCustomKinds(t *testing.T) {
	alone(t)
	s := newSpace(t)
	s.push("1.2.0")
	s.asCustomKindsAreInstalled(t)
	for name, manifest := range map[string]func(*space, string, string, ...string) string{
		"rollout": (*space).rollout, "cloneset": (*space).cloneSet,
	} {
		t.Run(name, func(t *testing.T) {
			s := newSpace(t)
			t.Run("is resolved, and stored once", func(t *testing.T) { s.of(t).customIsResolved(name, manifest) })
			t.Run("is rolled by a push", func(t *testing.T) { s.of(t).customIsBumped(name, manifest) })
			t.Run("is undone and stays so", func(t *testing.T) { s.of(t).customIsUndone(name, manifest) })
			t.Run("follows the namespace's default", func(t *testing.T) { s.of(t).customFollowsNamespace(name, manifest) })
			t.Run("is left to a controller that owns it", func(t *testing.T) { s.of(t).customIsOwned(name, manifest) })
			t.Run("is refused a bad setting", func(t *testing.T) {
				_, _, err := s.of(t).kubectl(manifest(s, "bad", "1.2.0", "garboard.dev/policy: mayor"), "create", "-f", "-")
				if err == nil || !strings.Contains(err.Error(), `metadata.annotations[garboard.dev/policy]: Invalid value: "mayor"`) {
					t.Errorf("kubectl said %v", err)
				}
			})
		})
	}
	t.Run("an aborted rollout waits", func(t *testing.T) { abortedRolloutWaits(newSpace(t)) })
	t.Run("a rollout of a Deployment's template is left alone", func(t *testing.T) { rolloutByReference(newSpace(t)) })
	t.Run("a template without annotations is told of", func(t *testing.T) { templateWithoutAnnotations(newSpace(t)) })
	wantNoConditionErrors(t)
}

type customManifest = func(s *space, name, tag string, annotations ...string) string

func (s *space) customIsResolved(kind string, manifest customManifest) {
	s.push("1.2.0", "1.2.7")
	text := manifest(s, "new", "1.2.0", "garboard.dev/policy: patch", quiet)
	for name, args := range map[string][]string{"new": {"apply", "-f", "-"}, "server-side": {"apply", "--server-side", "-f", "-"}} {
		object := kind + "/" + name
		text := strings.Replace(text, "name: new", "name: "+name, 1)
		_, warned := s.must(text, args...)
		if !strings.Contains(warned, "web: "+s.image+":1.2.0 -> 1.2.7 (policy patch)") {
			s.t.Errorf("%s: kubectl said %q", name, warned)
		}
		s.wantTags(object, "1.2.7")
		before := s.version(object)
		for range 2 {
			s.must(text, args...)
			if after := s.version(object); after != before {
				s.t.Errorf("%s: applied again, the resourceVersion %s became %s", name, before, after)
			}
		}
		s.must("", "annotate", object, "touched=yes")
		s.wantTags(object, "1.2.7")
		kept, _ := s.must("", "get", object, "-o=jsonpath={.spec.template.spec.volumes[0].newerThanOurTypes.kept} {.spec.template.spec.containers[1].image} {.metadata.annotations.note}")
		if want := "true example.com/untouched:1.0.0 for every object"; kept != want {
			s.t.Errorf("%s keeps %q, want %q", name, kept, want)
		}
	}
}

func (s *space) customIsBumped(kind string, manifest customManifest) {
	object := kind + "/pushed"
	s.must(manifest(s, "pushed", "1.2.0", "garboard.dev/policy: patch", everySecond), "apply", "-f", "-")
	s.push("1.2.8")
	s.awaitTags(object, "1.2.8")
	s.event("pushed", "ImageUpdated", "web: "+s.image+":1.2.7 -> "+s.image+":1.2.8")
	left, _ := s.must("", "get", object, "-o=jsonpath={.spec.template.metadata.annotations}")
	if want := `{"garboard.dev/resolved":"first=1.2.8,volume/data=1.2.8,web=1.2.8"}`; left != want {
		s.t.Errorf("template annotations %s, want %s", left, want)
	}
}

// The undo of Argo Rollouts' kubectl plugin is a JSON patch of the template.
func (s *space) customIsUndone(kind string, manifest customManifest) {
	object := kind + "/undone"
	text := manifest(s, "undone", "1.2.0", "garboard.dev/policy: patch", quiet)
	s.must(text, "apply", "-f", "-")
	s.wantTags(object, "1.2.8")
	former, _ := s.must("", "get", object, "-o=jsonpath={.spec.template}")
	s.push("1.2.9")
	s.await("the apply to take 1.2.9", func(context.Context) error {
		s.must(text, "apply", "-f", "-")
		if got := s.tags(object); !strings.HasPrefix(got, "1.2.9") {
			return errors.New(got)
		}
		return nil
	})
	patch, err := json.Marshal([]map[string]any{{"op": "replace", "path": "/spec/template", "value": json.RawMessage(former)}})
	if err != nil {
		s.t.Fatal(err)
	}
	_, warned := s.must("", "patch", object, "--type=json", "--field-manager=unknown", "-p", string(patch))
	if !strings.Contains(warned, "1.2.9 -> 1.2.8 as written") {
		s.t.Errorf("kubectl said %q", warned)
	}
	s.wantTags(object, "1.2.8")
	if after, _ := s.must("", "get", object, "-o=jsonpath={.spec.template}"); after != former {
		s.t.Errorf("the template is not the former one: %s, want %s", after, former)
	}
	s.must("", "label", object, "touched=yes")
	s.wantTags(object, "1.2.8")
}

// What a namespace says counts for custom kinds that were there before.
func (s *space) customFollowsNamespace(kind string, manifest customManifest) {
	object := kind + "/default"
	s.must(manifest(s, "default", "1.2.0", everySecond), "apply", "-f", "-")
	s.wantTags(object, "1.2.0")
	s.must("", "annotate", "namespace", s.name, "garboard.dev/policy=patch")
	s.awaitTags(object, "1.2.9")
	s.must("", "annotate", "namespace", s.name, "garboard.dev/policy-")
}

func (s *space) customIsOwned(kind string, manifest customManifest) {
	uid := s.owner()
	text := strings.Replace(manifest(s, "owned", "1.2.0", "garboard.dev/policy: patch", everySecond), "  annotations:", s.ownedBy(uid)+"  annotations:", 1)
	polls := s.polls()
	s.must(text, "apply", "-f", "-")
	s.must("", "label", kind+"/owned", "touched=yes")
	s.await("three more polls", func(context.Context) error {
		if n := s.polls() - polls; n < 3 {
			return fmt.Errorf("%d", n)
		}
		return nil
	})
	s.wantTags(kind+"/owned", "1.2.0")
	s.wantUnmarked(kind + "/owned")
}

func abortedRolloutWaits(s *space) {
	s.push("1.2.0")
	s.must(s.rollout("it", "1.2.0", "garboard.dev/policy: patch", everySecond), "apply", "-f", "-")
	s.must("", "patch", "rollout/it", "--subresource=status", "--type=merge", "-p", `{"status":{"abort":true,"phase":"Degraded"}}`)
	before := s.version("rollout/it")
	s.push("1.2.7")
	s.event("it", "ImageWaiting", "waits with 1.2.7: the rollout is aborted")
	if after := s.version("rollout/it"); after != before {
		s.t.Errorf("the resourceVersion %s became %s", before, after)
	}
	s.wantTags("rollout/it", "1.2.0")
	// What `kubectl argo rollouts retry` does.
	s.must("", "patch", "rollout/it", "--subresource=status", "--type=merge", "-p", `{"status":{"abort":false,"phase":"Progressing"}}`)
	s.awaitTags("rollout/it", "1.2.7")
}

// With a workloadRef the template is the Deployment's, and so is all else.
func rolloutByReference(s *space) {
	s.push("1.2.0", "1.2.7")
	text := `apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: it, annotations: {garboard.dev/policy: patch}}
spec:
  replicas: 1
  selector: {matchLabels: {app: it}}
  strategy: {canary: {}}
  workloadRef: {apiVersion: apps/v1, kind: Deployment, name: it}
`
	s.must(text, "apply", "-f", "-")
	version := s.version("rollout/it")
	s.must(text, "apply", "-f", "-")
	if after := s.version("rollout/it"); after != version {
		s.t.Errorf("applied again, the resourceVersion %s became %s", version, after)
	}
	s.wantUnmarked("rollout/it")
	// One that had a template of its own gives it up.
	s.must(s.rollout("other", "1.2.0", "garboard.dev/policy: patch"), "apply", "-f", "-")
	s.wantTags("rollout/other", "1.2.7")
	s.must("", "patch", "rollout/other", "--type=merge", "-p", `{"spec":{"template":null,"workloadRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"it"}}}`)
	s.wantUnmarked("rollout/other")
}

// The bump of such a kind would be dropped before admission sees it.
func templateWithoutAnnotations(s *space) {
	s.push("1.2.0")
	s.must(s.custom("test.example.com/v1", "Bare", "it", "1.2.0", "", "garboard.dev/policy: patch", everySecond), "create", "--validate=ignore", "-f", "-")
	s.push("1.2.7")
	s.event("it", "UpdateFailed", "the kind's schema has no annotations on the pod template")
	// The API server's own words have the whole object in them.
	if strings.Contains(s.log(s.garboard.Updater()), "newerThanOurTypes") {
		s.t.Error("the updater logs objects")
	}
}
