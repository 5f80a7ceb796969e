package rollout

import (
	"context"
	"fmt"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
)

// waits is an updater whose ways back wait for a webhook that does not answer.
type waits struct {
	*stage
	answers chan struct{}
	begun   chan string
	heard   chan string
}

func (u waits) Workload(_ context.Context, key string) *unstructured.Unstructured {
	o := u.object.DeepCopy()
	o.SetUID(types.UID(key))
	if key == "well" {
		o.Object["status"] = object(u.t, "{apiVersion: v1, kind: Any, status: "+of3(5, 3, 3, 3, "NewReplicaSetAvailable", noon)+"}").Object["status"]
	}
	return o
}

func (u waits) Hear(_ context.Context, key string, r Report) {
	if r.Outcome == Succeeded {
		u.heard <- key
	}
}

func (u waits) TakeBack(_ context.Context, key string, _ *Rollout) bool {
	u.begun <- key
	<-u.answers
	return true
}

// Ways back that wait for a dead webhook, as many as there are, keep no verdict from
// another workload.
func TestDeadWebhookKeepsNoVerdict(t *testing.T) {
	s := moved(t, deployment+"status: "+of3(5, 4, 1, 3, "ProgressDeadlineExceeded", time.Now().Add(time.Hour)))
	u := waits{s, make(chan struct{}), make(chan string, 20), make(chan string, 1)}
	queue := func() Queue[string] {
		return workqueue.NewTypedDelayingQueueWithConfig(workqueue.TypedDelayingQueueConfig[string]{})
	}
	w := NewWatcher(Options[string]{Owner: u, Pods: s.w.Pods, Clock: clock.RealClock{}, Looks: queue(), Inspections: queue(), Returns: queue()})
	begin := func(key string) {
		w.Begin(key, &Rollout{UID: types.UID(key), Generation: 5, Began: time.Now(), Changes: []Change{{Container: "c", To: "example.com/app:1.3.0"}}})
	}
	done := make(chan struct{})
	go func() {
		w.Run(context.WithoutCancel(t.Context()), 2)
		close(done)
	}()
	for n := range 10 {
		begin(fmt.Sprintf("dead-%d", n))
	}
	<-u.begun // both workers wait
	<-u.begun
	begin("well")
	if got := <-u.heard; got != "well" {
		t.Errorf("%s succeeded", got)
	}
	w.ShutDown()
	close(u.answers)
	<-done
}
