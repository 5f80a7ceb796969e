package updater

import (
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/garboard-dev/garboard/internal/workload"
)

// followsFirst is a bench with the first of a set, which soaks for half an hour, and
// the move of one that follows it.
func followsFirst(t *testing.T) (*bench, *unstructured.Unstructured, *Move) {
	t.Helper()
	first := movedBefore(t, "apps/v1", "Deployment", time.Minute, deploymentStatus("3", "NewReplicaSetAvailable", noon))
	set(t, first, "shop first for 30m", "metadata", "annotations", "garboard.dev/canary")
	b := newBench(t, Pace{}, first)
	rest := first.DeepCopy()
	rest.SetName("rest")
	return b, first, &Move{
		Workload: b.workloadOf(t, rest), Container: "c", Repository: repository, To: workload.Result{Tag: "1.2.7"},
		Rule: &workload.Rule{Canary: workload.Canary{Set: "shop"}},
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
			b, first, move := followsFirst(t)
			open := 0
			for minute := range 120 {
				b.status(t, first, deploymentStatus(test.ready(minute), "NewReplicaSetAvailable", noon))
				if test.heard {
					b.event(t, b.objects["web"])
				}
				if (canaryGate{b.Updater}).Judge(t.Context(), move).Open() {
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
		b, first, move := followsFirst(t)
		set(t, first, replicas, "spec", "replicas")
		if replicas == 0 {
			b.status(t, first, `{observedGeneration: 4, conditions: [{type: Available, status: "True"}, {type: Progressing, status: "True", reason: NewReplicaSetAvailable, lastUpdateTime: "2026-01-04T12:00:00Z"}]}`)
		}
		b.clock.Step(time.Hour)
		verdict := canaryGate{b.Updater}.Judge(t.Context(), move)
		if verdict.Open() != want || !want && !strings.Contains(verdict.Message, "has no Pods") {
			t.Errorf("with %d replicas it is open: %t (%s)", replicas, verdict.Open(), verdict.Message)
		}
	}
}
