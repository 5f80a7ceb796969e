package updater

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/updater/rollout"
	"github.com/garboard-dev/garboard/updater/watched"
)

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
	kept, err := watched.Strip(workload.StandardKinds())(full)
	if err != nil {
		t.Fatal(err)
	}
	got, want := rollout.Read(kept.(*unstructured.Unstructured)), rollout.Read(full)
	if got != want || got.Phase != rollout.Failed || got.Updated != 1 {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
