package settings_test

import (
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/internal/workload/workloadtest"
)

// Keel's keys mean what they mean to Keel, on labels and annotations.
func TestApprovals(t *testing.T) {
	const day = 24 * time.Hour
	for name, test := range map[string]struct {
		annotations, labels, namespace keys
		want                           settings.Approvals
		ungoverned                     bool
	}{
		"nothing said":                     {want: settings.Approvals{Deadline: day}},
		"Keel's annotations":               {annotations: keys{"keel.sh/approvals": "2", "keel.sh/approvalDeadline": "5"}, want: settings.Approvals{Votes: 2, Deadline: 5 * time.Hour}},
		"Keel's labels":                    {labels: keys{"keel.sh/approvals": "1", "keel.sh/approvalDeadline": "48"}, want: settings.Approvals{Votes: 1, Deadline: 48 * time.Hour}},
		"a namespace's default":            {namespace: keys{"garboard.dev/approvals": "3"}, want: settings.Approvals{Votes: 3, Deadline: day}},
		"a workload that asks for none":    {annotations: keys{"garboard.dev/approvals": "0"}, namespace: keys{"garboard.dev/approvals": "3"}, want: settings.Approvals{Deadline: day}},
		"a duration":                       {annotations: keys{"garboard.dev/approvals": "1", "garboard.dev/approvalDeadline": "90m"}, want: settings.Approvals{Votes: 1, Deadline: 90 * time.Minute}},
		"days":                             {annotations: keys{"garboard.dev/approvals": "1", "garboard.dev/approvalDeadline": "3d"}, want: settings.Approvals{Votes: 1, Deadline: 3 * day}},
		"votes that carry":                 {annotations: keys{"garboard.dev/approvals": "1", "garboard.dev/approvalCarry": "patch"}, want: settings.Approvals{Votes: 1, Deadline: day, Carry: settings.CarryPatch}},
		"Keel's deadline that is too far":  {annotations: keys{"keel.sh/approvals": "1", "keel.sh/approvalDeadline": "9000"}, want: settings.Approvals{Votes: 1, Deadline: day}},
		"a deadline of no time":            {annotations: keys{"garboard.dev/approvals": "1", "garboard.dev/approvalDeadline": "0"}, ungoverned: true},
		"votes that carry to anything":     {annotations: keys{"garboard.dev/approvals": "1", "garboard.dev/approvalCarry": "minor"}, ungoverned: true},
		"more votes than there are people": {annotations: keys{"garboard.dev/approvals": "101"}, ungoverned: true},
		"no votes at all":                  {annotations: keys{"garboard.dev/approvals": ""}, ungoverned: true},
	} {
		t.Run(name, func(t *testing.T) {
			annotations := keys{"garboard.dev/policy": "minor"}
			maps.Copy(annotations, test.annotations)
			o := workloadtest.Deployment(t, annotations, test.labels)
			rule := settings.ReadSettings(o, workload.Namespace{Annotations: test.namespace}).Rule(o.Slots()[0])
			if rule.Governed() == test.ungoverned {
				t.Fatalf("governed is %v", rule.Governed())
			}
			if test.ungoverned {
				return
			}
			if diff := cmp.Diff(test.want, rule.Approvals); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if rule.Gated() != (test.want.Votes > 0) {
				t.Errorf("gated is %v", rule.Gated())
			}
		})
	}
}
