package updater

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/util/workqueue"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/resolver"
	"github.com/garboard-dev/garboard/updater/move"
	"github.com/garboard-dev/garboard/updater/poll"
	"github.com/garboard-dev/garboard/updater/report"
	"github.com/garboard-dev/garboard/updater/watched"
)

const repository = "example.com/app"

// noon is when every test of a bench begins.
var noon = time.Date(2026, 1, 4, 12, 0, 0, 0, time.UTC)

// server has workloads as an API server has them, by name. What the updater
// caches of them went through its own transform.
type server struct {
	kinds   workload.Kinds
	objects map[string]*unstructured.Unstructured
	// behind are workloads as the cache still has them.
	behind map[string]*unstructured.Unstructured
	// lastRead is the name of the workload that was read from the cache last, a string.
	lastRead atomic.Value
	// writes are how often it was asked to write: dry runs count, too. patches are what
	// was asked.
	writes  int
	patches []string
	// pods are those of every workload, lists how often they were read.
	pods  []corev1.Pod
	lists int
	// optedOut: the namespaces are Garboard's no more.
	optedOut bool
	// answer is what becomes of a write: the object as admission leaves it, or a
	// refusal. Nothing changes where it is nil.
	answer func(o *unstructured.Unstructured, dry bool) error
	// last is another webhook that is called after it.
	last func(o *unstructured.Unstructured, dry bool) error
}

func (s *server) read(name string, into client.Object) error {
	if namespace, ok := into.(*metav1.PartialObjectMetadata); ok {
		namespace.Name, namespace.Labels = name, map[string]string{"garboard.dev/enabled": strconv.FormatBool(!s.optedOut && name != "closed")}
		return nil
	}
	o, ok := s.objects[name]
	if !ok {
		return apierrors.NewNotFound(schema.GroupResource{}, name)
	}
	o.DeepCopyInto(into.(*unstructured.Unstructured))
	return nil
}

// cached and direct are the two ways to a server.
type cached struct {
	cache.Cache
	*server
}

func (c cached) Get(_ context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	if err := c.read(key.Name, into); err != nil {
		return err
	}
	full, ok := into.(*unstructured.Unstructured)
	if !ok {
		return nil
	}
	c.lastRead.Store(key.Name)
	if o, behind := c.behind[key.Name]; behind {
		full = o
	}
	kept, err := watched.Strip(c.kinds)(full.DeepCopy())
	if err == nil {
		kept.(*unstructured.Unstructured).DeepCopyInto(into.(*unstructured.Unstructured))
	}
	return err
}

type direct struct {
	client.Client
	*server
}

func (d direct) Get(_ context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	return d.read(key.Name, into)
}

func (d direct) List(_ context.Context, into client.ObjectList, _ ...client.ListOption) error {
	if list, ok := into.(*corev1.PodList); ok {
		list.Items = d.pods
		d.server.lists++
	}
	return nil
}

func (d direct) Patch(_ context.Context, o client.Object, patch client.Patch, opts ...client.PatchOption) error {
	d.writes++
	options := &client.PatchOptions{}
	for _, opt := range opts {
		opt.ApplyToPatch(options)
	}
	after, dry := o.(*unstructured.Unstructured), len(options.DryRun) > 0
	if patch.Type() != types.MergePatchType {
		return fmt.Errorf("the updater sent a patch of type %s", patch.Type())
	}
	if err := d.read(o.GetName(), after); err != nil {
		return err
	}
	data, err := patch.Data(after)
	if err != nil {
		return err
	}
	d.patches = append(d.patches, string(data))
	answer := d.answer
	if back := backIn(data); len(back) > 0 && answer == nil {
		answer = takesBack(back)
	}
	image := imageIn(after)
	if answer != nil {
		if err := answer(after, dry); err != nil {
			return err
		}
	}
	if moved := imageIn(after) != image; !moved && strings.Contains(string(data), workload.AnnotationOnlyIfMoved) {
		return apierrors.NewInvalid(schema.GroupKind{}, o.GetName(), field.ErrorList{
			field.Invalid(field.NewPath("metadata", "annotations"), workload.AnnotationOnlyIfMoved, "name part must consist of …"),
		})
	}
	if d.last != nil {
		if err := d.last(after, dry); err != nil {
			return err
		}
	}
	if !dry {
		d.objects[o.GetName()] = after.DeepCopy()
	}
	return nil
}

// imageIn is what the first container of a Deployment runs.
func imageIn(o *unstructured.Unstructured) string {
	containers, _, _ := unstructured.NestedSlice(o.Object, "spec", "template", "spec", "containers")
	if len(containers) == 0 {
		return ""
	}
	image, _ := containers[0].(map[string]any)["image"].(string)
	return image
}

// backIn is what a bump takes back.
func backIn(patch []byte) record.Record {
	var bump struct {
		Spec struct {
			Template struct {
				Metadata struct{ Annotations map[string]string }
			}
		}
	}
	if json.Unmarshal(patch, &bump) != nil {
		return nil
	}
	return record.ParseBump(bump.Spec.Template.Metadata.Annotations[workload.AnnotationBump]).Back
}

// takesBack is an admission that takes containers back, and holds what they leave.
func takesBack(to record.Record) func(*unstructured.Unstructured, bool) error {
	return func(o *unstructured.Unstructured, _ bool) error {
		containers, _, err := unstructured.NestedSlice(o.Object, "spec", "template", "spec", "containers")
		if err != nil {
			return err
		}
		holds := record.Record{}
		for _, c := range containers {
			container := c.(map[string]any)
			name, image := container["name"].(string), container["image"].(string)
			if result, ok := to[name]; ok {
				container["image"] = repository + ":" + result.Tag
				holds[name] = record.Result{Tag: image[strings.LastIndex(image, ":")+1:]}
			}
		}
		o.SetGeneration(o.GetGeneration() + 1)
		annotations := o.GetAnnotations()
		annotations[workload.AnnotationHold] = holds.String()
		o.SetAnnotations(annotations)
		return unstructured.SetNestedSlice(o.Object, containers, "spec", "template", "spec", "containers")
	}
}

// recorded is a queue whose delays are written down in place of being waited for.
type recorded[T comparable] struct {
	workqueue.TypedDelayingInterface[T]
	delays []time.Duration
	// deaf: what is added is passed over.
	deaf bool
}

func (r *recorded[T]) Add(item T) {
	if !r.deaf {
		r.TypedDelayingInterface.Add(item)
	}
}

func (r *recorded[T]) AddAfter(item T, delay time.Duration) {
	if r.delays = append(r.delays, delay); delay <= 0 {
		r.Add(item)
	}
}

// last is the delay of the last item that was put off; -1 where there was none.
func (r *recorded[T]) last() time.Duration {
	if len(r.delays) == 0 {
		return -1
	}
	return r.delays[len(r.delays)-1]
}

// told collects notices.
type told struct{ notices []report.Notice }

func (n *told) Notify(notice report.Notice) { n.notices = append(n.notices, notice) }

// of counts the notices of a reason.
func (n *told) of(reason string) (count int) {
	for _, notice := range n.notices {
		if notice.Reason == reason {
			count++
		}
	}
	return count
}

// bench is an Updater that leads, between a server, a registry and a clock that
// the test turns. Nothing runs by itself.
type bench struct {
	*Updater
	*server
	clock  *clocktesting.FakeClock
	events *events.FakeRecorder
	told   *told
	// polled, tried, looked, inspected and returned are its queues.
	polled                             *recorded[string]
	tried, looked, inspected, returned *recorded[watched.Key]
	// reads are how often the registry was asked; it answers with registry.
	reads    int
	registry func() (resolver.Resolution, error)
	// resolver answers in its place, where a test needs all of a query.
	resolver poll.Resolver
}

// Resolve is a Resolver.
func (b *bench) Resolve(ctx context.Context, q resolver.Query) (resolver.Resolution, error) {
	b.reads++
	if b.resolver != nil {
		return b.resolver.Resolve(ctx, q)
	}
	return b.registry()
}

func newBench(t *testing.T, limits move.Pace, objects ...*unstructured.Unstructured) *bench {
	t.Helper()
	kinds, faults := workload.ParseKinds([]string{"Rollout.v1alpha1.argoproj.io=spec.template"})
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	metrics, err := report.NewMetrics(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{
		server: &server{kinds: kinds, objects: map[string]*unstructured.Unstructured{}},
		clock:  clocktesting.NewFakeClock(noon), events: events.NewFakeRecorder(100), told: &told{},
	}
	b.Updater = New(Options{
		Kinds: kinds, Cache: cached{server: b.server}, Client: direct{server: b.server}, Live: direct{server: b.server},
		Resolver: b, Metrics: metrics, Clock: b.clock, Events: b.events, Notifier: b.told, Pace: limits,
	})
	b.polled = &recorded[string]{TypedDelayingInterface: b.poller.Queue.TypedDelayingInterface}
	b.tried = &recorded[watched.Key]{TypedDelayingInterface: b.mover.Queue.TypedDelayingInterface}
	b.poller.Queue.TypedDelayingInterface, b.mover.Queue.TypedDelayingInterface = b.polled, b.tried
	b.looked = &recorded[watched.Key]{TypedDelayingInterface: b.watcher.Looks}
	b.inspected = &recorded[watched.Key]{TypedDelayingInterface: b.watcher.Inspections}
	b.returned = &recorded[watched.Key]{TypedDelayingInterface: b.watcher.Returns}
	b.watcher.Looks, b.watcher.Inspections, b.watcher.Returns = b.looked, b.inspected, b.returned
	t.Cleanup(func() { b.poller.ShutDown(); b.mover.ShutDown(); b.watcher.ShutDown() })
	b.poller.Lead(true)
	for _, o := range objects {
		b.objects[o.GetName()] = o
		b.event(t, o)
	}
	return b
}

// event is what the updater hears when a workload is written.
func (b *bench) event(t *testing.T, o *unstructured.Unstructured) {
	t.Helper()
	b.track(t.Context(), keyIs(o), o)
}

func (b *bench) workloadOf(t *testing.T, o *unstructured.Unstructured) *workload.Object {
	t.Helper()
	read, ok := b.Kinds.FromMap(o.Object)
	if !ok {
		t.Fatalf("%s is no workload", o.GroupVersionKind())
	}
	return read
}

// takeOver is a new leader after the former one.
func (b *bench) takeOver(t *testing.T) {
	t.Helper()
	b.resumeAll(t.Context(), b.concerns)
}

// wait turns the clock, and looks at the rollout of a workload then.
func (b *bench) wait(t *testing.T, o *unstructured.Unstructured, d time.Duration) {
	t.Helper()
	b.clock.Step(d)
	b.look(t, o)
}

// look has the rollout of a workload looked at, and its Pods and way back where that
// comes of it.
func (b *bench) look(t *testing.T, o *unstructured.Unstructured) {
	t.Helper()
	b.watcher.Look(t.Context(), keyIs(o))
	for _, stage := range []struct {
		queue *recorded[watched.Key]
		work  func(context.Context, watched.Key)
	}{{b.inspected, b.watcher.Inspect}, {b.returned, b.watcher.Return}} {
		if stage.queue.last() > 0 && b.watcher.Of(keyIs(o)) != nil { // put off before
			stage.queue.Add(keyIs(o))
		}
		for stage.queue.Len() > 0 {
			key, _ := stage.queue.Get()
			stage.work(t.Context(), key)
			stage.queue.Done(key)
		}
	}
}

func (b *bench) stateOf(t *testing.T, name string) report.State {
	t.Helper()
	return b.standing(t, name).State
}

// standing is what is known of the first container of a workload.
func (b *bench) standing(t *testing.T, name string) report.Standing {
	t.Helper()
	all := b.Standings("")
	i := slices.IndexFunc(all, func(s report.Standing) bool { return s.Name == name })
	if i < 0 {
		t.Fatalf("nothing is known of %s: %+v", name, all)
	}
	return all[i]
}

// status replaces what the controller of a workload says of it.
func (b *bench) status(t *testing.T, o *unstructured.Unstructured, text string) {
	t.Helper()
	set(t, b.objects[o.GetName()], object(t, "{apiVersion: v1, kind: Any, status: "+text+"}").Object["status"], "status")
}

// image is what the first container of a workload runs.
func (b *bench) image(t *testing.T, o *unstructured.Unstructured) string {
	t.Helper()
	return b.workloadOf(t, b.objects[o.GetName()]).Slots()[0].Image
}

// finds has a poll find newer tags for the containers of a workload, and tries to move
// them.
func (b *bench) finds(t *testing.T, o *unstructured.Unstructured, tags ...string) {
	t.Helper()
	b.found(t, o, tags...)
	b.mover.Try(t.Context(), keyIs(o))
}

// found is what polls find for the containers of a workload, before a worker has come to
// it.
func (b *bench) found(t *testing.T, o *unstructured.Unstructured, tags ...string) {
	t.Helper()
	b.tried.deaf = true
	defer func() { b.tried.deaf = false }()
	for i, slot := range b.workloadOf(t, b.objects[o.GetName()]).Slots()[:len(tags)] {
		from := slot.Image[strings.LastIndex(slot.Image, ":")+1:]
		b.mover.Found(keyIs(o), time.Time{}, move.Move{
			Key: keyIs(o), Container: slot.Key(), Repository: repository, Image: slot.Image,
			From: record.Result{Tag: from}, To: record.Result{Tag: tags[i]}, Found: b.clock.Now(),
		})
	}
}
