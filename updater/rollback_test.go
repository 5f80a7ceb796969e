package updater

import (
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/updater/move"
	"github.com/garboard-dev/garboard/updater/report"
	"github.com/garboard-dev/garboard/updater/rollout"
)

// running is a workload "web" whose containers c and d are well at 1.2.7 and 2.0.0, and
// of which no history is known.
func running(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	o := movedBefore(t, "apps/v1", "Deployment", time.Hour, complete3(noon.Add(-time.Hour)))
	o.SetAnnotations(map[string]string{"garboard.dev/policy": "major", "garboard.dev/rollback": "auto"})
	containers, _, _ := unstructured.NestedSlice(o.Object, "spec", "template", "spec", "containers")
	containers = append(containers, map[string]any{"name": "d", "image": repository + ":2.0.0"})
	if err := unstructured.SetNestedSlice(o.Object, containers, "spec", "template", "spec", "containers"); err != nil {
		t.Fatal(err)
	}
	return o
}

// admitted has a poll find tags, and admission make them.
func (b *bench) admitted(t *testing.T, o *unstructured.Unstructured, tags ...string) {
	t.Helper()
	b.answer = admits(tags...)
	b.finds(t, o, tags...)
	b.answer = nil
	b.event(t, b.objects[o.GetName()])
}

func (b *bench) images(t *testing.T, o *unstructured.Unstructured) string {
	t.Helper()
	var tags []string
	for _, slot := range b.workloadOf(t, b.objects[o.GetName()]).Slots() {
		tags = append(tags, strings.TrimPrefix(slot.Image, repository+":"))
	}
	return strings.Join(tags, " ")
}

// A hasty fix that is broken, too, is what a way back by one step leads to.
func TestWayBackReturnsToWhatWasHealthyLast(t *testing.T) {
	for name, test := range map[string]struct {
		play func(*testing.T, *bench, *unstructured.Unstructured)
		want string
	}{
		"one broken version": {func(t *testing.T, b *bench, o *unstructured.Unstructured) {
			b.admitted(t, o, "1.3.0", "2.0.0")
			b.status(t, o, exceeded3(5, noon.Add(time.Minute)))
		}, "1.2.7 2.0.0"},
		"two broken versions": {func(t *testing.T, b *bench, o *unstructured.Unstructured) {
			b.admitted(t, o, "1.3.0", "2.0.0")
			b.clock.Step(time.Minute)
			b.admitted(t, o, "1.4.0", "2.0.0")
			b.status(t, o, exceeded3(6, noon.Add(2*time.Minute)))
		}, "1.2.7 2.0.0"},
		"a broken one, and another container meanwhile": {func(t *testing.T, b *bench, o *unstructured.Unstructured) {
			b.admitted(t, o, "1.3.0", "2.0.0")
			b.clock.Step(time.Minute)
			b.admitted(t, o, "1.3.0", "2.0.1")
			b.status(t, o, exceeded3(6, noon.Add(2*time.Minute)))
		}, "1.2.7 2.0.0"},
		"a good one before the broken one": {func(t *testing.T, b *bench, o *unstructured.Unstructured) {
			b.admitted(t, o, "1.3.0", "2.0.0")
			b.status(t, o, healthy3(5, noon.Add(time.Minute)))
			b.event(t, b.objects["web"])
			b.wait(t, o, time.Minute)
			b.wait(t, o, 10*time.Minute)
			b.event(t, b.objects["web"])
			b.admitted(t, o, "1.4.0", "2.0.0")
			b.status(t, o, exceeded3(6, noon.Add(20*time.Minute)))
		}, "1.3.0 2.0.0"},
		"a good one a moment before the broken one": {func(t *testing.T, b *bench, o *unstructured.Unstructured) {
			b.admitted(t, o, "1.3.0", "2.0.0")
			b.status(t, o, healthy3(5, noon.Add(time.Minute)))
			b.event(t, b.objects["web"])
			b.wait(t, o, time.Minute)
			b.admitted(t, o, "1.4.0", "2.0.0")
			b.status(t, o, exceeded3(6, noon.Add(3*time.Minute)))
		}, "1.3.0 2.0.0"},
		"one that was good for a moment, and then broke": {func(t *testing.T, b *bench, o *unstructured.Unstructured) {
			b.admitted(t, o, "1.3.0", "2.0.0")
			b.status(t, o, healthy3(5, noon.Add(time.Minute)))
			b.event(t, b.objects["web"])
			b.wait(t, o, time.Minute)
			b.status(t, o, strings.Replace(deploymentStatus("1", "ReplicaSetUpdated", noon), "observedGeneration: 4", "observedGeneration: 5", 1))
			b.event(t, b.objects["web"])
			b.admitted(t, o, "1.4.0", "2.0.0")
			b.status(t, o, exceeded3(6, noon.Add(3*time.Minute)))
		}, "1.2.7 2.0.0"},
		"one that was good, and then was short of a Pod": {func(t *testing.T, b *bench, o *unstructured.Unstructured) {
			b.status(t, o, deploymentStatus("2", "NewReplicaSetAvailable", noon.Add(-time.Hour)))
			b.event(t, b.objects["web"])
			b.admitted(t, o, "1.3.0", "2.0.0")
			b.status(t, o, exceeded3(5, noon.Add(time.Minute)))
			set(t, b.objects["web"], int64(1), "status", "availableReplicas")
		}, "1.2.7 2.0.0"},
	} {
		t.Run(name, func(t *testing.T) {
			o := running(t)
			b := newBench(t, move.Pace{}, o)
			test.play(t, b, o)
			b.wait(t, o, 30*time.Minute)
			if got := b.images(t, o); got != test.want {
				t.Errorf("it runs %s, want %s", got, test.want)
			}
			if b.told.of(report.ReasonRolledBack) != 1 {
				t.Errorf("people were told %+v", b.told.notices)
			}
		})
	}
}

// Where nothing is known to have been healthy, a way back could lead anywhere.
func TestNothingIsTakenBackToWhatWasNeverHealthy(t *testing.T) {
	o := running(t)
	set(t, o, object(t, "{apiVersion: v1, kind: Any, status: "+exceeded3(4, noon.Add(-time.Hour))+"}").Object["status"], "status")
	b := newBench(t, move.Pace{}, o)
	b.admitted(t, o, "1.3.0", "2.0.0")
	b.status(t, o, exceeded3(5, noon.Add(time.Minute)))
	b.wait(t, o, 10*time.Minute)
	b.wait(t, o, 10*time.Minute)
	if got := b.images(t, o); got != "1.3.0 2.0.0" {
		t.Errorf("it runs %s", got)
	}
	if b.told.of(report.ReasonRolloutFailed) != 1 || b.told.of(report.ReasonNotRolledBack) != 1 || b.told.of(report.ReasonRolledBack) != 0 {
		t.Errorf("people were told %+v", b.told.notices)
	}
}

// A leader that was started after both moves knows what was healthy from the workload.
func TestNewLeaderReturnsToWhatWasHealthyLast(t *testing.T) {
	o := movedBefore(t, "apps/v1", "Deployment", time.Minute, deploymentStatus("2", "ReplicaSetUpdated", noon))
	annotations := o.GetAnnotations()
	annotations["garboard.dev/state"] = strings.Replace(annotations["garboard.dev/state"], `"healthy":"1.2.6"`, `"healthy":"1.2.0"`, 1)
	o.SetAnnotations(annotations)
	b := newBench(t, move.Pace{}, o)
	b.takeOver(t)
	b.status(t, o, exceeded3(4, noon))
	b.wait(t, o, time.Minute)
	if got := b.image(t, o); got != repository+":1.2.0" {
		t.Errorf("it runs %s", got)
	}
}

// An updater that writes images owns them, and every server-side apply after it
// conflicts.
func TestWayBackIsABump(t *testing.T) {
	o := running(t)
	o.SetResourceVersion("7")
	b := newBench(t, move.Pace{}, o)
	b.admitted(t, o, "1.3.0", "2.0.0")
	b.status(t, o, exceeded3(5, noon.Add(time.Minute)))
	b.wait(t, o, 2*time.Minute)
	want := []string{
		`{"metadata":{"uid":"1"},"spec":{"template":{"metadata":{"annotations":{"garboard.dev/bump":"c=1.3.0,d=2.0.0,healthy/c=1.2.7,healthy/d=2.0.0"}}}}}`,
		`{"metadata":{"resourceVersion":"7","uid":"1"},"spec":{"template":{"metadata":{"annotations":{"garboard.dev/bump":"back/c=1.2.7"}}}}}`,
	}
	want = []string{want[0], want[0], want[1], want[1]} // each as a dry run first
	if strings.Join(b.patches, "\n") != strings.Join(want, "\n") {
		t.Errorf("patches:\n%s\nwant:\n%s", strings.Join(b.patches, "\n"), strings.Join(want, "\n"))
	}
}

// A webhook that is away, or trusts another account, makes no way back, and must not
// store what is left of one.
func TestWayBackThatAdmissionDoesNotMake(t *testing.T) {
	for name, test := range map[string]struct {
		answer func(*unstructured.Unstructured, bool) error
		want   string
	}{
		"it takes the bump off": {func(*unstructured.Unstructured, bool) error { return nil }, "--updater-account"},
		"it was not asked": {func(o *unstructured.Unstructured, _ bool) error {
			return unstructured.SetNestedField(o.Object, "back/c=1.2.7", "spec", "template", "metadata", "annotations", "garboard.dev/bump")
		}, "admission was not asked"},
		"it moves forward instead": {admits("1.9.0", "2.0.0"), "--updater-account"},
	} {
		t.Run(name, func(t *testing.T) {
			o := running(t)
			b := newBench(t, move.Pace{}, o)
			b.admitted(t, o, "1.3.0", "2.0.0")
			b.status(t, o, exceeded3(5, noon.Add(time.Minute)))
			b.answer, b.writes = test.answer, 0
			b.wait(t, o, 2*time.Minute)
			b.wait(t, o, rollout.RetryAfter)
			if got := b.images(t, o); got != "1.3.0 2.0.0" || b.writes != 2 {
				t.Errorf("it runs %s after %d writes, want two dry runs", got, b.writes)
			}
			last := b.told.notices[len(b.told.notices)-1]
			if b.told.of(report.ReasonNotRolledBack) != 1 || !strings.Contains(last.Text, test.want) {
				t.Errorf("people were told %+v", b.told.notices)
			}
		})
	}
}

// Who opts a namespace out, or switches the way back off, while a rollout fails does
// not want its images rewritten.
func TestWayBackGoesByTheSettingsOfItsMoment(t *testing.T) {
	annotate := func(key, value string) func(*bench) {
		return func(b *bench) {
			annotations := b.objects["web"].GetAnnotations()
			annotations[key] = value
			b.objects["web"].SetAnnotations(annotations)
		}
	}
	for name, test := range map[string]struct {
		change func(*bench)
		back   bool
		failed int
	}{
		"nothing changes":            {func(*bench) {}, true, 1},
		"the namespace is opted out": {func(b *bench) { b.optedOut = true }, false, 0},
		"rollback: off":              {annotate("garboard.dev/rollback", "off"), false, 1},
		"policy: never":              {annotate("garboard.dev/policy", "never"), false, 0},
		"healthTimeout: 1h":          {annotate("garboard.dev/healthTimeout", "1h"), false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			o := running(t)
			b := newBench(t, move.Pace{}, o)
			b.admitted(t, o, "1.3.0", "2.0.0")
			b.status(t, o, strings.Replace(deploymentStatus("2", "ReplicaSetUpdated", noon), "observedGeneration: 4", "observedGeneration: 5", 1))
			b.wait(t, o, time.Minute)
			test.change(b)
			b.wait(t, o, 15*time.Minute)
			if back := b.images(t, o) == "1.2.7 2.0.0"; back != test.back || b.told.of(report.ReasonRolloutFailed) != test.failed {
				t.Errorf("it runs %s, and people were told %+v", b.images(t, o), b.told.notices)
			}
		})
	}
}

// A bump that comes to nothing is nothing to see, where the webhook trusts another
// account: for ever.
func TestBumpThatAdmissionTakesOffIsToldOnce(t *testing.T) {
	o := running(t)
	b := newBench(t, move.Pace{}, o)
	for range 3 {
		b.finds(t, o, "1.3.0")
		b.clock.Step(10 * time.Minute)
	}
	if b.told.of(report.ReasonFailed) != 1 || !strings.Contains(b.told.notices[0].Text, "--updater-account") {
		t.Errorf("people were told %+v", b.told.notices)
	}
	if s := b.standing(t, "web"); s.State != report.StatePending || s.Reason != report.WaitDeclined {
		t.Errorf("it stands as %s %s", s.State, s.Reason)
	}
	b.admitted(t, o, "1.3.0", "2.0.0")
	if s := b.standing(t, "web"); s.State != report.StateRolling || s.Reason != "" {
		t.Errorf("after the move it stands as %s %s", s.State, s.Reason)
	}
}

// What another writer did meanwhile, and what was found an hour ago, explains itself.
func TestIdleBumpThatExplainsItselfIsNotTold(t *testing.T) {
	o := running(t)
	b := newBench(t, move.Pace{}, o)
	b.found(t, o, "1.3.0")
	b.clock.Step(time.Hour)
	b.mover.Try(t.Context(), keyIs(o))
	if len(b.told.notices) > 0 {
		t.Errorf("people were told %+v", b.told.notices)
	}
}

// An API server's refusal quotes the object: an Event and a chat have other readers.
func TestRefusalsTellNoValues(t *testing.T) {
	path := field.NewPath("spec", "template", "spec", "containers").Index(0).Child("env").Index(0).Child("value")
	webhook := apierrors.NewForbidden(schema.GroupResource{}, "web", nil)
	webhook.ErrStatus.Message = `admission webhook "policy.example.com" denied the request: password hunter2 is too short`
	away := apierrors.NewInternalError(quoting{})
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"an invalid value": {
			apierrors.NewInvalid(schema.GroupKind{Group: "apps", Kind: "Deployment"}, "web", field.ErrorList{field.Invalid(path, "hunter2", "too short")}),
			"the API server refused it (Invalid): spec.template.spec.containers[0].env[0].value (FieldValueInvalid)",
		},
		"a webhook of others":       {webhook, `the admission webhook "policy.example.com" refused it`},
		"a webhook that is away":    {away, `the webhook "mutate.garboard.dev" did not answer`},
		"a conflict":                {apierrors.NewConflict(schema.GroupResource{}, "web", quoting{}), "the API server refused it (Conflict)"},
		"a status without a reason": {&apierrors.StatusError{ErrStatus: metav1.Status{Message: "hunter2"}}, "the API server refused it"},
	} {
		t.Run(name, func(t *testing.T) {
			o := running(t)
			b := newBench(t, move.Pace{}, o)
			b.answer = func(*unstructured.Unstructured, bool) error { return test.err }
			b.finds(t, o, "1.3.0")
			if b.told.of(report.ReasonFailed) != 1 || b.told.notices[0].Text != "could not be updated: "+test.want {
				t.Errorf("people were told %+v, want %q", b.told.notices, test.want)
			}
			if event := <-b.events.Events; !strings.HasSuffix(event, "bumping: "+test.want) {
				t.Errorf("the Event is %q, want %q in it", event, test.want)
			}
		})
	}
}

// quoting is an error that quotes what it should not.
type quoting struct{}

func (quoting) Error() string {
	return `failed calling webhook "mutate.garboard.dev": hunter2`
}

// A watch that was broken shows a workload that was deleted and created anew as an
// update: what is known of the former one is not the new one's.
func TestRecreatedWorkloadIsAnother(t *testing.T) {
	b, first, follower := followsFirst(t)
	b.clock.Step(20 * time.Minute)
	kind := b.workloadOf(t, first).Kind
	b.found(t, first, "1.2.9")
	anew := first.DeepCopy()
	anew.SetUID("2")
	set(t, anew, object(t, "{apiVersion: v1, kind: Any, status: "+deploymentStatus("3", "ReplicaSetUpdated", b.clock.Now())+"}").Object["status"], "status")
	b.objects["web"] = anew
	b.handler(t.Context(), kind).OnUpdate(first, anew)
	if waiting, _ := b.mover.Waiting(keyIs(first)); len(waiting) > 0 {
		t.Errorf("the former one's moves wait for the new one: %v", waiting)
	}
	for _, step := range []struct {
		wait time.Duration
		open bool
	}{{29 * time.Minute, false}, {time.Minute, true}} {
		b.clock.Step(step.wait)
		if verdict := b.mover.Judge(t.Context(), follower); verdict.Open() != step.open {
			t.Errorf("the rest follows %t: %s", verdict.Open(), verdict.Message)
		}
	}
	if healthy, _ := b.report.Healthy(keyIs(first), "c"); healthy != (record.Result{Tag: "1.2.7"}) {
		t.Errorf("%s is known to be healthy", healthy)
	}
}
