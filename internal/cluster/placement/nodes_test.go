package placement_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	toolscache "k8s.io/client-go/tools/cache"
	fcache "k8s.io/client-go/tools/cache/testing"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllertest"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/garboard-dev/garboard/internal/cluster/placement"
)

var (
	_ manager.Runnable               = (*placement.Nodes)(nil)
	_ manager.LeaderElectionRunnable = (*placement.Nodes)(nil)
)

func TestChangedNodesChangeTheAnswer(t *testing.T) {
	nodes, informer := started(t)
	web := deployment(t, `{nodeSelector: {pool: web}}`)
	expect := func(when, want string) {
		t.Helper()
		if got := platforms(t, nodes, web); got != want {
			t.Errorf("%s: got %q, want %q", when, got, want)
		}
	}
	amd, arm := node("a", "linux/amd64", "pool=web"), node("b", "linux/arm64", "pool=web")
	expect("no nodes", "")
	informer.Add(amd)
	expect("one added", "linux/amd64")
	informer.Add(arm)
	expect("another added", "linux/amd64 linux/arm64")

	moved := node("b", "linux/arm64", "pool=batch")
	informer.Update(arm, moved)
	expect("a pool's label changed", "linux/amd64")
	informer.Update(moved, arm)
	expect("and changed back", "linux/amd64 linux/arm64")

	tainted := node("b", "linux/arm64", "pool=web", "only=batch:NoSchedule")
	informer.Update(arm, tainted)
	expect("a taint added", "linux/amd64")
	cordoned := node("b", "linux/arm64", "pool=web", "node.kubernetes.io/unschedulable=:NoSchedule")
	informer.Update(tainted, cordoned)
	expect("the taint gone, and cordoned", "linux/amd64 linux/arm64")

	informer.Update(cordoned, bare("b", "pool=web"))
	expect("the architecture's label lost", "linux/amd64")
	informer.Add(arm)
	informer.Delete(arm)
	expect("one deleted", "linux/amd64")
	informer.handler.OnDelete(toolscache.DeletedFinalStateUnknown{Key: "a"})
	expect("the last one deleted unseen", "")
	informer.Delete(amd)
	expect("deleted twice", "")
}

func TestNodesThatAreNotKnown(t *testing.T) {
	informer := controllertest.NewFakeInformer()
	nodes := placement.New(placement.Options{Informers: informers{informer: informer}})
	web := deployment(t, `{nodeSelector: {kubernetes.io/arch: arm64}}`)
	unknown := func(when string) {
		t.Helper()
		var notSynced *placement.NotSyncedError
		found, err := nodes.Platforms(t.Context(), web)
		if !errors.As(err, &notSynced) || found != nil || nodes.HasSynced() {
			t.Errorf("%s: got %v, %v, synced %v; want a NotSyncedError", when, found, err, nodes.HasSynced())
		}
	}
	unknown("before the start")
	if err := nodes.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if nodes.NeedLeaderElection() {
		t.Error("got nodes that only a leader knows")
	}
	unknown("before the first list")
	informer.Add(node("a", "linux/amd64"))
	unknown("in the midst of the first list")
	informer.Synced()
	if !nodes.HasSynced() {
		t.Error("got not synced")
	}
	if got := platforms(t, nodes, web); got != "linux/arm64" {
		t.Errorf("got %q, want what the selector says", got)
	}
}

func TestReadinessWaitsForNodes(t *testing.T) {
	informer, clock := controllertest.NewFakeInformer(), clocktesting.NewFakePassiveClock(time.Unix(0, 0))
	nodes := placement.New(placement.Options{Informers: informers{informer: informer}, Clock: clock})
	expect := func(when string, want bool) {
		t.Helper()
		if err := nodes.Ready(nil); (err == nil) != want {
			t.Errorf("%s: got %v, want ready %v", when, err, want)
		}
	}
	expect("before the start", false)
	if err := nodes.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	expect("before the first list", false)
	informer.Synced()
	expect("once nodes are known", true)

	informer = controllertest.NewFakeInformer()
	nodes = placement.New(placement.Options{Informers: informers{informer: informer}, Clock: clock})
	if err := nodes.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	clock.SetTime(clock.Now().Add(10*time.Second - 1))
	expect("a moment before ten seconds", false)
	clock.SetTime(clock.Now().Add(1))
	expect("ten seconds later, where nodes may not be read", true)
}

func TestStartWithoutAnInformer(t *testing.T) {
	refused := errors.New("refused")
	nodes := placement.New(placement.Options{Informers: informers{err: refused}})
	if err := nodes.Start(t.Context()); !errors.Is(err, refused) {
		t.Errorf("got %v, want %v", err, refused)
	}
}

// source is an API server's nodes, listed and not streamed.
type source struct{ *fcache.FakeControllerSource }

func (source) IsWatchListSemanticsUnSupported() bool { return true }

func TestARealInformer(t *testing.T) {
	source := source{fcache.NewFakeControllerSource()}
	source.Add(node("a", "linux/amd64"))
	nodes := run(t, source)
	if !toolscache.WaitForCacheSync(t.Context().Done(), nodes.HasSynced) {
		t.Fatal("nodes were not synced")
	}
	web := deployment(t, `{}`)
	if got := platforms(t, nodes, web); got != "linux/amd64" {
		t.Errorf("got %q, want the node that there is", got)
	}
	source.Add(node("b", "linux/arm64"))
	eventually(t, func() bool { return platforms(t, nodes, web) == "linux/amd64 linux/arm64" })
	source.Modify(node("a", "linux/amd64", "only=batch:NoSchedule"))
	eventually(t, func() bool { return platforms(t, nodes, web) == "linux/arm64" })
	source.Delete(node("b", "linux/arm64"))
	eventually(t, func() bool { return platforms(t, nodes, web) == "" })
}

// forbidden is a source whose nodes may not be listed.
type forbidden struct {
	source
	asked chan struct{}
}

func (f forbidden) List(metav1.ListOptions) (runtime.Object, error) {
	f.asked <- struct{}{}
	return nil, apierrors.NewForbidden(corev1.Resource("nodes"), "", nil)
}

// Nobody waits for what never comes.
func TestAnAccountThatMayNotReadNodes(t *testing.T) {
	source := forbidden{source{fcache.NewFakeControllerSource()}, make(chan struct{}, 100)}
	nodes := run(t, source)
	<-source.asked
	var notSynced *placement.NotSyncedError
	if found, err := nodes.Platforms(t.Context(), deployment(t, `{}`)); !errors.As(err, &notSynced) || found != nil {
		t.Errorf("got %v, %v; want a NotSyncedError", found, err)
	}
}

// run returns Nodes on a running informer, with the transform that a manager
// has from ByObject.
func run(t *testing.T, source toolscache.ListerWatcher) *placement.Nodes {
	t.Helper()
	of, options := placement.ByObject()
	informer := toolscache.NewSharedIndexInformer(source, of, 0, toolscache.Indexers{})
	if err := informer.SetTransform(options.Transform); err != nil {
		t.Fatal(err)
	}
	nodes := placement.New(placement.Options{Informers: informers{informer: informer}})
	if err := nodes.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		informer.RunWithContext(ctx)
	}()
	t.Cleanup(func() { stop(); <-done })
	return nodes
}

func eventually(t *testing.T, condition func() bool) {
	t.Helper()
	err := wait.PollUntilContextTimeout(t.Context(), time.Millisecond, 30*time.Second, true,
		func(context.Context) (bool, error) { return condition(), nil })
	if err != nil {
		t.Error(err)
	}
}

func TestByObjectKeepsWhatIsRead(t *testing.T) {
	full := node("a", "linux/amd64", "only=batch:NoSchedule")
	full.UID, full.ResourceVersion = "u", "7"
	want := full.DeepCopy()
	full.Annotations = map[string]string{"large": strings.Repeat("x", 1000)}
	full.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "kubelet"}}
	full.Spec.PodCIDR = "10.0.0.0/24"
	full.Status.Images = []corev1.ContainerImage{{Names: []string{"a"}}}

	of, options := placement.ByObject()
	if _, ok := of.(*corev1.Node); !ok {
		t.Errorf("got an entry for %T, want nodes", of)
	}
	got, err := options.Transform(full)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(any(want), got); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
	gone := toolscache.DeletedFinalStateUnknown{Key: "a"}
	if got, err := options.Transform(gone); err != nil || got != any(gone) {
		t.Errorf("got %v, %v; want the tombstone itself", got, err)
	}
}

func TestPlacementsThatCannotBeRead(t *testing.T) {
	term := `{matchExpressions: [{key: a, operator: Exists}]}`
	tests := map[string]string{
		"a node's name that is a list":       `{nodeName: [a]}`,
		"a selector that is a text":          `{nodeSelector: arm64}`,
		"a selector of numbers":              `{nodeSelector: {cores: 8}}`,
		"tolerations that are a map":         `{tolerations: {key: a}}`,
		"tolerations that are texts":         `{tolerations: [a]}`,
		"an affinity that is a text":         `{affinity: a}`,
		"a node affinity that is a list":     `{affinity: {nodeAffinity: []}}`,
		"a demand that is a number":          `{affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: 1}}}`,
		"terms that are a map":               affinity(`{}`),
		"expressions that are texts":         affinity(`[{matchExpressions: [a]}]`),
		"an operator that there is not":      affinity(`[{matchExpressions: [{key: a, operator: Like, values: [b]}]}]`),
		"a bad term beside one that fits":    affinity(`[` + term + `, {matchExpressions: [{key: a, operator: In}]}]`),
		"a comparison with a word":           affinity(`[{matchExpressions: [{key: a, operator: Gt, values: [many]}]}]`),
		"a key that is none":                 affinity(`[{matchExpressions: [{key: "a b", operator: Exists}]}]`),
		"a field with two values":            affinity(`[{matchFields: [{key: metadata.name, operator: In, values: [a, b]}]}]`),
		"ten thousand terms":                 affinity(`[` + strings.Repeat(term+`, `, 10_000) + term + `]`),
		"ten thousand tolerations":           `{tolerations: [` + strings.Repeat(`{operator: Exists}, `, 10_000) + `]}`,
		"more platforms than there are":      affinity(`[{matchExpressions: [{key: kubernetes.io/arch, operator: In, values: [` + architectures(33) + `]}]}]`),
		"a very long value":                  `{nodeSelector: {a: ` + strings.Repeat("a", 1<<20) + `}}`,
		"a very long key":                    `{nodeSelector: {` + strings.Repeat("a", 1000) + `: a}}`,
		"a very deep affinity":               `{affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: ` + strings.Repeat("[", 2000) + strings.Repeat("]", 2000) + `}}}`,
		"a bad value with a very long story": affinity(`[{matchExpressions: [{key: a, operator: In, values: [` + strings.TrimSuffix(strings.Repeat(`"? ?", `, 500), ", ") + `]}]}]`),
	}
	nodes, _ := started(t, node("a", "linux/amd64", "a=b"))
	for name, spec := range tests {
		t.Run(name, func(t *testing.T) {
			o := deployment(t, spec)
			for _, times := range []string{"first", "kept"} {
				var unreadable *placement.UnreadableError
				found, err := nodes.Platforms(t.Context(), o)
				if !errors.As(err, &unreadable) || found != nil {
					t.Fatalf("%s answer: got %v, %v; want an UnreadableError", times, found, err)
				}
				if errors.Unwrap(unreadable) == nil || len(err.Error()) > 250 {
					t.Errorf("got an error of %d bytes", len(err.Error()))
				}
			}
		})
	}
}

func architectures(count int) string {
	all := make([]string, count)
	for i := range all {
		all[i] = fmt.Sprint("a", i)
	}
	return strings.Join(all, ", ")
}

func TestARequestThatIsOver(t *testing.T) {
	nodes, _ := started(t, mixed()...)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	nowhere := deployment(t, `{nodeSelector: {pool: none, kubernetes.io/arch: arm64}}`)
	if found, err := nodes.Platforms(over, nowhere); !errors.Is(err, context.Canceled) || found != nil {
		t.Errorf("got %v, %v; want the context's error", found, err)
	}
	if got := platforms(t, nodes, nowhere); got != "linux/arm64" {
		t.Errorf("got %q: the error of another request was kept", got)
	}
}

func TestAnswersAreTheAskersOwn(t *testing.T) {
	nodes, _ := started(t, mixed()...)
	web := deployment(t, `{}`)
	found, err := nodes.Platforms(t.Context(), web)
	if err != nil {
		t.Fatal(err)
	}
	found[0].OS = "plan9"
	if got := platforms(t, nodes, web); got != "linux/amd64 linux/arm64" {
		t.Errorf("got %q after an asker changed his answer", got)
	}
}
