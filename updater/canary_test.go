package updater

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/updater/move"
)

// followsFirst is a bench with the first of a set, which soaks for half an hour, and
// the move of one that follows it.
func followsFirst(t *testing.T) (*bench, *unstructured.Unstructured, *move.Move) {
	t.Helper()
	first := movedBefore(t, "apps/v1", "Deployment", time.Minute, deploymentStatus("3", "NewReplicaSetAvailable", noon))
	set(t, first, "shop first for 30m", "metadata", "annotations", "garboard.dev/canary")
	b := newBench(t, move.Pace{}, first)
	rest := first.DeepCopy()
	rest.SetName("rest")
	return b, first, &move.Move{
		Workload: b.workloadOf(t, rest), Container: "c", Repository: repository, To: record.Result{Tag: "1.2.7"},
		Rule: &settings.Rule{Canary: settings.Canary{Set: "shop"}},
	}
}

// A version that crashes every few minutes is ready in between, and the Deployment's
// own condition says that its rollout was complete: the set must not follow it.
func TestCanaryThatFlapsDoesNotPassItsSoak(t *testing.T) {
	for name, test := range map[string]struct {
		ready func(minute int) string
		heard bool // its events come in, or it is seen by the gate alone
		want  int  // the minute in which the rest follows; 0 is not within two hours
	}{
		"healthy all the time":                     {func(int) string { return "3" }, false, 30},
		"ready every third minute":                 {func(m int) string { return map[bool]string{true: "3", false: "2"}[m%3 == 0] }, false, 0},
		"ready every third minute, with its event": {func(m int) string { return map[bool]string{true: "3", false: "2"}[m%3 == 0] }, true, 0},
		"not ready once, after ten minutes":        {func(m int) string { return map[bool]string{true: "2", false: "3"}[m == 10] }, false, 41},
	} {
		t.Run(name, func(t *testing.T) {
			b, first, m := followsFirst(t)
			open := 0
			for minute := range 120 {
				b.status(t, first, deploymentStatus(test.ready(minute), "NewReplicaSetAvailable", noon))
				if test.heard {
					b.event(t, b.objects["web"])
				}
				if b.mover.Judge(t.Context(), m).Open() {
					open = minute
					break
				}
				b.clock.Step(time.Minute)
			}
			if open != test.want {
				t.Errorf("the rest follows after %d minutes, want %d", open, test.want)
			}
		})
	}
}

// No Pod has run the version: that nothing of it is broken says nothing.
func TestCanaryWithoutPodsLetsNobodyFollow(t *testing.T) {
	for replicas, want := range map[int64]bool{0: false, 3: true} {
		b, first, m := followsFirst(t)
		set(t, first, replicas, "spec", "replicas")
		if replicas == 0 {
			b.status(t, first, `{observedGeneration: 4, conditions: [{type: Available, status: "True"}, {type: Progressing, status: "True", reason: NewReplicaSetAvailable, lastUpdateTime: "2026-01-04T12:00:00Z"}]}`)
		}
		b.clock.Step(time.Hour)
		verdict := b.mover.Judge(t.Context(), m)
		if verdict.Open() != want || !want && !strings.Contains(verdict.Message, "has no Pods") {
			t.Errorf("with %d replicas it is open: %t (%s)", replicas, verdict.Open(), verdict.Message)
		}
	}
}

// A StatefulSet whose partition keeps Pods as they are has not run the version, however
// healthy it is.
func TestCanaryWithAPartitionLetsNobodyFollow(t *testing.T) {
	first := movedBefore(t, "apps/v1", "StatefulSet", time.Minute,
		`{observedGeneration: 4, replicas: 3, readyReplicas: 3, availableReplicas: 3, currentReplicas: 3, updatedReplicas: 0, currentRevision: a, updateRevision: b}`)
	set(t, first, "shop first for 30m", "metadata", "annotations", "garboard.dev/canary")
	for partition, status := range map[int64]string{
		3: `{observedGeneration: 4, replicas: 3, readyReplicas: 3, availableReplicas: 3, currentReplicas: 3, updatedReplicas: 0, currentRevision: a, updateRevision: b}`,
		2: `{observedGeneration: 4, replicas: 3, readyReplicas: 3, availableReplicas: 3, currentReplicas: 2, updatedReplicas: 1, currentRevision: a, updateRevision: b}`,
		0: `{observedGeneration: 4, replicas: 3, readyReplicas: 3, availableReplicas: 3, currentReplicas: 3, updatedReplicas: 3, currentRevision: b, updateRevision: b}`,
	} {
		first := first.DeepCopy()
		set(t, first, map[string]any{"partition": partition}, "spec", "updateStrategy", "rollingUpdate")
		b := newBench(t, move.Pace{}, first)
		b.status(t, first, status)
		rest := first.DeepCopy()
		rest.SetName("rest")
		m := &move.Move{
			Workload: b.workloadOf(t, rest), Container: "c", Repository: repository, To: record.Result{Tag: "1.2.7"},
			Rule: &settings.Rule{Canary: settings.Canary{Set: "shop"}},
		}
		b.mover.Judge(t.Context(), m)
		b.clock.Step(time.Hour)
		if verdict := b.mover.Judge(t.Context(), m); verdict.Open() != (partition == 0) {
			t.Errorf("with a partition of %d it is open: %t (%s)", partition, verdict.Open(), verdict.Message)
		}
	}
}

// Versions that come faster than the soak would keep the rest of a set where it is for
// ever, if the first took each of them at once.
func TestCanarySetMovesThoughVersionsComeFasterThanItsSoak(t *testing.T) {
	b := newBench(t, move.Pace{})
	member := func(name, canary string) *unstructured.Unstructured {
		o := running(t)
		o.SetName(name)
		annotations := o.GetAnnotations()
		annotations["garboard.dev/canary"] = canary
		o.SetAnnotations(annotations)
		b.objects[name] = o
		b.event(t, o)
		return o
	}
	first, rest := member("first", "shop first for 30m"), member("rest", "shop")
	b.admits()
	var ran []string
	for minute := range 240 {
		newest := fmt.Sprintf("1.3.%d", minute/20)
		for _, o := range []*unstructured.Unstructured{first, rest} {
			if b.images(t, o) != newest+" 2.0.0" {
				b.finds(t, o, newest)
			}
			now := b.objects[o.GetName()]
			b.status(t, o, healthy3(int(now.GetGeneration()), b.clock.Now().Truncate(time.Minute)))
			b.event(t, now)
			b.look(t, o)
		}
		if now := b.images(t, rest); len(ran) == 0 || ran[len(ran)-1] != now {
			ran = append(ran, now)
		}
		b.clock.Step(time.Minute)
	}
	if len(ran) < 5 {
		t.Errorf("in four hours the rest ran %q, and the first ends with %s", ran, b.images(t, first))
	}
}

// A webhook that takes a bump for a hint, since it trusts another account, would move
// the rest to what the first has not run.
func TestCanarysRestIsNotMovedPastItsFirst(t *testing.T) {
	o := running(t)
	o.SetAnnotations(map[string]string{"garboard.dev/policy": "major", "garboard.dev/canary": "shop"})
	b := newBench(t, move.Pace{}, o)
	first := running(t)
	first.SetName("first")
	first.SetAnnotations(map[string]string{"garboard.dev/policy": "major", "garboard.dev/canary": "shop first for 0s"})
	set(t, first, []any{map[string]any{"name": "c", "image": repository + ":1.3.0"}}, "spec", "template", "spec", "containers")
	b.objects["first"] = first
	b.event(t, first)
	for tag, want := range map[string]string{"1.4.0": "1.2.7 2.0.0", "1.3.0": "1.3.0 2.0.0"} {
		b.objects["web"] = o.DeepCopy()
		b.answer = admits(tag)
		b.finds(t, o, "1.3.0")
		if got := b.images(t, o); got != want {
			t.Errorf("where admission would move it to %s it runs %s, want %s", tag, got, want)
		}
	}
}

// admits has admission move the first container to what a bump names.
func (b *bench) admits() {
	b.answer = func(o *unstructured.Unstructured, dry bool) error {
		last := b.patches[len(b.patches)-1]
		_, target, _ := strings.Cut(last, `"c=`)
		tag, _, _ := strings.Cut(target, `"`)
		tag, _, _ = strings.Cut(tag, `,`)
		return admits(tag)(o, dry)
	}
}
