package settings_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/internal/workload/workloadtest"
)

func TestMisspelt(t *testing.T) {
	for name, test := range map[string]struct {
		annotations, labels keys
		want                []string
	}{
		"what is read": {annotations: keys{"garboard.dev/policy": "minor", "keel.sh/policy.web": "all", "keel.observer/policy": "all"}},
		"a letter too few": {
			annotations: keys{"garbord.dev/policy": "minor"},
			want:        []string{`metadata.annotations[garbord.dev/policy] is not read; did you mean "garboard.dev/policy"?`},
		},
		"another domain, for a container": {
			annotations: keys{"garboard.io/policy.web": "minor"},
			want:        []string{`metadata.annotations[garboard.io/policy.web] is not read; did you mean "garboard.dev/policy.web"?`},
		},
		"no domain, as a label": {
			labels: keys{"Keel/policy": "minor"},
			want:   []string{`metadata.labels[Keel/policy] is not read; did you mean "keel.sh/policy"?`},
		},
		"a dot for the slash": {
			annotations: keys{"keel.sh.policy": "minor"},
			want:        []string{`metadata.annotations[keel.sh.policy] is not read; did you mean "keel.sh/policy"?`},
		},
		"other tools' policies": {
			annotations: keys{"kyverno.io/policy": "a", "example.com/policy": "b", "policy": "c", "policy.web": "d", "/policy": "e", "app.policy": "f", "helm.sh/resource-policy": "keep"},
		},
		"other settings, which a policy comes with": {annotations: keys{"garbord.dev/pollSchedule": "@hourly", "keel/trigger": "poll"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, settings.Misspelt(workloadtest.Deployment(t, test.annotations, test.labels))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestMisspeltAreBounded(t *testing.T) {
	annotations := keys{}
	for i := range 1000 {
		annotations[fmt.Sprintf("garbord.dev/policy.c%d", i)] = "minor"
	}
	if got := len(settings.Misspelt(workloadtest.Deployment(t, annotations, nil))); got != 10 {
		t.Errorf("got %d, want 10", got)
	}
}
