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

func TestHoldsThatKeepNothingBack(t *testing.T) {
	const at = "metadata.annotations[garboard.dev/hold]: "
	for name, test := range map[string]struct {
		hold string
		more keys
		want []string
	}{
		"of versions":                {hold: "web=1.2.0,job=1.0.1,setup=2.0.0,volume/models=1.1.0"},
		"of what no policy moves":    {hold: "web=1.x", more: keys{"garboard.dev/policy.web": "never"}},
		"that cannot be read at all": {hold: "web=1.2.0,job", more: keys{"garboard.dev/policy": "all"}},
		"of a name with a slip": {
			hold: "wbe=1.2.0,volume/model=1.2.0",
			want: []string{at + `did you mean "volume/models"? nothing here is named "volume/model"`, at + `did you mean "web"? nothing here is named "wbe"`},
		},
		"of another variant and of no version": {
			hold: "web=1.2.0-alpine,job=1.x",
			want: []string{
				at + `job=1.x keeps nothing back where 1.0.0 runs (policy minor)`,
				at + `web=1.2.0-alpine keeps nothing back where 1.0.0 runs (policy minor)`,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			annotations := keys{"garboard.dev/policy": "minor", "garboard.dev/hold": test.hold}
			for key, value := range test.more {
				annotations[key] = value
			}
			o := workloadtest.Deployment(t, annotations, nil)
			got := settings.ReadSettings(o, workload.Namespace{}).IdleHolds(o)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("idle holds (-want +got):\n%s", diff)
			}
		})
	}
}

func TestIdleHoldsAreBounded(t *testing.T) {
	var holds []string
	for i := range 1000 {
		holds = append(holds, fmt.Sprintf("c%d=1.2.3", i))
	}
	o := workloadtest.Deployment(t, keys{"garboard.dev/policy": "minor", "garboard.dev/hold": strings.Join(holds, ",")}, nil)
	if got := len(settings.ReadSettings(o, workload.Namespace{}).IdleHolds(o)); got != 10 {
		t.Errorf("got %d, want 10", got)
	}
}
