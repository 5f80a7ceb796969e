package workload_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/internal/workload"
)

func FuzzParseRecord(f *testing.F) {
	for _, seed := range []string{"", "web=1.2.7", "web=1@sha256:a,volume/web=@sha256:b", " a = 1 ,,=,a=1=2", "\u0085a\u00a0=1", "a=\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		record := workload.ParseRecord(text)
		written := record.String()
		if len(written) > len(text) {
			t.Errorf("got %d bytes of %d", len(written), len(text))
		}
		if diff := cmp.Diff(record, workload.ParseRecord(written), emptyIsNil); diff != "" {
			t.Errorf("record of %q (-want +got):\n%s", written, diff)
		}
	})
}

func FuzzParseState(f *testing.F) {
	for _, seed := range []string{
		"", "null", "{}", `{"web":{"from":"a","results":[{"result":"1","from":"a","repository":"b"}]}}`,
		`{"web":{"results":[]}}`, `{"a":{"FROM":"\u0000\ud800"}}`, `{"web":[]}`, `{"":{}}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		state := workload.ParseState(text)
		for key, c := range state {
			if len(c.Results) > 10 {
				t.Errorf("got %d results of %q", len(c.Results), key)
			}
		}
		written := state.String()
		if len(written) > 64<<10 {
			return // gives up results
		}
		if diff := cmp.Diff(state, workload.ParseState(written), emptyIsNil); diff != "" {
			t.Errorf("state of %q (-want +got):\n%s", written, diff)
		}
	})
}

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
			settings, again := workload.ReadSettings(o, namespace), workload.ReadSettings(o, namespace)
			if diff := cmp.Diff(texts(settings.Faults), texts(again.Faults)); diff != "" {
				t.Errorf("faults of the same settings (-first +second):\n%s", diff)
			}
			for _, text := range texts(settings.Faults) {
				oneLine(t, text)
				if !strings.HasPrefix(text, "metadata.") && !strings.HasPrefix(text, "spec: ") {
					t.Errorf("got %q, which does not say where", text)
				}
			}
			for _, slot := range o.Slots() {
				if rule := settings.Rule(slot); rule.Governed() && rule.Schedule == nil {
					t.Errorf("slot %v is governed and never polled", slot)
				}
			}
			o.TemplateOnlyPolicy()
			o.CarriesRecord()
		}
	})
}
