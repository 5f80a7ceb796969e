package settings_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/internal/workload/workloadtest"
)

func TestNamespaceLabels(t *testing.T) {
	tests := map[string]struct {
		labels, annotations map[string]string
		enabled             bool
		validate            workload.Mode
	}{
		"nothing said":                     {nil, nil, false, workload.Warn},
		"opted in":                         {map[string]string{"garboard.dev/enabled": "true"}, nil, true, workload.Warn},
		"opted in by annotation: not":      {nil, map[string]string{"garboard.dev/enabled": "true"}, false, workload.Warn},
		"nearly true is not":               {map[string]string{"garboard.dev/enabled": "True"}, nil, false, workload.Warn},
		"out again":                        {map[string]string{"garboard.dev/enabled": "false"}, nil, false, workload.Warn},
		"enforced":                         {map[string]string{"garboard.dev/validate": "enforce"}, nil, false, workload.Enforce},
		"off":                              {map[string]string{"garboard.dev/validate": "off"}, nil, false, workload.Off},
		"a mode that is none is a warning": {map[string]string{"garboard.dev/validate": "Enforce"}, nil, false, workload.Warn},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			n := workload.NamespaceOf("team", test.labels, test.annotations)
			if n.Enabled() != test.enabled || n.Validate() != test.validate {
				t.Errorf("got %v, %v; want %v, %v", n.Enabled(), n.Validate(), test.enabled, test.validate)
			}
		})
	}
}

func TestNamespaceFaults(t *testing.T) {
	tests := map[string]struct {
		labels, annotations map[string]string
		want                []string
	}{
		"none": {
			labels:      map[string]string{"garboard.dev/enabled": "true", "garboard.dev/validate": "warn", "team": "shop"},
			annotations: map[string]string{"garboard.dev/policy": "minor", "keel.sh/pollSchedule": "@hourly"},
		},
		"bad defaults and bad labels": {
			labels:      map[string]string{"garboard.dev/enabled": "yes", "garboard.dev/validate": "strict"},
			annotations: map[string]string{"garboard.dev/policy": "minor", "garboard.dev/pin": "x", "garboard.dev/approvals": "y"},
			want: []string{
				`metadata.annotations[garboard.dev/approvals]: Invalid value: "y": allowed: the number of votes that a move needs, 0 for none, at most 100`,
				`metadata.annotations[garboard.dev/pin]: Invalid value: "x": allowed: digest, follow, tag`,
				`metadata.labels[garboard.dev/enabled]: Invalid value: "yes": allowed: true, false`,
				`metadata.labels[garboard.dev/validate]: Invalid value: "strict": allowed: enforce, warn, off`,
			},
		},
		"a label with a slip": {
			labels: map[string]string{"garboard.dev/enabled": "true", "garboard.dev/validte": "enforce", "garboard.dev/validate": "enforced"},
			want: []string{
				`metadata.labels[garboard.dev/validate]: Invalid value: "enforced": did you mean "enforce"? allowed: enforce, warn, off`,
				`metadata.labels[garboard.dev/validte]: Invalid value: "enforce": a namespace's defaults stand on its annotations; did you mean "garboard.dev/validate"? labels that are read: garboard.dev/enabled, garboard.dev/validate`,
			},
		},
		"a default on a label is not read": {
			labels: map[string]string{"keel.sh/policy": "minor"},
			want: []string{
				`metadata.labels[keel.sh/policy]: Invalid value: "minor": a namespace's defaults stand on its annotations; labels that are read: garboard.dev/enabled, garboard.dev/validate`,
			},
		},
		"the opt-in on an annotation is not read": {
			annotations: map[string]string{"garboard.dev/enabled": "true"},
			want:        []string{`metadata.annotations[garboard.dev/enabled]: Invalid value: "true": unknown key; allowed: as a label of a namespace`},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			faults := settings.NamespaceFaults(workload.NamespaceOf("team", test.labels, test.annotations))
			if diff := cmp.Diff(test.want, texts(faults)); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
			for _, f := range faults {
				if !f.Namespace {
					t.Errorf("%v is not said to be of the namespace", f)
				}
			}
		})
	}
}

// What stands on a namespace and is no setting leaves none of its workloads alone. A slip
// of what holds images back does: more would be moved than is meant.
func TestNotesOnANamespaceLeaveNothingAlone(t *testing.T) {
	for key, stops := range map[string]bool{
		"garboard.dev/enrolled": false, "garboard.dev/enabled": false, "garboard.dev/owner": false, "garboard.dev/pollShedule": false,
		"keel.sh/enrolled": false, "keel.sh/polcy": false,
		"garboard.dev/windw": true, "garboard.dev/min-age": true, "garboard.dev/exlude": true, "garboard.dev/polcy.web": true,
	} {
		o := workloadtest.Deployment(t, keys{"keel.sh/policy": "minor"}, nil)
		s := settings.ReadSettings(o, workload.Namespace{Annotations: keys{key: "true"}})
		if governs := len(policies(o, s)) > 0; governs == stops {
			t.Errorf("%s: governed %v, want %v", key, governs, !stops)
		}
		if len(s.Faults) != 1 || s.Faults[0].PassedOver == stops {
			t.Errorf("%s: got %q", key, texts(s.Faults))
		}
		// On the workload itself it is refused.
		s = settings.ReadSettings(workloadtest.Deployment(t, keys{"garboard.dev/policy": "minor", key: "true"}, nil), workload.Namespace{})
		if len(s.Faults) != 1 || strings.HasPrefix(key, "garboard.dev/") && s.Faults[0].PassedOver {
			t.Errorf("%s on a workload: got %q", key, texts(s.Faults))
		}
	}
}

func TestSameKeys(t *testing.T) {
	tests := map[string]struct {
		a, b map[string]string
		want bool
	}{
		"nothing on both":        {nil, map[string]string{}, true},
		"others' keys differ":    {map[string]string{"a": "1"}, map[string]string{"b": "2"}, true},
		"a setting differs":      {map[string]string{"garboard.dev/policy": "all"}, map[string]string{"garboard.dev/policy": "minor"}, false},
		"a setting is gone":      {map[string]string{"keel.sh/policy": "all"}, nil, false},
		"Keel's first key moves": {map[string]string{"keel.observer/policy": "all"}, map[string]string{"keel.sh/policy": "all"}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := workload.SameKeys(test.a, test.b); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}
