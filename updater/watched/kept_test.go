package watched

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/updater/rollout"
)

// What is cached of a Deployment is what polling reads; a field more, and ten
// thousand of them do not fit in memory.
func TestStripKeepsWhatPollingReads(t *testing.T) {
	full := object(t, `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: team
  uid: "1"
  resourceVersion: "7"
  labels: {keel.sh/policy: all, app: web}
  annotations:
    garboard.dev/pollSchedule: "@every 1m"
    garboard.dev/state: '{"c":{}}'
    kubectl.kubernetes.io/last-applied-configuration: "{}"
  generation: 4
  managedFields:
  - {manager: kubectl, time: "2026-01-01T00:00:00Z", fieldsV1: {"f:spec": {}}}
  - {manager: garboard-updater, time: "2026-01-01T00:01:00Z", fieldsV1: {"f:spec": {}}}
  - {manager: kube-controller-manager, subresource: status, time: "2026-01-01T00:02:00Z", fieldsV1: {"f:status": {}}}
spec:
  replicas: 3
  template:
    metadata:
      labels: {app: web}
      annotations: {garboard.dev/resolved: "c=1.2.7", other: x}
    spec:
      containers: [{name: c, image: "example.com/app:1.2.7", env: [{name: A, value: b}]}]
      initContainers: [{name: i, image: "example.com/app:1.2.0"}]
      volumes: [{name: v, image: {reference: "example.com/data:1"}}, {name: e, emptyDir: {}}]
status: {replicas: 3, updatedReplicas: 2, collisionCount: 1, conditions: [{type: Progressing, status: "True", reason: ReplicaSetUpdated, message: m}]}
`)
	want := object(t, `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: team
  uid: "1"
  resourceVersion: "7"
  labels: {keel.sh/policy: all}
  annotations: {garboard.dev/pollSchedule: "@every 1m"}
  generation: 4
touched: "2026-01-01T00:01:00Z "
status: {replicas: 3, updatedReplicas: 2, conditions: [{type: Progressing, status: "True", reason: ReplicaSetUpdated}]}
spec:
  replicas: 3
  template:
    metadata: {annotations: {garboard.dev/resolved: "c=1.2.7"}}
    spec:
      containers: [{name: c, image: "example.com/app:1.2.7"}]
      initContainers: [{name: i, image: "example.com/app:1.2.0"}]
      volumes: [{name: v, image: {reference: "example.com/data:1"}}]
`)
	transform := Strip(workload.StandardKinds())
	got, err := transform(full)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("stripped (-want +got):\n%s", diff)
	}
	if again, err := transform(got); err != nil || !cmp.Equal(got, again) {
		t.Errorf("stripped twice: %v", err)
	}
}

func TestStripDropsWhatAControllerOwns(t *testing.T) {
	owned := object(t, `
apiVersion: apps/v1
kind: ReplicaSet
metadata:
  name: web-1
  ownerReferences: [{kind: Deployment, name: web, controller: true}]
spec: {template: {spec: {containers: [{name: c, image: "example.com/app:1"}]}}}
`)
	got, err := Strip(workload.StandardKinds())(owned)
	if err != nil {
		t.Fatal(err)
	}
	kept, _ := workload.StandardKinds().FromMap(got.(*unstructured.Unstructured).Object)
	if len(kept.Slots()) != 0 || !kept.Owned() {
		t.Errorf("it keeps %v", got)
	}
}

// What is kept of a workload tells as much of its health as the whole of it.
func TestHealthIsReadFromWhatIsKept(t *testing.T) {
	full := object(t, `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: team, generation: 4}
spec:
  replicas: 2
  template: {spec: {containers: [{name: c, image: "example.com/app:1"}]}}
status:
  observedGeneration: 4
  replicas: 3
  updatedReplicas: 1
  conditions: [{type: Progressing, status: "False", reason: ProgressDeadlineExceeded, message: long}]
`)
	kept, err := Strip(workload.StandardKinds())(full)
	if err != nil {
		t.Fatal(err)
	}
	got, want := rollout.Read(kept.(*unstructured.Unstructured)), rollout.Read(full)
	if got != want || got.Phase != rollout.Failed || got.Updated != 1 {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func object(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	data, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	o := &unstructured.Unstructured{}
	if err := o.UnmarshalJSON(data); err != nil { // numbers as the API server's
		t.Fatal(err)
	}
	return o
}

// A Deployment that had too few Pods after its rollout was complete has been healthy since
// they came back; of all others the moment is not kept, which takes memory.
func TestAvailabilityThatCameBackIsKept(t *testing.T) {
	for changed, want := range map[string]string{"2026-01-01T00:00:00Z": "2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z": "2026-01-03T00:00:00Z"} {
		full := object(t, `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: team, generation: 4}
spec:
  replicas: 1
  template: {spec: {containers: [{name: c, image: "example.com/app:1"}]}}
status:
  observedGeneration: 4
  replicas: 1
  updatedReplicas: 1
  readyReplicas: 1
  availableReplicas: 1
  conditions:
  - {type: Available, status: "True", lastTransitionTime: "`+changed+`"}
  - {type: Progressing, status: "True", reason: NewReplicaSetAvailable, lastUpdateTime: "2026-01-02T00:00:00Z"}
`)
		kept, err := Strip(workload.StandardKinds())(full)
		if err != nil {
			t.Fatal(err)
		}
		if got := rollout.Read(kept.(*unstructured.Unstructured)).Since.Format("2006-01-02T15:04:05Z07:00"); got != want {
			t.Errorf("available since %s: healthy since %s, want %s", changed, got, want)
		}
	}
}
