package watched

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	cachetesting "k8s.io/client-go/tools/cache/testing"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/garboard-dev/garboard/internal/workload"
)

// workloads is one of each kind that has a type, with all that is read of them and more.
func workloads(t *testing.T) map[string]*unstructured.Unstructured {
	t.Helper()
	const metadata = `
metadata:
  name: web
  namespace: team
  uid: "1"
  resourceVersion: "7"
  generation: 4
  labels: {keel.sh/policy: all, app: web, app.kubernetes.io/managed-by: Helm}
  annotations: {garboard.dev/policy: minor, garboard.dev/hold: "c=1.2.8", garboard.dev/state: '{"c":{}}', other: x, meta.helm.sh/release-name: web, meta.helm.sh/release-namespace: team}
  managedFields:
  - {manager: kubectl, operation: Update, apiVersion: apps/v1, fieldsType: FieldsV1, time: "2026-01-01T00:00:00Z", fieldsV1: {"f:metadata": {}, "f:spec": {"f:template": {}}}}
  - {manager: garboard-updater, operation: Update, apiVersion: apps/v1, fieldsType: FieldsV1, time: "2026-01-01T00:01:00Z", fieldsV1: {"f:spec": {}}}
  - {manager: apply, operation: Apply, apiVersion: apps/v1, fieldsType: FieldsV1, time: "2026-01-01T00:01:00Z", fieldsV1: {"f:metadata": {}, "f:spec": {"f:template": {}}}}
  - {manager: labels, operation: Apply, apiVersion: apps/v1, fieldsType: FieldsV1, time: "2026-01-01T00:03:00Z", fieldsV1: {"f:metadata": {"f:labels": {"f:spec": {}}}}}
  - {manager: kube-controller-manager, operation: Update, apiVersion: apps/v1, fieldsType: FieldsV1, subresource: status, time: "2026-01-01T00:02:00Z", fieldsV1: {"f:spec": {}, "f:status": {}}}
`
	const template = `
    metadata: {labels: {app: web}, annotations: {garboard.dev/resolved: "c=1.2.7", garboard.dev/bump: "c=1.2.8", other: x}}
    spec:
      serviceAccountName: web
      imagePullSecrets: [{name: regcred}, {name: second}]
      nodeSelector: {pool: web}
      tolerations: [{key: gpu, operator: Exists, effect: NoSchedule, tolerationSeconds: 5}]
      affinity:
        podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: zone}]}
        nodeAffinity:
          preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, preference: {matchExpressions: [{key: a, operator: Exists}]}}]
          requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/arch, operator: In, values: [amd64]}]}]}
      containers: [{name: c, image: "example.com/app:1.2.7", env: [{name: A, value: b}], ports: [{containerPort: 80}]}, {name: bare}]
      initContainers: [{name: i, image: "example.com/app:1.2.0"}]
      volumes: [{name: v, image: {reference: "example.com/data:1", pullPolicy: Always}}, {name: e, emptyDir: {}}]
`
	const conditions = `conditions: [{type: Available, status: "True", reason: A, message: m, lastUpdateTime: "2026-01-01T00:00:00Z", lastTransitionTime: "2026-01-03T00:00:00Z"}, {type: Progressing, status: "True", reason: NewReplicaSetAvailable, lastUpdateTime: "2026-01-02T00:00:00Z", lastTransitionTime: "2026-01-01T00:00:00Z"}]`
	all := map[string]*unstructured.Unstructured{}
	for kind, text := range map[string]string{
		"Deployment": `
spec:
  replicas: 3
  paused: true
  progressDeadlineSeconds: 60
  selector: {matchLabels: {app: web}}
  template:` + template + `
status: {observedGeneration: 4, replicas: 3, updatedReplicas: 2, readyReplicas: 1, availableReplicas: 1, unavailableReplicas: 1, collisionCount: 1, ` + conditions + `}`,
		"StatefulSet": `
spec:
  replicas: 0
  updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 2, maxUnavailable: 25%}}
  volumeClaimTemplates: [{metadata: {name: data}}]
  template:` + template + `
status: {observedGeneration: 4, replicas: 3, currentReplicas: 1, currentRevision: a, updateRevision: b, availableReplicas: 0}`,
		"DaemonSet": `
spec:
  updateStrategy: {type: OnDelete}
  template:` + template + `
status: {observedGeneration: 4, desiredNumberScheduled: 3, currentNumberScheduled: 3, updatedNumberScheduled: 2, numberAvailable: 1, numberReady: 1, numberMisscheduled: 0}`,
	} {
		all[kind] = object(t, "apiVersion: apps/v1\nkind: "+kind+metadata+text)
	}
	all["CronJob"] = object(t, "apiVersion: batch/v1\nkind: CronJob"+metadata+`
spec:
  schedule: "@daily"
  jobTemplate: {spec: {template: `+flow(t, template)+`}}
status: {lastScheduleTime: "2026-01-01T00:00:00Z"}`)
	owned := all["StatefulSet"].DeepCopy()
	owned.SetOwnerReferences([]metav1.OwnerReference{{APIVersion: "v1", Kind: "Owner", Name: "o", UID: "2", Controller: new(true)}})
	deleted := metav1.Now().Rfc3339Copy()
	owned.SetDeletionTimestamp(&deleted)
	all["a StatefulSet that a controller owns"] = owned
	return all
}

func flow(t *testing.T, text string) string {
	t.Helper()
	data, err := json.Marshal(object(t, "apiVersion: v1\nkind: Any\ntemplate:"+text).Object["template"])
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// typed is an object as the API server's protobuf is read.
func typed(t *testing.T, o *unstructured.Unstructured) client.Object {
	t.Helper()
	into := typedFor(o.GroupVersionKind())
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.DeepCopy().Object, into); err != nil {
		t.Fatal(err)
	}
	into.GetObjectKind().SetGroupVersionKind(schema.GroupVersionKind{}) // as decoded protobuf has it
	return into
}

// What is packed of a typed object, and read again, is what Strip keeps of the JSON.
func TestPackedTypedWorkloadsSayWhatStripKeeps(t *testing.T) {
	for name, o := range workloads(t) {
		t.Run(name, func(t *testing.T) {
			want, err := Strip(workload.StandardKinds())(o.DeepCopy())
			if err != nil {
				t.Fatal(err)
			}
			for way, in := range map[string]any{"typed": typed(t, o), "unstructured": o.DeepCopy()} {
				got, err := packing(workload.StandardKinds())(in)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, unpacked(got)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", way, diff)
				}
				if again, err := packing(workload.StandardKinds())(got); err != nil || again != got {
					t.Errorf("%s: packed twice it is another object: %v", way, err)
				}
			}
		})
	}
}

func TestATypedWorkloadIsNotChangedByPacking(t *testing.T) {
	for name, o := range workloads(t) {
		in := typed(t, o)
		before := in.DeepCopyObject()
		if _, err := packing(workload.StandardKinds())(in); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before, in); diff != "" {
			t.Errorf("%s was changed (-before +after):\n%s", name, diff)
		}
	}
}

func TestEveryRollingKindOfKubernetesHasAType(t *testing.T) {
	for _, kind := range workload.StandardKinds().Rolling() {
		if typedFor(kind.GroupVersionKind) == nil {
			t.Errorf("%s has none", kind.GroupKind())
		}
	}
}

// inner has informers of one kind, as a manager's cache has them.
type inner struct {
	cache.Cache
	informer toolscache.SharedIndexInformer
}

func (c inner) GetInformer(context.Context, client.Object, ...cache.InformerGetOption) (cache.Informer, error) {
	return c.informer, nil
}

// cached is a cache of Deployments, and the API server that it reads.
func cached(t *testing.T) (cache.Cache, *cachetesting.FakeControllerSource) {
	t.Helper()
	source := cachetesting.NewFakeControllerSource()
	deployment := typedFor(schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"})
	informer := toolscache.NewSharedIndexInformer(source, deployment, 0, toolscache.Indexers{toolscache.NamespaceIndex: toolscache.MetaNamespaceIndexFunc})
	if err := informer.SetTransform(packing(workload.StandardKinds())); err != nil {
		t.Fatal(err)
	}
	return NewCache(inner{informer: informer}), source
}

var deploymentKind = schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}

func TestCacheReadsWorkloadsAsTheyAre(t *testing.T) {
	c, source := cached(t)
	if err := c.Get(t.Context(), client.ObjectKey{}, Empty(deploymentKind)); !isNotCached(err) {
		t.Errorf("before anything is watched: got %v, want that the kind is not cached", err)
	}
	web := workloads(t)["Deployment"]
	other := web.DeepCopy()
	other.SetNamespace("another")
	source.Add(typed(t, web))
	source.Add(typed(t, other))
	informer := informerOf(t, c)
	go informer.(unpackingInformer).indexed.(toolscache.SharedIndexInformer).RunWithContext(t.Context())
	got := Empty(deploymentKind)
	if err := c.Get(t.Context(), client.ObjectKeyFromObject(web), got); err != nil {
		t.Fatal(err)
	}
	want, _ := Strip(workload.StandardKinds())(web)
	want.(*unstructured.Unstructured).SetResourceVersion(got.GetResourceVersion()) // the source's own
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Get (-want +got):\n%s", diff)
	}
	got.SetLabels(nil)
	again := Empty(deploymentKind)
	if err := c.Get(t.Context(), client.ObjectKeyFromObject(web), again); err != nil || again.GetLabels() == nil {
		t.Errorf("what a reader changes is changed in the cache: %v", err)
	}
	if err := c.Get(t.Context(), client.ObjectKey{Namespace: "team", Name: "gone"}, got); !apierrors.IsNotFound(err) {
		t.Errorf("a workload that is not there: got %v", err)
	}
	for namespace, want := range map[string][]string{"": {"another", "team"}, "team": {"team"}, "empty": nil} {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "DeploymentList"})
		if err := c.List(t.Context(), list, client.InNamespace(namespace)); err != nil {
			t.Fatal(err)
		}
		var found []string
		for _, o := range list.Items {
			found = append(found, o.GetNamespace())
		}
		if slices.Sort(found); !slices.Equal(found, want) {
			t.Errorf("namespace %q: got workloads of %q, want %q", namespace, found, want)
		}
	}
}

func isNotCached(err error) bool {
	_, is := err.(*cache.ErrResourceNotCached) //nolint:errorlint // as controller-runtime returns it
	return is
}

func informerOf(t *testing.T, c cache.Cache) cache.Informer {
	t.Helper()
	informer, err := c.GetInformer(t.Context(), Empty(deploymentKind))
	if err != nil {
		t.Fatal(err)
	}
	return informer
}

// A change of what is not kept is no news; all else is.
func TestHandlersHearOfWhatIsKept(t *testing.T) {
	web := workloads(t)["Deployment"]
	packedOf := func(version string, change func(*unstructured.Unstructured)) *packed {
		o := web.DeepCopy()
		o.SetResourceVersion(version)
		change(o)
		p, err := packing(workload.StandardKinds())(typed(t, o))
		if err != nil {
			t.Fatal(err)
		}
		return p.(*packed)
	}
	same := func(*unstructured.Unstructured) {}
	field := func(value any, path ...string) func(*unstructured.Unstructured) {
		return func(o *unstructured.Unstructured) {
			if err := unstructured.SetNestedField(o.Object, value, path...); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, test := range map[string]struct {
		version string
		change  func(*unstructured.Unstructured)
		heard   bool
	}{
		"another annotation of somebody else":    {"8", field("y", "metadata", "annotations", "other"), false},
		"a count that is not read":               {"8", field(int64(2), "status", "unavailableReplicas"), false},
		"nothing, of the same version: a resync": {"7", same, true},
		"the account":                            {"8", field("example.com/app:2", "spec", "template", "spec", "serviceAccountName"), true},
		"a setting":                              {"8", field("all", "metadata", "annotations", "garboard.dev/policy"), true},
		"a hold":                                 {"8", field("c=1", "metadata", "annotations", "garboard.dev/hold"), true},
		"a count that is read":                   {"8", field(int64(3), "status", "updatedReplicas"), true},
		"that its controller has seen it":        {"8", field(int64(5), "status", "observedGeneration"), true},
		"the generation":                         {"8", field(int64(5), "metadata", "generation"), true},
		"the UID":                                {"8", field("2", "metadata", "uid"), true},
		"that it is being deleted":               {"8", field("2026-01-01T00:00:00Z", "metadata", "deletionTimestamp"), true},
	} {
		t.Run(name, func(t *testing.T) {
			was, is, heard := packedOf("7", same), packedOf(test.version, test.change), false
			handler := unpackingHandler{toolscache.ResourceEventHandlerFuncs{UpdateFunc: func(before, after any) {
				heard = true
				if diff := cmp.Diff([]any{was.unpack(), is.unpack()}, []any{before, after}); diff != "" {
					t.Errorf("heard (-want +got):\n%s", diff)
				}
			}}}
			if handler.OnUpdate(was, is); heard != test.heard {
				t.Errorf("heard: got %t, want %t", heard, test.heard)
			}
		})
	}
}

func TestHandlersHearOfWhatIsGone(t *testing.T) {
	p, err := packing(workload.StandardKinds())(typed(t, workloads(t)["Deployment"]))
	if err != nil {
		t.Fatal(err)
	}
	for name, gone := range map[string]any{"deleted": p, "deleted while the watch was broken": toolscache.DeletedFinalStateUnknown{Key: "team/web", Obj: p}} {
		var got any
		handler := unpackingHandler{toolscache.ResourceEventHandlerFuncs{DeleteFunc: func(o any) { got = o }}}
		handler.OnDelete(gone)
		if tombstone, ok := got.(toolscache.DeletedFinalStateUnknown); ok {
			got = tombstone.Obj
		}
		if o, ok := got.(*unstructured.Unstructured); !ok || o.GetName() != "web" || o.GetUID() != "1" {
			t.Errorf("%s: heard of %v", name, got)
		}
	}
}

// answering answers patches of typed objects.
type answering struct {
	client.Client
	answer client.Object
	asked  client.Object
}

func (c *answering) Patch(_ context.Context, o client.Object, _ client.Patch, _ ...client.PatchOption) error {
	c.asked = o.DeepCopyObject().(client.Object)
	if into, ok := o.(*unstructured.Unstructured); ok {
		into.SetUID("9")
		return nil
	}
	data, err := json.Marshal(c.answer)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, o)
}

// The answer to a bump is read for more than the cache keeps: the state, and all labels.
func TestPatchReadsTheAnswer(t *testing.T) {
	for name, full := range workloads(t) {
		inner := &answering{answer: typed(t, full)}
		got := Empty(full.GroupVersionKind())
		got.SetNamespace("team")
		got.SetName("web")
		if err := NewClient(inner).Patch(t.Context(), got, client.RawPatch(types.MergePatchType, []byte(`{}`))); err != nil {
			t.Fatal(err)
		}
		if inner.asked.GetName() != "web" || inner.asked.GetNamespace() != "team" || got.GroupVersionKind() != full.GroupVersionKind() {
			t.Errorf("%s: asked for %s/%s, got a %s", name, inner.asked.GetNamespace(), inner.asked.GetName(), got.GroupVersionKind())
		}
		if !maps.Equal(got.GetAnnotations(), full.GetAnnotations()) || !maps.Equal(got.GetLabels(), full.GetLabels()) {
			t.Errorf("%s: got annotations %v and labels %v", name, got.GetAnnotations(), got.GetLabels())
		}
		kept := func(o *unstructured.Unstructured) any {
			stripped, err := Strip(workload.StandardKinds())(o)
			if err != nil {
				t.Fatal(err)
			}
			return stripped
		}
		if diff := cmp.Diff(kept(full), kept(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestPatchLeavesCustomKindsUnstructured(t *testing.T) {
	got := Empty(schema.GroupVersionKind{Group: "argoproj.io", Version: "v1alpha1", Kind: "Rollout"})
	if err := NewClient(&answering{}).Patch(t.Context(), got, client.RawPatch(types.MergePatchType, nil)); err != nil || got.GetUID() != "9" {
		t.Errorf("got %v, %v", got, err)
	}
}
