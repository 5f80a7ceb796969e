package settings_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/internal/workload/workloadtest"
)

func TestStrays(t *testing.T) {
	long := strings.Repeat("x", 200)
	tests := map[string]struct {
		annotations, labels keys
		want                []string
	}{
		"policies of what is there": {
			annotations: keys{
				"garboard.dev/policy": "minor", "garboard.dev/policy.web": "minor", "garboard.dev/policy.setup": "never",
				"keel.sh/policy.models": "all", "note": "policy.none",
			},
		},
		"a name with a slip": {
			annotations: keys{"garboard.dev/policy.wbe": "minor"},
			want:        []string{`metadata.annotations[garboard.dev/policy.wbe]: did you mean "web"? nothing here is named "wbe"`},
		},
		"a name like no other, in Keel's spelling, as a label": {
			labels: keys{"keel.sh/policy.proxy": "never"},
			want:   []string{`metadata.labels[keel.sh/policy.proxy]: nothing here is named "proxy"`},
		},
		"a policy without a name is another fault": {
			annotations: keys{"garboard.dev/policy.": "minor"},
		},
		"a name that is too long for one": {
			annotations: keys{"garboard.dev/policy." + long: "minor"},
			want: []string{fmt.Sprintf("metadata.annotations[garboard.dev/policy.%s…]: nothing here is named %q",
				long[:99-len("garboard.dev/policy.")], long[:62]+"…")},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, s := range settings.Strays(workloadtest.Deployment(t, test.annotations, test.labels)) {
				got = append(got, s.String())
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("strays (-want +got):\n%s", diff)
			}
		})
	}
}

// What governs nothing passes for what governs something.
func TestMonitorContainersThatChooseNothing(t *testing.T) {
	tests := map[string]struct {
		annotations, labels, namespace keys
		want                           string
	}{
		"none is told to be chosen":   {annotations: keys{"garboard.dev/policy": "minor"}},
		"one is chosen":               {annotations: keys{"garboard.dev/policy": "minor", "garboard.dev/monitorContainers": "^web$"}},
		"an image volume is chosen":   {annotations: keys{"keel.sh/policy": "minor", "keel.sh/monitorContainers": "models"}},
		"another name":                {annotations: keys{"keel.sh/policy": "minor", "keel.sh/monitorContainers": "app"}, want: `metadata.annotations[keel.sh/monitorContainers]: "app" matches no container here, so that none is governed`},
		"a list":                      {annotations: keys{"garboard.dev/policy": "minor", "garboard.dev/monitorContainers": "web,setup"}, want: `metadata.annotations[garboard.dev/monitorContainers]: "web,setup" matches no container here, so that none is governed; names are divided by "|"`},
		"a label":                     {annotations: keys{"garboard.dev/policy.web": "minor"}, labels: keys{"keel.sh/monitorContainers": "app"}, want: `metadata.labels[keel.sh/monitorContainers]: "app" matches no container here, so that none is governed`},
		"without a policy":            {annotations: keys{"garboard.dev/monitorContainers": "app"}},
		"the default of a namespace":  {annotations: keys{"garboard.dev/policy": "minor"}, namespace: keys{"garboard.dev/monitorContainers": "app"}},
		"what cannot be read, as all": {annotations: keys{"keel.sh/policy": "minor", "keel.sh/monitorContainers": "["}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			o := workloadtest.Deployment(t, test.annotations, test.labels)
			got := settings.ReadSettings(o, workload.Namespace{Name: "shop", Annotations: test.namespace}).Unmonitored(o)
			if got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestStraysAreBounded(t *testing.T) {
	annotations := keys{}
	for i := range 1000 {
		annotations[fmt.Sprintf("garboard.dev/policy.c%d", i)] = "minor"
	}
	if got := len(settings.Strays(workloadtest.Deployment(t, annotations, nil))); got != 10 {
		t.Errorf("got %d, want 10", got)
	}
}
