package rollout

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/garboard-dev/garboard/internal/workload"
)

var noon = time.Date(2026, 1, 4, 12, 0, 0, 0, time.UTC)

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

// agenda is a queue without time of its own: what is due in it is the stage's to do.
type agenda struct {
	Queue[string]
	clock *clocktesting.FakeClock
	due   []time.Time
}

func (a *agenda) Add(key string) { a.AddAfter(key, 0) }

func (a *agenda) AddAfter(_ string, d time.Duration) { a.due = append(a.due, a.clock.Now().Add(d)) }

// next takes the moment that is due first, if it is due by then.
func (a *agenda) next(by time.Time) (at time.Time, ok bool) {
	first := -1
	for i, due := range a.due {
		if !due.After(by) && (first < 0 || due.Before(a.due[first])) {
			first = i
		}
	}
	if first < 0 {
		return at, false
	}
	at = a.due[first]
	a.due = append(a.due[:first], a.due[first+1:]...)
	return at, true
}

// stage plays one workload "web", what its controller and people write, and an updater
// that writes down what it hears.
type stage struct {
	client.Reader
	t        *testing.T
	clock    *clocktesting.FakeClock
	object   *unstructured.Unstructured
	terms    Terms
	governed bool
	pods     []corev1.Pod
	podsErr  error
	// refusals are how often the way back fails.
	refusals, backs int
	heard           []string
	w               *Watcher[string]
	agendas         []*agenda
}

// moved is a stage at the moment at which the updater has moved a workload: the
// status is what the controller said of the version before.
func moved(t *testing.T, text string) *stage {
	t.Helper()
	s := &stage{
		t: t, clock: clocktesting.NewFakeClock(noon), governed: true,
		terms:  Terms{Timeout: 10 * time.Minute, Default: true, TakeBack: true},
		object: object(t, text),
	}
	s.object.SetName("web")
	s.object.SetUID("1")
	if s.object.GetGeneration() == 0 {
		s.object.SetGeneration(5)
	}
	s.set(map[string]any{"app": "web"}, "spec", "selector", "matchLabels")
	s.set([]any{map[string]any{"name": "c", "image": "example.com/app:1.3.0"}}, "spec", "template", "spec", "containers")
	s.set("c=1.3.0", "spec", "template", "metadata", "annotations", workload.AnnotationRecord)
	s.object.Object[touched] = noon.Format(time.RFC3339) + " "
	kinds, faults := workload.ParseKinds([]string{"Rollout.v1alpha1.argoproj.io=spec.template", "CloneSet.v1alpha1.apps.kruise.io=spec.template"})
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	for range 3 {
		s.agendas = append(s.agendas, &agenda{clock: s.clock})
	}
	s.w = NewWatcher(Options[string]{
		Owner: s, Pods: Pods{Live: s, Kinds: kinds}, Clock: s.clock,
		Looks: s.agendas[0], Inspections: s.agendas[1], Returns: s.agendas[2],
	})
	return s
}

func (s *stage) set(value any, path ...string) {
	s.t.Helper()
	if err := unstructured.SetNestedField(s.object.Object, value, path...); err != nil {
		s.t.Fatal(err)
	}
}

// begin has the move watched, with how the workload was before it.
func (s *stage) begin(before *Health) *stage {
	s.w.Begin("web", &Rollout{
		UID: "1", Generation: s.object.GetGeneration(), Began: s.clock.Now(), Before: before,
		Changes: []Change{{Container: "c", From: "example.com/app:1.2.0", To: "example.com/app:1.3.0"}},
	})
	return s.after(0)
}

// after lets time pass, and all that is due in it happen.
func (s *stage) after(d time.Duration) *stage {
	end := s.clock.Now().Add(d)
	work := []func(context.Context, string){s.w.Look, s.w.Inspect, s.w.Return}
	for {
		first, at := -1, end
		for i, a := range s.agendas {
			for _, due := range a.due {
				if !due.After(end) && (first < 0 || due.Before(at)) {
					first, at = i, due
				}
			}
		}
		if first < 0 {
			break
		}
		_, _ = s.agendas[first].next(at)
		if at.After(s.clock.Now()) {
			s.clock.SetTime(at)
		}
		work[first](s.t.Context(), "web")
	}
	s.clock.SetTime(end)
	return s
}

// says is what the controller writes at this moment.
func (s *stage) says(status string) *stage {
	s.t.Helper()
	s.object.Object["status"] = object(s.t, "{apiVersion: v1, kind: Any, status: "+status+"}").Object["status"]
	s.w.Changed("web")
	return s.after(0)
}

// want fails unless the updater has heard this, with the minutes at which it did.
func (s *stage) want(heard ...string) {
	s.t.Helper()
	got, want := strings.Join(s.heard, "\n"), strings.Join(heard, "\n")
	if got != want {
		s.t.Errorf("heard:\n%s\nwant:\n%s", got, want)
	}
}

// Workload is of Owner.
func (s *stage) Workload(context.Context, string) *unstructured.Unstructured { return s.object }

// Terms is of Owner.
func (s *stage) Terms(context.Context, *unstructured.Unstructured, *Rollout) (Terms, bool) {
	return s.terms, s.governed
}

// Hear is of Owner. What is told again without news is not written down.
func (s *stage) Hear(_ context.Context, _ string, r Report) {
	if r.Outcome == Slow {
		return // which says nothing of its end
	}
	name := map[Outcome]string{Settled: "settled", Succeeded: "succeeded", Failing: "failed", Abandoned: "abandoned", Finished: "finished"}[r.Outcome]
	text := name
	if r.Why != "" {
		text += ": " + r.Why
	}
	if n := len(s.heard); r.Outcome == Settled && n > 0 && strings.HasSuffix(s.heard[n-1], text) {
		return
	}
	s.note(text)
}

func (s *stage) note(text string) {
	s.heard = append(s.heard, fmt.Sprintf("%d %s", int(s.clock.Since(noon).Minutes()), text))
}

// TakeBack is of Owner.
func (s *stage) TakeBack(context.Context, string, *Rollout) bool {
	s.backs++
	if s.backs <= s.refusals {
		s.note("not taken back yet")
		return false
	}
	s.note("taken back")
	return true
}

// Get and List are of client.Reader.
func (s *stage) Get(_ context.Context, _ client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	live, ok := into.(*unstructured.Unstructured)
	if !ok {
		return apierrors.NewNotFound(schema.GroupResource{}, "web")
	}
	s.object.DeepCopyInto(live)
	return nil
}

func (s *stage) List(_ context.Context, into client.ObjectList, _ ...client.ListOption) error {
	list, ok := into.(*corev1.PodList)
	if !ok {
		return errors.New("not Pods")
	}
	list.Items = s.pods
	return s.podsErr
}

// pod is one that waits for a reason, of a template with this record.
func pod(record, reason string) corev1.Pod {
	p := corev1.Pod{}
	p.Name, p.Annotations = "web-1", map[string]string{workload.AnnotationRecord: record}
	p.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "c", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason}}}}
	return p
}
