package history

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/record"
)

const app = "example.com/app"

// deployment runs an image in the container web, with a state of results that
// all answer the source app:1.2.0, and a hold.
func deployment(runs, hold string, results ...string) *workload.Object {
	past := make([]record.Past, 0, len(results))
	for _, result := range results {
		past = append(past, record.Past{Result: result, From: app + ":1.2.0", Repository: app})
	}
	annotations := map[string]any{"garboard.dev/state": record.State{"web": {From: app + ":1.2.0", Results: past}}.String()}
	if hold != "" {
		annotations["garboard.dev/hold"] = "web=" + hold
	}
	o, ok := workload.StandardKinds().FromMap(map[string]any{
		"apiVersion": "apps/v1", "kind": "Deployment",
		"metadata": map[string]any{"name": "shop", "namespace": "team", "annotations": annotations},
		"spec": map[string]any{"template": map[string]any{"spec": map[string]any{
			"containers": []any{map[string]any{"name": "web", "image": runs}, map[string]any{"name": "side", "image": "example.com/side:1"}},
		}}},
	})
	if !ok {
		panic("a Deployment is a workload")
	}
	return o
}

// at is a moment, some minutes after the first.
func at(minutes int) time.Time {
	return time.Date(2026, 1, 2, 3, minutes, 0, 0, time.UTC)
}

func event(minutes int, reason, note string) corev1.Event {
	return corev1.Event{
		ObjectMeta: metav1.ObjectMeta{UID: types.UID(fmt.Sprint(minutes, note))}, ReportingController: reporter,
		Reason: reason, Message: note, EventTime: metav1.NewMicroTime(at(minutes)),
	}
}

// line is what a person sees of an entry.
func line(e Entry) string {
	when := "-"
	if e.Time != nil {
		when = e.Time.UTC().Format("15:04")
	}
	text := strings.Join([]string{when, e.Container, strings.TrimPrefix(e.Image, app), e.By, e.Why}, "|")
	if e.Running {
		text += "|runs"
	}
	return text
}

func TestEntries(t *testing.T) {
	moved := func(minutes int, from, to string) corev1.Event {
		return event(minutes, "ImageUpdated", "web: "+app+":"+from+" -> "+app+":"+to)
	}
	for name, test := range map[string]struct {
		object *workload.Object
		events []corev1.Event
		want   []string
	}{
		"a move has the time of its Event": {
			object: deployment(app+":1.2.7", "", "1.2.0", "1.2.7"), events: []corev1.Event{moved(5, "1.2.0", "1.2.7")},
			want: []string{"03:05|web|:1.2.7|updater|moved from " + app + ":1.2.0|runs", "-|web|:1.2.0|writer|as the manifest names it"},
		},
		"without Events the order stays, and nobody is named": {
			object: deployment(app+":1.2.8", "", "1.2.7", "1.2.8"),
			want:   []string{"-|web|:1.2.8|admission|after 1.2.7|runs", "-|web|:1.2.7|admission|in place of 1.2.0"},
		},
		// The move to 1.2.7 was another one: its time is not that of the undo.
		"an undo is no move by the updater": {
			object: deployment(app+":1.2.7", "1.2.8", "1.2.0", "1.2.7", "1.2.8", "1.2.7"),
			events: []corev1.Event{moved(5, "1.2.0", "1.2.7"), moved(9, "1.2.7", "1.2.8"), event(10, "ImageHeld", "web: "+app+":1.2.7 stays: 1.2.8 is held")},
			want: []string{
				"03:10|web||updater|ImageHeld: " + app + ":1.2.7 stays: 1.2.8 is held",
				"-|web|:1.2.7|writer|went back; 1.2.8 is held|runs",
				"03:09|web|:1.2.8|updater|moved from " + app + ":1.2.7",
				"03:05|web|:1.2.7|updater|moved from " + app + ":1.2.0",
				"-|web|:1.2.0|writer|as the manifest names it",
			},
		},
		"a rollout that failed and was taken back": {
			object: deployment(app+":1.2.7", "1.2.8", "1.2.7", "1.2.8", "1.2.7"),
			events: []corev1.Event{
				moved(5, "1.2.7", "1.2.8"), event(9, "RolloutFailed", "web: "+app+":1.2.7 -> "+app+":1.2.8: no Pod was replaced"),
				event(9, "RolledBack", "web: "+app+":1.2.8 -> "+app+":1.2.7, and held"), event(12, "RolloutSucceeded", "web: "+app+":1.2.8 -> "+app+":1.2.7"),
			},
			want: []string{
				"03:12|web||updater|RolloutSucceeded: " + app + ":1.2.8 -> " + app + ":1.2.7",
				"03:09|web|:1.2.7|updater|taken back from " + app + ":1.2.8|runs",
				"03:09|web||updater|RolloutFailed: " + app + ":1.2.7 -> " + app + ":1.2.8: no Pod was replaced",
				"03:05|web|:1.2.8|updater|moved from " + app + ":1.2.7", "-|web|:1.2.7|admission|in place of 1.2.0",
			},
		},
		"a version that comes again without a hold": {
			object: deployment(app+":1.2.7", "", "1.2.7", "1.2.8", "1.2.7"),
			want: []string{
				"-|web|:1.2.7|admission|an earlier one again, after 1.2.8|runs", "-|web|:1.2.8|admission|after 1.2.7",
				"-|web|:1.2.7|admission|in place of 1.2.0",
			},
		},
		"what was written past admission runs, and is no result": {
			object: deployment(app+":9", "", "1.2.7"),
			want:   []string{"-|web|:9|writer|written past admission|runs", "-|web|:1.2.7|admission|in place of 1.2.0"},
		},
		"a move that the state has forgotten is told by its Event": {
			object: deployment(app+":1.2.9", "", "1.2.9"), events: []corev1.Event{moved(5, "1.2.7", "1.2.8")},
			want: []string{"03:05|web|:1.2.8|updater|moved from " + app + ":1.2.7", "-|web|:1.2.9|admission|in place of 1.2.0|runs"},
		},
		"one Event for two containers": {
			object: deployment(app+":1.2.7", "", "1.2.7"),
			events: []corev1.Event{event(5, "ImageUpdated", "web: "+app+":1.2.0 -> "+app+":1.2.7, side: example.com/side:0 -> example.com/side:1")},
			want: []string{
				"03:05|web|:1.2.7|updater|moved from " + app + ":1.2.0|runs",
				"03:05|side|example.com/side:1|updater|moved from example.com/side:0",
			},
		},
		"an Event of the whole workload, and one that came again": {
			object: deployment(app+":1.2.0", "", "1.2.0"),
			events: []corev1.Event{
				event(1, "UpdateFailed", "bumping: refused: no"),
				func() corev1.Event {
					e := event(2, "RegistryUnavailable", "web: x")
					e.Series = &corev1.EventSeries{Count: 9, LastObservedTime: metav1.NewMicroTime(at(30))}
					return e
				}(),
			},
			want: []string{
				"03:30|web||updater|RegistryUnavailable: x", "03:01|||updater|UpdateFailed: bumping: refused: no",
				"-|web|:1.2.0|writer|as the manifest names it|runs",
			},
		},
		"what was said twice stands once, where it was said last": {
			object: deployment(app+":1.2.0", "", "1.2.0"),
			events: []corev1.Event{event(1, "ImageStayed", "web: x"), event(2, "ImageStayed", "web: y"), event(3, "ImageStayed", "web: x")},
			want: []string{
				"03:03|web||updater|ImageStayed: x", "03:02|web||updater|ImageStayed: y", "-|web|:1.2.0|writer|as the manifest names it|runs",
			},
		},
		"an Event that somebody else made up": {
			object: deployment("example.com/app", "", "latest"),
			events: []corev1.Event{event(1, "ImageUpdated", ", : -> , web: -> , web:  -> x")},
			want:   []string{"03:01|||updater|ImageUpdated: , : -> , web: -> , web:  -> x", "-|web|:latest|admission|in place of 1.2.0|runs"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, e := range collectEntries(test.object, test.events) {
				got = append(got, line(e))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// The state is anybody's to write: nothing of it may stop the command.
func TestEntriesOfAForgedState(t *testing.T) {
	for name, state := range map[string]string{
		"no JSON":                 "{",
		"a result that is none":   `{"web":{"from":"::","results":[{"result":"\u001b[31m","from":"::","repository":""}]}}`,
		"no results":              `{"web":{"from":"x"}}`,
		"a container that is not": `{"gone":{"from":"x","results":[{"result":"1","from":"y","repository":"z"}]}}`,
	} {
		t.Run(name, func(t *testing.T) {
			o := deployment(app+":1.2.0", "")
			o.Annotations()["garboard.dev/state"] = state
			found := collectEntries(o, []corev1.Event{event(1, "ImageUpdated", "web: a -> b")})
			if !slices.ContainsFunc(found, func(e Entry) bool { return e.Image == "b" }) {
				t.Errorf("the Event is not among %+v", found)
			}
		})
	}
}

// What another webhook has stored in the place of a result runs all the same.
func TestRewrittenImageIsTheResultThatRuns(t *testing.T) {
	const digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	for _, stored := range []string{"mirror.example.com/app:1.2.7", app + "@" + digest, "mirror.example.com/app:1.2.7@" + digest} {
		o := deployment(stored, "", "1.2.6", "1.2.7")
		state := record.StateOf(o)
		state["web"] = state["web"].AsStored(stored)
		o.Annotations()["garboard.dev/state"] = state.String()
		entries := collectEntries(o, nil)
		if len(entries) != 2 || !entries[0].Running || entries[0].Image != app+":1.2.7" {
			t.Errorf("of %s: %+v", stored, entries)
		}
	}
}
