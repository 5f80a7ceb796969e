package watched

import (
	"fmt"
	"runtime"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/json"

	"github.com/garboard-dev/garboard/internal/workload"
)

// deploymentText is a Deployment as the API server sends it.
func deploymentText(n int) []byte {
	return fmt.Appendf(nil, `{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web-%[1]d", "namespace": "team-%[2]d",
	"uid": "0b1f4bd5-4d57-4a6e-9a39-%012[1]d", "resourceVersion": "%[3]d", "generation": 3, "creationTimestamp": "2026-01-01T00:00:00Z",
	"labels": {"app.kubernetes.io/name": "web", "app.kubernetes.io/instance": "web-%[1]d", "team": "team-%[2]d"},
	"annotations": {"garboard.dev/policy": "minor", "garboard.dev/pollSchedule": "@every 1m0s", "deployment.kubernetes.io/revision": "2",
	"garboard.dev/state": "{\"web\":{\"source\":\"registry.example.com/team/app-%[2]d:1.2.0\",\"results\":[\"1.2.0\",\"1.3.0\"]}}"},
	"managedFields": [{"manager": "garboard-updater", "operation": "Update", "apiVersion": "apps/v1", "time": "2026-01-02T00:00:00Z", "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {}}},
	{"manager": "kubectl", "operation": "Update", "apiVersion": "apps/v1", "time": "2026-01-01T00:00:00Z", "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {"f:replicas": {}}}}]},
	"spec": {"replicas": 3, "selector": {"matchLabels": {"app": "web"}}, "strategy": {"type": "RollingUpdate"}, "template": {
	"metadata": {"labels": {"app": "web"}, "annotations": {"garboard.dev/resolved": "web=1.3.0"}},
	"spec": {"containers": [{"name": "web", "image": "registry.example.com/team/app-%[2]d:1.3.0", "env": [{"name": "A", "value": "b"}], "resources": {"limits": {"memory": "1Gi"}}}],
	"serviceAccountName": "web", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst", "restartPolicy": "Always", "securityContext": {}}}},
	"status": {"observedGeneration": 3, "replicas": 3, "updatedReplicas": 3, "readyReplicas": 3, "availableReplicas": 3, "conditions": [
	{"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable", "message": "Deployment has minimum availability.", "lastUpdateTime": "2026-01-01T00:00:00Z", "lastTransitionTime": "2026-01-01T00:00:00Z"},
	{"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable", "message": "ReplicaSet \"web\" has successfully progressed.", "lastUpdateTime": "2026-01-02T00:00:00Z", "lastTransitionTime": "2026-01-01T00:00:00Z"}]}}`,
		n, n%200, 1000000+n)
}

// heap is what is in use after everything else was collected.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// deploymentProto is a Deployment as the API server sends it to informers.
func deploymentProto(t testing.TB, n int) []byte {
	t.Helper()
	var d appsv1.Deployment
	if err := json.Unmarshal(deploymentText(n), &d); err != nil {
		t.Fatal(err)
	}
	data, err := d.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// BenchmarkPack tells what an event of a workload takes until it is in the cache, and how
// much memory the workload takes there.
func BenchmarkPack(b *testing.B) {
	transform := packing(workload.StandardKinds())
	sent := make([][]byte, 1000)
	for n := range sent {
		sent[n] = deploymentProto(b, n)
	}
	kept := make([]any, 0, b.N)
	before := heap()
	b.ReportAllocs()
	b.ResetTimer()
	for n := range b.N {
		d := &appsv1.Deployment{}
		if err := d.Unmarshal(sent[n%len(sent)]); err != nil {
			b.Fatal(err)
		}
		p, err := transform(d)
		if err != nil {
			b.Fatal(err)
		}
		kept = append(kept, p)
	}
	b.StopTimer()
	b.ReportMetric(float64(heap()-before)/float64(len(kept)), "kept-B/op")
	runtime.KeepAlive(kept)
	runtime.KeepAlive(sent)
}

// BenchmarkUnpack tells what it takes to read a workload of the cache.
func BenchmarkUnpack(b *testing.B) {
	p := packedDeployment(b)
	b.ReportAllocs()
	for b.Loop() {
		p.unpack()
	}
}

func packedDeployment(t testing.TB) *packed {
	t.Helper()
	d := &appsv1.Deployment{}
	if err := d.Unmarshal(deploymentProto(t, 7)); err != nil {
		t.Fatal(err)
	}
	p, err := packing(workload.StandardKinds())(d)
	if err != nil {
		t.Fatal(err)
	}
	return p.(*packed)
}

// Of a hundred thousand workloads each byte is a hundred kilobytes, and what each read
// allocates is garbage for each of them with each poll.
func TestAWorkloadTakesLittleOfTheCache(t *testing.T) {
	p := packedDeployment(t)
	if got, most := len(p.body)+len(p.status), 400; got > most {
		t.Errorf("a Deployment takes %d bytes, want at most %d", got, most)
	}
	if got, most := testing.AllocsPerRun(100, func() { p.unpack() }), 150.0; got > most {
		t.Errorf("to read it takes %.0f allocations, want at most %.0f", got, most)
	}
}
