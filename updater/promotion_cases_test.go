package updater

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/garboard-dev/garboard/internal/workload/record"
	"github.com/garboard-dev/garboard/updater/report"
)

// Why a workload waits for another is told in words, and it waits.
func TestWhatComesFirstIsTold(t *testing.T) {
	a, z := "@"+digestOf("a"), "@"+digestOf("f")
	for name, test := range map[string]struct {
		staging string // its image; "" is none
		more    []string
		after   string
		change  func(*testing.T, *unstructured.Unstructured)
		want    string // what prod waits for; "" where it runs 1.3.0
		prod    []string
	}{
		"it has run for a year":     {staging: "1.3.0"},
		"it was rolled back":        {staging: "1.2.0", more: []string{"hold: c=1.3.0"}, want: "shop/deployment/staging was rolled back from 1.3.0"},
		"it is gone":                {want: "shop/deployment/staging is not there"},
		"it is left alone":          {staging: "1.3.0", more: []string{"policy: never"}, want: "shop/deployment/staging is not governed: it has no policy for " + repository},
		"it has another repository": {staging: "1.3.0", change: container("example.com/other:1.3.0"), want: "shop/deployment/staging has no image of " + repository},
		"it runs several versions":  {staging: "1.3.0", change: container(repository+":1.3.0", repository+":1.2.0"), want: "shop/deployment/staging runs several versions of " + repository},
		"its namespace has not opted in": {
			staging: "1.3.0", after: "closed/deployment/staging for 1h", want: "closed/deployment/staging is in a namespace that is not there or has not opted in",
		},
		"it is of a kind that is not followed": {
			staging: "1.3.0", after: "shop/cloneset.apps.kruise.io/staging for 1h", want: "shop/cloneset.apps.kruise.io/staging is of a kind that the updater does not follow",
		},
		"it is to have no Pods": {staging: "1.3.0", change: func(t *testing.T, o *unstructured.Unstructured) {
			set(t, o, int64(0), "spec", "replicas")
			set(t, o, map[string]any{"observedGeneration": int64(4)}, "status")
		}, want: "shop/deployment/staging runs 1.3.0, and has no Pods"},
		"it had too few Pods a while ago": {staging: "1.3.0", change: func(t *testing.T, o *unstructured.Unstructured) {
			conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
			conditions[0].(map[string]any)["lastTransitionTime"] = noon.Add(-20 * time.Minute).Format(time.RFC3339)
			set(t, o, conditions, "status", "conditions")
		}, want: "shop/deployment/staging has been healthy with 1.3.0 since Sun 2026-01-04 11:40:00 UTC, and has to be for 1h, until Sun 2026-01-04 12:40:00 UTC"},
		"each waits for the other": {
			staging: "1.3.0", more: []string{"after: shop/deployment/prod for 1h"},
			want: "shop/deployment/staging waits for this workload in turn, a circle: shop/deployment/prod after shop/deployment/staging after shop/deployment/prod",
		},
		"one of two has run it": {
			staging: "1.3.0", after: "shop/deployment/staging for 1h, shop/deployment/dev for 1h", want: "shop/deployment/dev is not there",
		},
		"it has run the image that the tag leads to": {staging: "1.3.0" + a, prod: []string{"pin: digest"}},
		"it has run another image under the tag": {
			staging: "1.3.0" + z, want: "shop/deployment/staging ran another image under 1.3.0 than the one that the tag leads to by now", prod: []string{"pin: digest"},
		},
		"which image it has run is not known": {
			staging: "1.3.0", want: "shop/deployment/staging runs 1.3.0 without its digest, which is what has to agree: set pin: digest there", prod: []string{"pin: digest"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			after := test.after
			if after == "" {
				after = "shop/deployment/staging for 1h"
			}
			objects := []*unstructured.Unstructured{stage(t, "prod", "1.2.0", append(test.prod, "after: "+after)...)}
			if test.staging != "" {
				objects = append(objects, stage(t, "staging", test.staging, append(test.more, "trigger: push")...))
			}
			if test.change != nil {
				test.change(t, objects[1])
			}
			b := promoting(t, shelf{"1.2.0": digestOf("0"), "1.3.0": digestOf("a")}, objects...)
			if err := b.poller.Poll(t.Context(), repository); err != nil {
				t.Fatal(err)
			}
			for b.mover.Queue.Len() > 0 {
				b.mover.Work(t.Context())
			}
			if test.want == "" {
				if got := b.image(t, b.objects["prod"]); !strings.HasPrefix(got, repository+":1.3.0") {
					t.Errorf("it runs %s", got)
				}
				return
			}
			b.wantTag(t, "prod", "1.2.0")
			if s := b.standing(t, "prod"); s.Reason != report.WaitUpstream || s.Message != test.want {
				t.Errorf("it waits (%s) since %s\nwant %s", s.Reason, s.Message, test.want)
			}
		})
	}
}

// container replaces the containers of a workload.
func container(images ...string) func(*testing.T, *unstructured.Unstructured) {
	return func(t *testing.T, o *unstructured.Unstructured) {
		var all []any
		for i, image := range images {
			all = append(all, map[string]any{"name": string(rune('c' + i)), "image": image})
		}
		set(t, o, all, "spec", "template", "spec", "containers")
	}
}

// What has soaked is taken though something newer is on its way, and each breakdown begins
// the time anew.
func TestHighestThatHasSoakedIsTaken(t *testing.T) {
	for name, test := range map[string]struct {
		play func(*testing.T, *bench, shelf)
		want string
	}{
		"versions come faster than the time": {func(t *testing.T, b *bench, has shelf) {
			b.passes(t, 2*time.Hour)
			for _, next := range []string{"1.3.1", "1.3.2", "1.3.3"} {
				has[next] = digestOf("b")
				b.passes(t, 30*time.Minute)
			}
		}, "1.3.0"},
		"its Pods break each half an hour": {func(t *testing.T, b *bench, _ shelf) {
			for range 6 {
				b.passes(t, 30*time.Minute)
				b.minute(t, "staging")
			}
		}, "1.2.0"},
		"its Pods break once": {func(t *testing.T, b *bench, _ shelf) {
			b.passes(t, 30*time.Minute)
			b.minute(t, "staging")
			b.passes(t, 70*time.Minute)
		}, "1.3.0"},
		"an autoscaler asks for more": {func(t *testing.T, b *bench, _ shelf) {
			b.passes(t, 30*time.Minute)
			staging := b.objects["staging"]
			set(t, staging, int64(5), "spec", "replicas")
			staging.SetGeneration(staging.GetGeneration() + 1)
			b.event(t, staging) // its controller has not seen it
			b.status(t, staging, healthy3(int(staging.GetGeneration()), noon.AddDate(-1, 0, 0)))
			b.event(t, staging) // three of five are there
			b.passes(t, 35*time.Minute)
		}, "1.3.0"},
		"it is rolled back after its time, before the window opens": {func(t *testing.T, b *bench, _ shelf) {
			annotate(b, "prod", "garboard.dev/window", "0 23 * * * for 1h")
			b.passes(t, 2*time.Hour)
			back(t, b, "staging", "1.2.0")
			b.passes(t, 10*time.Hour)
		}, "1.2.0"},
		"it moves on, before the window opens": {func(t *testing.T, b *bench, has shelf) {
			annotate(b, "prod", "garboard.dev/window", "0 14 * * * for 1h")
			b.passes(t, 110*time.Minute)
			has["1.3.1"] = digestOf("b")
			b.passes(t, 20*time.Minute)
		}, "1.3.0"},
	} {
		t.Run(name, func(t *testing.T) {
			has := shelf{"1.2.0": digestOf("0")}
			b := promoting(t, has, stage(t, "staging", "1.2.0"), stage(t, "prod", "1.2.0", "after: shop/deployment/staging for 1h"))
			b.passes(t, 2*time.Minute)
			has["1.3.0"] = digestOf("a")
			b.passes(t, 2*time.Minute)
			b.wantTag(t, "staging", "1.3.0")
			test.play(t, b, has)
			b.wantTag(t, "prod", test.want)
		})
	}
}

// A new leader reads from a Deployment how long it has run what it runs.
func TestNewLeaderKnowsHowLongAVersionHasSoaked(t *testing.T) {
	staging := stage(t, "staging", "1.3.0")
	set(t, staging, object(t, "{apiVersion: v1, kind: Any, status: "+healthy3(4, noon.Add(-40*time.Minute))+"}").Object["status"], "status")
	b := promoting(t, shelf{"1.2.0": digestOf("0"), "1.3.0": digestOf("a")},
		staging, stage(t, "prod", "1.2.0", "after: shop/deployment/staging for 1h"))
	b.passes(t, 19*time.Minute)
	b.wantTag(t, "prod", "1.2.0")
	b.passes(t, 3*time.Minute)
	b.wantTag(t, "prod", "1.3.0")
}

// The status of a StatefulSet does not tell since when it has run its version; its Pods do.
func TestNewLeaderReadsFromPodsHowLongAVersionHasSoaked(t *testing.T) {
	pod := func(record string, ready time.Duration) corev1.Pod {
		p := corev1.Pod{}
		p.Annotations = map[string]string{"garboard.dev/resolved": record}
		p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(noon.Add(-ready))}}
		return p
	}
	notReady := pod("c=1.3.0", 3*time.Hour)
	notReady.Status.Conditions[0].Status = corev1.ConditionFalse
	for name, test := range map[string]struct {
		pods []corev1.Pod
		want int // minutes until it moves
	}{
		"all have been ready for long enough": {[]corev1.Pod{pod("c=1.3.0", 2*time.Hour), pod("c=1.3.0", 3*time.Hour)}, 0},
		"one for less time":                   {[]corev1.Pod{pod("c=1.3.0", 2*time.Hour), pod("c=1.3.0", 40*time.Minute)}, 20},
		"one is of an earlier version":        {[]corev1.Pod{pod("c=1.3.0", 2*time.Hour), pod("c=1.2.0", 3*time.Hour)}, 60},
		"one is not ready":                    {[]corev1.Pod{pod("c=1.3.0", 2*time.Hour), notReady}, 60},
		"there are none":                      {nil, 60},
	} {
		t.Run(name, func(t *testing.T) {
			staging := stage(t, "staging", "1.3.0", "trigger: push")
			staging.SetKind("StatefulSet")
			set(t, staging, object(t, "{apiVersion: v1, kind: Any, status: {observedGeneration: 4, replicas: 3, readyReplicas: 3, availableReplicas: 3, currentReplicas: 3, updatedReplicas: 3, currentRevision: a, updateRevision: a}}").Object["status"], "status")
			b := promoting(t, shelf{"1.2.0": digestOf("0"), "1.3.0": digestOf("a")}, staging, stage(t, "prod", "1.2.0", "after: shop/statefulset/staging for 1h"))
			b.pods = test.pods
			moved := 0
			for ; moved < 120 && strings.HasSuffix(b.image(t, b.objects["prod"]), ":1.2.0"); moved++ {
				if err := b.poller.Poll(t.Context(), repository); err != nil {
					t.Fatal(err)
				}
				for b.mover.Queue.Len() > 0 {
					b.mover.Work(t.Context())
				}
				b.clock.Step(time.Minute)
			}
			if moved-1 != test.want || b.lists > 1 {
				t.Errorf("it moves after %d minutes and %d reads of Pods, want %d and one", moved-1, b.lists, test.want)
			}
		})
	}
}

// It is looked at when its time is over, not when the registry is polled next.
func TestWhatHasSoakedIsLookedForAtOnce(t *testing.T) {
	b := promoting(t, shelf{"1.2.0": digestOf("0"), "1.3.0": digestOf("a")},
		stage(t, "staging", "1.2.0"), stage(t, "prod", "1.2.0", "after: shop/deployment/staging for 1h", "pollSchedule: @daily"))
	b.passes(t, 2*time.Minute)
	if last := b.polled.last(); last != time.Hour {
		t.Errorf("the repository is read again in %s", last)
	}
}

// back takes a workload back, as admission does for the updater.
func back(t *testing.T, b *bench, name, tag string) {
	t.Helper()
	o := b.objects[name]
	if err := takesBack(record.Record{"c": {Tag: tag}})(o, false); err != nil {
		t.Fatal(err)
	}
	b.event(t, o)
}

func annotate(b *bench, name, key, value string) {
	annotations := b.objects[name].GetAnnotations()
	annotations[key] = value
	b.objects[name].SetAnnotations(annotations)
}
