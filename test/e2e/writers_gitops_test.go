package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"
)

const argoManager = "--field-manager=argocd-controller"

// loop is a GitOps controller with one Deployment, web. It does what Flux's
// kustomize-controller and Argo CD do with each object, in the same requests;
// it is neither of them.
type loop struct {
	*space
	manager string
	objects dynamic.ResourceInterface
	said    *warnings
}

func (s *space) loop(manager string) *loop {
	s.t.Helper()
	config, said := s.RESTConfig(), &warnings{}
	config.WarningHandler = rest.WarningHandler(said)
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		s.t.Fatal(err)
	}
	deployments := schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}
	return &loop{space: s, manager: manager, objects: client.Resource(deployments).Namespace(s.name), said: said}
}

// apply is a server-side apply that takes the fields of others over.
func (l *loop) apply(manifest string, dryRun ...string) *unstructured.Unstructured {
	l.t.Helper()
	object := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(manifest), &object.Object); err != nil {
		l.t.Fatal(err)
	}
	answer, err := l.objects.Apply(l.t.Context(), object.GetName(), object,
		metav1.ApplyOptions{FieldManager: l.manager, Force: true, DryRun: dryRun})
	if err != nil {
		l.t.Fatal(err)
	}
	return answer
}

// live is the stored Deployment, nil where there is none.
func (l *loop) live() *unstructured.Unstructured {
	l.t.Helper()
	live, err := l.objects.Get(l.t.Context(), "web", metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		l.t.Fatal(err)
	}
	return live
}

// drifted reports whether the dry run of the manifest differs from what is
// stored, in labels, annotations, or anything outside of metadata and status.
func (l *loop) drifted(manifest string) bool {
	l.t.Helper()
	var live, dry *unstructured.Unstructured
	l.await("a comparison while no controller writes", func(context.Context) error {
		live, dry = l.live(), l.apply(manifest, metav1.DryRunAll)
		if after := l.live(); live != nil && after.GetResourceVersion() != live.GetResourceVersion() {
			return errors.New("what is stored has changed meanwhile")
		}
		return nil
	})
	if live == nil {
		return true
	}
	if !cmp.Equal(live.GetLabels(), dry.GetLabels()) || !cmp.Equal(live.GetAnnotations(), dry.GetAnnotations()) {
		return true
	}
	for _, object := range []*unstructured.Unstructured{live, dry} {
		delete(object.Object, "metadata")
		delete(object.Object, "status")
	}
	return !equality.Semantic.DeepEqual(live.Object, dry.Object)
}

// reconcile is one interval of Flux: it applies only what has drifted.
func (l *loop) reconcile(manifest string) (applied bool) {
	l.t.Helper()
	if !l.drifted(manifest) {
		return false
	}
	l.apply(manifest)
	return true
}

// rests runs intervals that must apply, store and say nothing.
func (l *loop) rests(manifest string) {
	l.t.Helper()
	l.rolledOut()
	applied := 0
	before, after := l.around(func(*space) string {
		applied, l.said.texts = 0, nil
		for range 5 {
			if l.reconcile(manifest) {
				applied++
			}
		}
		return ""
	})
	if applied > 0 {
		l.t.Errorf("it applied something in %d of 5 intervals", applied)
	}
	if before.ResourceVersion != after.ResourceVersion {
		l.t.Errorf("something was stored (-before +after):\n%s", cmp.Diff(before, after))
	}
	if len(l.said.texts) > 0 {
		l.t.Errorf("its log is told: %q", l.said.texts)
	}
}

// A loop like Flux's applies nothing while Git and the registry stay as they
// are. A newer tag is drift to it, which it then applies; what the updater
// moved is not.
func TestLoopLikeFlux(t *testing.T) {
	s := newSpace(t)
	s.push(tags...)
	flux := s.loop("kustomize-controller")
	manifest := func(tag string) string { return s.manifest("web", tag, "garboard.dev/policy: patch", quiet) }
	if !flux.reconcile(manifest("1.2.0")) {
		t.Error("nothing was applied at first")
	}
	s.wantTag("web", "1.2.7")
	flux.rests(manifest("1.2.0"))
	s.pushSeen("1.2.8")
	s.await("the newer tag to be drift", func(context.Context) error {
		if !flux.reconcile(manifest("1.2.0")) {
			return errors.New("it is not")
		}
		return nil
	})
	s.wantTag("web", "1.2.8")
	flux.rests(manifest("1.2.0"))
	s.pushSeen("1.2.9")
	s.bump("1.2.9")
	flux.rests(manifest("1.2.0"))
	if !flux.reconcile(manifest("1.3.0")) {
		t.Error("Git's new tag was not applied")
	}
	s.wantTag("web", "1.3.4")
	flux.rests(manifest("1.3.0"))
	if got, want := owners(s.deployment("web").ManagedFields), "kustomize-controller Apply"; got != want {
		t.Errorf("the image is owned by %q, want %q", got, want)
	}
}

// With resolveOn: change, as a default of the namespace, a newer tag is no drift:
// versions move by the updater, and by Git.
func TestLoopLikeFluxWithResolveOnChange(t *testing.T) {
	s := newSpace(t)
	s.push(tags...)
	s.onChange()
	flux := s.loop("kustomize-controller")
	manifest := func(tag string) string { return s.manifest("web", tag, quiet) }
	flux.reconcile(manifest("1.2.0"))
	s.wantTag("web", "1.2.7")
	s.pushSeen("1.2.8")
	flux.rests(manifest("1.2.0"))
	s.wantTag("web", "1.2.7")
	s.bump("1.2.8")
	s.wantTag("web", "1.2.8")
	flux.rests(manifest("1.2.0"))
	if !flux.reconcile(manifest("1.3.0")) {
		t.Error("Git's new tag was not applied")
	}
	s.wantTag("web", "1.3.4")
	flux.rests(manifest("1.3.0"))
}

// onChange makes policy patch and resolveOn: change the namespace's defaults.
func (s *space) onChange() {
	s.t.Helper()
	s.must("", "annotate", "namespace", s.name, "garboard.dev/resolveOn=change", "garboard.dev/policy=patch")
	s.awaitAnswer(s.manifest("probe", "1.2.0", quiet), "1.2.7", s.moves("1.2.7", "patch"))
}

// bump is what the updater sends.
func (s *space) bump(tag string) {
	s.t.Helper()
	s.must("", "patch", "deployment/web", "--type=merge", "--field-manager=garboard-updater",
		"-p", `{"spec":{"template":{"metadata":{"annotations":{"garboard.dev/bump":"web=`+tag+`"}}}}}`)
	s.wantTag("web", tag)
}

// Argo CD compares in one of two ways. By default with the manifest applied
// last, where the image always differs: OutOfSync, for ever, and syncing again
// changes nothing. With ServerSideDiff by a dry run: Synced.
func TestDiffsLikeArgoCDs(t *testing.T) {
	parallel(t)
	for name, test := range map[string]struct {
		sync  write
		owner string
	}{
		"client side": {send("1.2.0", "apply", argoManager), "argocd-controller Update"},
		"server side": {send("1.2.0", "apply", argoManager, "--server-side", "--force-conflicts"), "argocd-controller Apply"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSpace(t)
			s.push(tags...)
			argo := s.loop("argocd-controller")
			manifest := s.manifest("web", "1.2.0", "garboard.dev/policy: patch", quiet)
			test.sync(s)
			s.rolledOut()
			s.wantTag("web", "1.2.7")
			if got := owners(s.deployment("web").ManagedFields); got != test.owner {
				t.Errorf("the image is owned by %q, want %q", got, test.owner)
			}
			want := `{"spec":{"template":{"spec":{"$setElementOrder/containers":[{"name":"web"}],"containers":[{"image":"` + s.image + `:1.2.0","name":"web"}]}}}}`
			if got := argo.threeWay(manifest); got != want {
				t.Errorf("the three-way diff is %s, want %s", got, want)
			}
			s.wantNoChange(test.sync)
			if argo.drifted(manifest) {
				t.Error("ServerSideDiff is OutOfSync")
			}
			s.pushSeen("1.2.8")
			s.await("the newer tag to be OutOfSync", func(context.Context) error {
				if !argo.drifted(manifest) {
					return errors.New("it is not")
				}
				return nil
			})
			s.must("", "annotate", "deployment/web", "garboard.dev/resolveOn=change")
			if argo.drifted(manifest) {
				t.Error("with resolveOn: change the newer tag is OutOfSync")
			}
			s.bump("1.2.8")
			if argo.drifted(manifest) {
				t.Error("what the updater moved is OutOfSync")
			}
		})
	}
}

// threeWay is the patch from the stored Deployment to the manifest, with the
// manifest that was applied last, or the manifest itself where none is known.
func (l *loop) threeWay(manifest string) string {
	l.t.Helper()
	desired, err := yaml.YAMLToJSON([]byte(manifest))
	if err != nil {
		l.t.Fatal(err)
	}
	live := l.live()
	last := []byte(live.GetAnnotations()["kubectl.kubernetes.io/last-applied-configuration"])
	if len(last) == 0 {
		last = desired
	}
	current, err := json.Marshal(live)
	if err != nil {
		l.t.Fatal(err)
	}
	meta, err := strategicpatch.NewPatchMetaFromStruct(appsv1.Deployment{})
	if err != nil {
		l.t.Fatal(err)
	}
	patch, err := strategicpatch.CreateThreeWayMergePatch(withoutNamespace(l.t, last), desired, current, meta, true)
	if err != nil {
		l.t.Fatal(err)
	}
	return string(patch)
}

// withoutNamespace takes away what kubectl adds to a manifest before it notes
// it as applied.
func withoutNamespace(t testing.TB, manifest []byte) []byte {
	t.Helper()
	object := &unstructured.Unstructured{}
	if err := json.Unmarshal(manifest, &object.Object); err != nil {
		t.Fatal(err)
	}
	unstructured.RemoveNestedField(object.Object, "metadata", "namespace")
	text, err := json.Marshal(object.Object)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
