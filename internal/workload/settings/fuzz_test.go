package settings_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/settings"
)

func FuzzReadSettings(f *testing.F) {
	f.Add("garboard.dev/policy", "minor", "keel.sh/pollSchedule", "TZ=UTC", `{"spec":{}}`)
	f.Add("keel.sh/policy.web", "force", "keel.sh/match-tag", "false", `{"spec":{"containers":[{"name":"web","image":"a:1"}]}}`)
	f.Add("keel.observer/policy", "semver:\x1b", "garboard.dev/filter", "(?P<a", `null`)
	f.Add("garboard.dev/monitorContainers", "(a{1000}){9}", "garboard.dev/exclude", ",[,", `{"metadata":[]}`)
	f.Add("garboard.dev/pollSchedule", ", * * * * *", "garboard.dev/pollSchedule", "@every 1ns", `{"metadata":{"annotations":[]}}`)
	kind, _ := workload.StandardKinds().For("", "Pod")
	f.Fuzz(func(t *testing.T, key, value, key2, value2, data string) {
		o, err := workload.Parse(kind, []byte(data))
		if err != nil {
			return
		}
		namespace := workload.Namespace{Annotations: keys{key: value, key2: value2, "keel.sh/policy": "force"}}
		own, _ := workload.StandardKinds().FromMap(map[string]any{
			"apiVersion": "v1", "kind": "Pod", "spec": map[string]any{"containers": []any{map[string]any{"name": "web", "image": "a:1"}}},
			"metadata": map[string]any{"annotations": map[string]any{key: value}, "labels": map[string]any{key2: value2}},
		})
		for _, o := range []*workload.Object{o, own} {
			read, again := settings.ReadSettings(o, namespace), settings.ReadSettings(o, namespace)
			if diff := cmp.Diff(texts(read.Faults), texts(again.Faults)); diff != "" {
				t.Errorf("faults of the same settings (-first +second):\n%s", diff)
			}
			for _, text := range texts(read.Faults) {
				oneLine(t, text)
				if !strings.HasPrefix(text, "metadata.") && !strings.HasPrefix(text, "spec: ") {
					t.Errorf("got %q, which does not say where", text)
				}
			}
			for _, slot := range o.Slots() {
				if rule := read.Rule(slot); rule.Governed() && rule.Schedule == nil {
					t.Errorf("slot %v is governed and never polled", slot)
				}
			}
			settings.TemplateOnlyPolicy(o)
			o.CarriesRecord()
		}
	})
}
