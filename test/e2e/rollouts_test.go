package e2e

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/garboard-dev/garboard/updater/rollout"
)

var results = flag.String("record", "", "folder to write the statuses of rollouts to, as updater/rollout/testdata has them")

// phases is a rollout as its controller tells it.
type phases struct {
	resource string // "deployments"
	spec     string // beside selector and template
	before   func(*space)
	// image is the tag that it moves to; during is what happens then.
	image  string
	during func(*space)
	// path are the phases that are seen, each once; it ends with the last.
	path string
}

func rolloutsOfControllers() map[string]phases {
	do := func(args ...string) func(*space) { return func(s *space) { s.must("", args...) } }
	const partition = `updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: %d}}`
	const unpullable = "1.3.0-unpullable"
	// The first rollout has the controller's own ten minutes: a busy machine needs some of them.
	const impatient = `{"spec":{"progressDeadlineSeconds":3}}`
	return map[string]phases{
		"deployment":              {"deployments", "replicas: 3", nil, "1.3.0", nil, "Rolling Healthy"},
		"deployment-slow":         {"deployments", "replicas: 3\n  minReadySeconds: 2\n  strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}", nil, "1.3.0", nil, "Rolling Healthy"},
		"deployment-failed":       {"deployments", "replicas: 3", do("patch", "deployment/it", "-p", impatient), unpullable, nil, "Rolling Failed"},
		"deployment-paused":       {"deployments", "replicas: 3", nil, unpullable, do("rollout", "pause", "deployment/it"), "Rolling Paused"},
		"deployment-empty":        {"deployments", "replicas: 3", nil, unpullable, do("scale", "deployment/it", "--replicas=0"), "Rolling Empty"},
		"deployment-scaled":       {"deployments", "replicas: 3\n  minReadySeconds: 2\n  strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}", nil, "1.3.0", do("scale", "deployment/it", "--replicas=5"), "Rolling Healthy"},
		"deployment-quota":        {"deployments", "replicas: 3", (*space).quota, "1.3.0", nil, "Rolling Failed"},
		"statefulset":             {"statefulsets", "replicas: 3", nil, "1.3.0", nil, "Rolling Healthy"},
		"statefulset-partition":   {"statefulsets", "replicas: 3\n  " + fmt.Sprintf(partition, 2), nil, "1.3.0", nil, "Rolling Partial"},
		"statefulset-kept":        {"statefulsets", "replicas: 3\n  " + fmt.Sprintf(partition, 3), nil, "1.3.0", nil, "Rolling Paused"},
		"statefulset-unavailable": {"statefulsets", "replicas: 3\n  podManagementPolicy: Parallel\n  updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 0, maxUnavailable: 2}}", nil, "1.3.0", nil, "Rolling Healthy"},
		"statefulset-ondelete":    {"statefulsets", "replicas: 3\n  updateStrategy: {type: OnDelete}", nil, "1.3.0", nil, "Paused"},
		"daemonset":               {"daemonsets", "", nil, "1.3.0", nil, "Rolling Healthy"},
		"daemonset-ondelete":      {"daemonsets", "updateStrategy: {type: OnDelete}", nil, "1.3.0", nil, "Paused"},
	}
}

// quota lets the namespace have two Pods: one of three goes, and comes back no more.
func (s *space) quota() {
	s.t.Helper()
	s.must("apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: pods}\nspec: {hard: {pods: \"2\"}}\n", "apply", "-f", "-")
	// The API server lets Pods in until it has heard of the quota, and of what is used.
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "fourth"}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "web", Image: s.image + ":1.2.0"}}}}
	s.await("the quota to refuse a fourth Pod", func(ctx context.Context) error {
		_, err := s.Client().CoreV1().Pods(s.name).Create(ctx, pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		if apierrors.IsForbidden(err) && strings.Contains(err.Error(), "exceeded quota") {
			return nil
		}
		return fmt.Errorf("it is not: %w", cmp.Or(err, errors.New("let in")))
	})
	// One alone: of several that go at once, the quota's controller may count too few.
	pods, err := s.Client().CoreV1().Pods(s.name).List(s.t.Context(), metav1.ListOptions{LabelSelector: "app=it"})
	if err != nil || len(pods.Items) != 3 {
		s.t.Fatalf("there are %d Pods: %v", len(pods.Items), err)
	}
	s.must("", "delete", "pod", pods.Items[0].Name, "--wait=true", "--timeout=30s")
	s.await("two Pods to be ready", func(context.Context) error {
		if d := s.deployment("it"); d.Status.ReadyReplicas != 2 {
			return fmt.Errorf("%d are", d.Status.ReadyReplicas)
		}
		return nil
	})
	s.must("", "patch", "deployment/it", "-p", `{"spec":{"progressDeadlineSeconds":5}}`)
}

// told is one event of a workload, as far as its health is read from it.
type told struct {
	After      string         `json:"after"`
	Generation int64          `json:"generation"`
	Spec       map[string]any `json:"spec"`
	Status     map[string]any `json:"status"`
}

// What the updater reads of a rollout is what real controllers write, in the order in
// which they do. With -record the statuses are kept for the tests of the updater.
func TestRolloutsAsTheirControllersTellThem(t *testing.T) {
	for name, p := range rolloutsOfControllers() {
		t.Run(name, func(t *testing.T) {
			s := makeSpace(t, nil)
			kind := map[string]string{"deployments": "Deployment", "statefulsets": "StatefulSet", "daemonsets": "DaemonSet"}[p.resource]
			s.must(s.it(kind, p.spec), "apply", "-f", "-")
			if !strings.Contains(p.spec, "OnDelete") {
				s.must("", "rollout", "status", p.resource+"/it", "--timeout=60s")
			}
			if p.before != nil {
				p.before(s)
			}
			events := s.follow(p)
			var seen []string
			for _, e := range events {
				if phase := e.phase(kind).String(); len(seen) == 0 || seen[len(seen)-1] != phase {
					seen = append(seen, phase)
				}
			}
			if got := strings.Join(seen, " "); got != p.path {
				t.Errorf("the phases are %s, want %s", got, p.path)
			}
			if *results != "" {
				keep(t, filepath.Join(*results, name+".jsonl"), kind, events)
			}
		})
	}
}

// it is a workload without a policy.
func (s *space) it(kind, spec string) string {
	if kind == "StatefulSet" {
		spec = "serviceName: it\n  " + spec
	}
	return fmt.Sprintf(`apiVersion: apps/v1
kind: %s
metadata: {name: it}
spec:
  %s
  selector: {matchLabels: {app: it}}
  template:
    metadata: {labels: {app: it}}
    spec: {containers: [{name: web, image: %q}]}
`, kind, spec, s.image+":1.2.0")
}

// follow moves a workload, and returns its events from the answer to the move on until
// the last phase.
func (s *space) follow(p phases) []told {
	s.t.Helper()
	client, err := dynamic.NewForConfig(s.RESTConfig())
	if err != nil {
		s.t.Fatal(err)
	}
	objects := client.Resource(schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: p.resource}).Namespace(s.name)
	was, err := objects.Get(s.t.Context(), "it", metav1.GetOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	watch, err := objects.Watch(s.t.Context(), metav1.ListOptions{ResourceVersion: was.GetResourceVersion(), FieldSelector: "metadata.name=it"})
	if err != nil {
		s.t.Fatal(err)
	}
	defer watch.Stop()
	s.must("", "patch", p.resource+"/it", "-p", fmt.Sprintf(`{"spec":{"template":{"spec":{"containers":[{"name":"web","image":%q}]}}}}`, s.image+":"+p.image))
	want := strings.Fields(p.path)
	end := time.NewTimer(time.Minute)
	defer end.Stop()
	var events []told
	var began time.Time
	for {
		select {
		case event := <-watch.ResultChan():
			o, ok := event.Object.(*unstructured.Unstructured)
			if !ok || o.GetGeneration() == was.GetGeneration() {
				continue
			}
			if events = append(events, newTold(o, began)); len(events) == 1 {
				began = time.Now()
				events[0].After = "0s"
				if p.during != nil {
					p.during(s)
				}
			}
			if events[len(events)-1].phase(o.GetKind()).String() == want[len(want)-1] {
				return events
			}
		case <-end.C:
			s.t.Errorf("no %s after a minute", want[len(want)-1])
			return events
		}
	}
}

func newTold(o *unstructured.Unstructured, began time.Time) told {
	e := told{Generation: o.GetGeneration(), Spec: map[string]any{}, Status: map[string]any{}}
	if !began.IsZero() {
		e.After = time.Since(began).Round(10 * time.Millisecond).String()
	}
	few := func(from string, fields []string, into map[string]any) {
		for _, field := range fields {
			if value, ok, _ := unstructured.NestedFieldNoCopy(o.Object, from, field); ok {
				into[field] = value
			}
		}
	}
	few("spec", rollout.SpecFields, e.Spec)
	few("status", rollout.StatusFields, e.Status)
	if conditions, ok, _ := unstructured.NestedSlice(o.Object, "status", "conditions"); ok {
		for _, c := range conditions {
			condition, _ := c.(map[string]any)
			delete(condition, "message")
			delete(condition, "lastTransitionTime")
		}
		e.Status["conditions"] = conditions
	}
	return e
}

// phase is what the updater reads of the event.
func (e told) phase(kind string) rollout.Phase {
	o := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "apps/v1", "kind": kind, "spec": e.Spec, "status": e.Status}}
	o.SetGeneration(e.Generation)
	return rollout.Read(o).Phase
}

// keep writes events down, a line each.
func keep(t *testing.T, path, kind string, events []told) {
	t.Helper()
	var lines []byte
	for _, e := range events {
		line, err := json.Marshal(struct {
			Kind string `json:"kind"`
			told
		}{kind, e})
		if err != nil {
			t.Fatal(err)
		}
		lines = append(append(lines, line...), '\n')
	}
	if err := os.WriteFile(path, lines, 0o644); err != nil {
		t.Fatal(err)
	}
}
