package stories

import (
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// What a kubelet and a runtime are told depends on the version of control groups, and on
// what root may do. It needs no node.
func TestSettingsOfAWorker(t *testing.T) {
	tests := map[string]struct {
		unified, mayRaisePriority bool
		failCgroupV1              any
		restrict                  string
	}{
		"version 1 is let in":                                    {false, true, false, "restrict_oom_score_adj = false\n"},
		"version 2 needs no exception":                           {true, true, nil, "restrict_oom_score_adj = false\n"},
		"root that may not raise a priority, with version 2":     {true, false, nil, "restrict_oom_score_adj = true\n"},
		"root that may not raise a priority, with version 1 too": {false, false, false, "restrict_oom_score_adj = true\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			facts := map[string]any{
				"Worker": &worker{Dir: "/worker", Number: 1}, "DNS": "10.77.0.1", "Registry": "10.77.0.1:5000",
				"Unified": test.unified, "MayRaisePriority": test.mayRaisePriority,
			}
			text, err := fill(kubeletConfig, facts)
			must(t, err)
			var kubelet map[string]any
			must(t, yaml.Unmarshal([]byte(text), &kubelet))
			if got := kubelet["failCgroupV1"]; got != test.failCgroupV1 {
				t.Errorf("failCgroupV1 is %v, want %v", got, test.failCgroupV1)
			}
			if got, ok := kubelet["failSwapOn"].(bool); got || !ok {
				t.Errorf("failSwapOn, which comes after it, is %v", got)
			}
			text, err = fill(runtimeConfig, facts)
			must(t, err)
			if !strings.Contains(text, test.restrict) {
				t.Errorf("the runtime's settings lack %q:\n%s", test.restrict, text)
			}
		})
	}
}
