package approval

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/garboard-dev/garboard/api/v1alpha1"
	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/updater/move"
	"github.com/garboard-dev/garboard/updater/queue"
	"github.com/garboard-dev/garboard/updater/report"
	"github.com/garboard-dev/garboard/updater/watched"
)

// noon is when every test begins.
var noon = time.Date(2026, 1, 4, 12, 0, 0, 0, time.UTC)

const repository = "example.com/app"

// cluster is an API server with one workload, web, and the updates and votes on it. What
// is written there the stage hears of at once.
type cluster struct {
	client.Client
	*Stage
	clock    *clocktesting.FakeClock
	workload *unstructured.Unstructured
	notices  []report.Notice
	retries  int
	// since and unprotected are what is told of the protection of votes.
	since       time.Time
	unprotected error
	refuses     error
	created     int
	deleted     []string
	votes       int
	others      bool // the repositories are another replica's
	// ahead is by how much the updater's clock is ahead of the API server's.
	ahead time.Duration
}

func newCluster(t *testing.T, annotations map[string]string) *cluster {
	t.Helper()
	metrics, err := report.NewMetrics(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{clock: clocktesting.NewFakeClock(noon), since: noon.Add(-time.Hour)}
	c.workload = webOf(t, annotations)
	kinds := workload.StandardKinds()
	reporter := report.New(report.Options{Events: events.NewFakeRecorder(100), Notifier: c, Metrics: metrics, Clock: c.clock})
	c.Stage = New(Options{
		Client: c, Live: c, Workloads: &watched.Reader{Cache: c, Kinds: kinds}, Report: reporter,
		Enforced: func(context.Context) (time.Time, error) { return c.since, c.unprotected },
		Owns:     func(string) bool { return !c.others },
		Retry:    func(watched.Key, string) { c.retries++ },
		Queue:    queue.New(c.clock, func(name types.NamespacedName) string { return name.Namespace }, func(int) {}), Clock: c.clock, History: DefaultHistory,
	})
	c.setMissing("")
	t.Cleanup(c.ShutDown)
	c.learn(t)
	return c
}

// webOf is a workload that runs 1.2.7.
func webOf(t *testing.T, annotations map[string]string) *unstructured.Unstructured {
	t.Helper()
	all := map[string]string{"garboard.dev/policy": "minor"}
	maps.Copy(all, annotations)
	var written strings.Builder
	for key, value := range all {
		fmt.Fprintf(&written, "    %s: %q\n", key, value)
	}
	data, err := yaml.YAMLToJSON([]byte(`
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
  uid: "1"
  generation: 1
  annotations:
` + written.String() + `
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template: {spec: {containers: [{name: web, image: "example.com/app:1.2.7"}]}}
status: {observedGeneration: 1, replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1,
  conditions: [{type: Available, status: "True"}, {type: Progressing, status: "True", reason: NewReplicaSetAvailable}]}
`))
	if err != nil {
		t.Fatal(err)
	}
	o := &unstructured.Unstructured{}
	if err := o.UnmarshalJSON(data); err != nil {
		t.Fatal(err)
	}
	return o
}

// key names the workload.
func (c *cluster) key() watched.Key { return watched.KeyOf(c.workload.GroupVersionKind(), c.workload) }

// learn is what the updater does with an event of the workload.
func (c *cluster) learn(t *testing.T) {
	t.Helper()
	c.Report.Keep(c.key(), []report.Standing{{Container: "web", Repository: repository, Running: c.tag(t), State: report.StateUnknown}})
	c.Changed(c.workload.GetUID())
}

// tag is what the workload runs.
func (c *cluster) tag(t *testing.T) string {
	t.Helper()
	containers, _, err := unstructured.NestedSlice(c.workload.Object, "spec", "template", "spec", "containers")
	if err != nil {
		t.Fatal(err)
	}
	image := containers[0].(map[string]any)["image"].(string)
	return image[strings.LastIndex(image, ":")+1:]
}

// runs has the workload run another tag.
func (c *cluster) runs(t *testing.T, tag string) {
	t.Helper()
	containers := []any{map[string]any{"name": "web", "image": repository + ":" + tag}}
	if err := unstructured.SetNestedSlice(c.workload.Object, containers, "spec", "template", "spec", "containers"); err != nil {
		t.Fatal(err)
	}
	c.learn(t)
}

// annotate writes a setting of the workload.
func (c *cluster) annotate(t *testing.T, key, value string) {
	t.Helper()
	annotations := c.workload.GetAnnotations()
	annotations[key] = value
	c.workload.SetAnnotations(annotations)
	c.learn(t)
}

// Notify implements report.Notifier.
func (c *cluster) Notify(n report.Notice) { c.notices = append(c.notices, n) }

// told are the reasons of the notices, in order.
func (c *cluster) told() []string {
	var reasons []string
	for _, n := range c.notices {
		reasons = append(reasons, n.Reason)
	}
	return reasons
}

// Get implements client.Reader.
func (c *cluster) Get(_ context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	switch into := into.(type) {
	case *metav1.PartialObjectMetadata:
		if into.GroupVersionKind() == workload.NamespaceKind {
			into.Name, into.Labels = key.Name, map[string]string{"garboard.dev/enabled": "true"}
			return nil
		}
		into.UID, into.Labels = c.workload.GetUID(), map[string]string{"app": "web"}
	case *unstructured.Unstructured:
		if c.workload == nil || key.Name != c.workload.GetName() {
			return apierrors.NewNotFound(schema.GroupResource{}, key.Name)
		}
		c.workload.DeepCopyInto(into)
	}
	return nil
}

// Create implements client.Writer.
func (c *cluster) Create(_ context.Context, o client.Object, _ ...client.CreateOption) error {
	u := o.(*v1alpha1.ImageUpdate)
	if c.refuses != nil {
		return c.refuses
	}
	if c.store.get(nameOf(u)) != nil {
		return apierrors.NewAlreadyExists(schema.GroupResource{}, u.Name)
	}
	c.created++
	u.UID, u.CreationTimestamp = types.UID("u"+strconv.Itoa(c.created)), metav1.NewTime(c.clock.Now().Add(-c.ahead))
	c.put(u.DeepCopy())
	return nil
}

// Delete implements client.Writer.
func (c *cluster) Delete(_ context.Context, o client.Object, _ ...client.DeleteOption) error {
	c.deleted = append(c.deleted, o.GetName())
	switch o := o.(type) {
	case *v1alpha1.ImageUpdate:
		c.dropUpdate(o)
	case *v1alpha1.ImageUpdateVote:
		c.ballots().OnDelete(o)
	}
	return nil
}

// Status implements client.StatusClient.
func (c *cluster) Status() client.SubResourceWriter { return statusWriter{of: c} }

type statusWriter struct {
	client.SubResourceWriter
	of *cluster
}

// Patch implements client.SubResourceWriter.
func (s statusWriter) Patch(_ context.Context, o client.Object, _ client.Patch, _ ...client.SubResourcePatchOption) error {
	s.of.put(o.(*v1alpha1.ImageUpdate).DeepCopy())
	return nil
}

// move is what a poll finds.
func (c *cluster) move(t *testing.T, tag, digest string) *move.Move {
	t.Helper()
	w, ok := c.Workloads.Governed(t.Context(), c.key())
	if !ok {
		t.Fatal("it is not governed")
	}
	found := w.Containers()[0]
	return &move.Move{
		Key: c.key(), Workload: w.Object, Container: "web", Repository: repository, Rule: &found.Rule, Image: found.Slot.Image,
		From: found.Running, To: record.Result{Tag: tag, Digest: digest}, Found: c.clock.Now(),
	}
}

// finds judges a move, and returns what it may move to; empty where the gate is closed.
func (c *cluster) finds(t *testing.T, tag string) string {
	t.Helper()
	return c.findsDigest(t, tag, "")
}

func (c *cluster) findsDigest(t *testing.T, tag, digest string) string {
	t.Helper()
	m := c.move(t, tag, digest)
	verdict := c.Judge(t.Context(), m)
	c.work(t)
	if !verdict.Open() {
		return ""
	}
	return m.To.String()
}

// why is why a move waits.
func (c *cluster) why(t *testing.T, tag string) string { //nolint:unparam // reads as finds does
	t.Helper()
	verdict := c.Judge(t.Context(), c.move(t, tag, ""))
	c.work(t)
	return verdict.Message
}

// work does all that is due.
func (c *cluster) work(t *testing.T) {
	t.Helper()
	for c.Queue.Len() > 0 {
		c.Work(t.Context())
	}
}

// votes casts a vote on the update to a tag, a second after the last thing that happened.
func (c *cluster) vote(t *testing.T, tag, voter string, verdict v1alpha1.Verdict, change ...func(*v1alpha1.ImageUpdateVote)) {
	t.Helper()
	c.clock.Step(time.Second)
	u := c.update(t, tag)
	c.votes++
	v := &v1alpha1.ImageUpdateVote{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "v" + strconv.Itoa(c.votes), CreationTimestamp: metav1.NewTime(c.clock.Now().Add(-c.ahead)), ResourceVersion: strconv.Itoa(c.votes)},
		Spec:       v1alpha1.ImageUpdateVoteSpec{Update: u.Name, Voter: voter, Verdict: verdict},
	}
	for _, f := range change {
		f(v)
	}
	c.ballots().OnAdd(v, false)
	c.work(t)
}

func reopens(v *v1alpha1.ImageUpdateVote) { v.Spec.Reopen = true }

// pass turns the clock, and looks at all updates then.
func (c *cluster) pass(t *testing.T, d time.Duration) {
	t.Helper()
	c.clock.Step(d)
	c.Recheck()
	c.work(t)
}

// update returns the update to a tag, the last one that was made.
func (c *cluster) update(t *testing.T, tag string) *v1alpha1.ImageUpdate {
	t.Helper()
	var found *v1alpha1.ImageUpdate
	for _, name := range c.store.all() {
		if u := c.store.get(name); u.Spec.To.Tag == tag && (found == nil || found.UID < u.UID) {
			found = u
		}
	}
	if found == nil {
		t.Fatalf("no update to %s", tag)
	}
	return found
}

// phase is that of the update to a tag.
func (c *cluster) phase(t *testing.T, tag string) v1alpha1.Phase {
	t.Helper()
	return c.update(t, tag).Status.Phase
}
