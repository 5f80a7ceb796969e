package rollout

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	utiljson "k8s.io/apimachinery/pkg/util/json"
)

// recorded is one event of a rollout, as a real controller wrote it: see
// TestRolloutsAsTheirControllersTellThem in test/e2e.
type recorded struct {
	Kind       string          `json:"kind"`
	After      string          `json:"after"`
	Generation int64           `json:"generation"`
	Spec       json.RawMessage `json:"spec"`
	Status     json.RawMessage `json:"status"`
}

func recording(t *testing.T, name string) []recorded {
	t.Helper()
	file, err := os.Open(filepath.Join("testdata", name+".jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	var events []recorded
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var e recorded
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	return events
}

// becomes makes the workload what an event says of it, a little after the move.
func (s *stage) becomes(e recorded) {
	s.t.Helper()
	for into, data := range map[string]json.RawMessage{"spec": e.Spec, "status": e.Status} {
		fields := map[string]any{}
		if err := utiljson.Unmarshal(data, &fields); err != nil {
			s.t.Fatal(err)
		}
		for field, value := range fields {
			s.set(value, into, field)
		}
		if into == "status" {
			s.object.Object["status"] = fields
		}
	}
	s.object.SetGeneration(e.Generation)
}

// What the controllers of Kubernetes write, from the answer to the move on, an hour long:
// each rollout ends as a person would say that it did.
func TestRecordedRollouts(t *testing.T) {
	for name, want := range map[string]string{
		"deployment":              "succeeded, finished",
		"deployment-slow":         "succeeded, finished",
		"deployment-scaled":       "succeeded, finished",
		"deployment-failed":       "failed: its progress deadline is exceeded, taken back",
		"deployment-quota":        "failed: its progress deadline is exceeded, taken back",
		"deployment-paused":       "abandoned",
		"deployment-empty":        "settled: it is to have no Pods",
		"statefulset":             "succeeded, finished",
		"statefulset-unavailable": "succeeded, finished",
		"statefulset-partition":   "settled: its partition keeps 2 Pods as they are, finished",
		"statefulset-kept":        "abandoned",
		"statefulset-ondelete":    "abandoned",
		"daemonset":               "succeeded, finished",
		"daemonset-ondelete":      "abandoned",
	} {
		t.Run(name, func(t *testing.T) {
			events := recording(t, name)
			s := moved(t, "apiVersion: apps/v1\nkind: "+events[0].Kind)
			s.becomes(events[0])
			if h := Read(s.object); h.Observed {
				t.Errorf("the answer to the move has been seen by the controller: %+v", h)
			}
			s.begin(nil)
			for _, e := range events[1:] {
				s.becomes(e)
				s.w.Changed("web")
				s.after(time.Second)
			}
			s.after(time.Hour)
			heard := make([]string, 0, len(s.heard))
			for _, text := range s.heard {
				_, text, _ = strings.Cut(text, " ")
				heard = append(heard, text)
			}
			if got := strings.Join(heard, ", "); got != want {
				t.Errorf("heard %q, want %q", got, want)
			}
		})
	}
}

// The same events, three minutes from each other, so that each rollout takes much longer
// than the timeout: it goes on, and is good.
func TestRecordedRolloutsInSlowMotion(t *testing.T) {
	for _, name := range []string{"deployment", "deployment-slow", "statefulset", "statefulset-unavailable"} {
		t.Run(name, func(t *testing.T) {
			events := recording(t, name)
			s := moved(t, "apiVersion: apps/v1\nkind: "+events[0].Kind)
			s.becomes(events[0])
			s.begin(nil)
			for _, e := range events[1:] {
				s.after(3 * time.Minute).becomes(e)
				s.w.Changed("web")
			}
			end := 3 * (len(events) - 1)
			s.after(0).want(fmt.Sprintf("%d succeeded", end), fmt.Sprintf("%d finished", end))
			if end <= 10 {
				t.Errorf("it took %d minutes, which shows nothing", end)
			}
		})
	}
}
