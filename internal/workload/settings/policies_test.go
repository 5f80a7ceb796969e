package settings_test

import (
	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/settings"
	"github.com/garboard-dev/garboard/internal/workload/workloadtest"
)

type keys = workloadtest.Keys

// policies returns the policy of each governed slot.
func policies(o *workload.Object, s *settings.Settings) map[string]string {
	governed := map[string]string{}
	for _, slot := range o.Slots() {
		if rule := s.Rule(slot); rule.Governed() {
			governed[slot.Key()] = rule.Policy.Name()
		}
	}
	return governed
}

// allMinor is each slot of deployment under the policy minor.
func allMinor() map[string]string {
	return map[string]string{"setup": "minor", "web": "minor", "job": "minor", "volume/models": "minor"}
}

func texts(faults []settings.Fault) []string {
	var all []string
	for _, f := range faults {
		all = append(all, f.Error().Error())
	}
	return all
}

// inTemplate puts a pod template's metadata and spec where the kind has them.
func inTemplate(kind workload.Kind, template map[string]any) map[string]any {
	root := template
	for i := len(kind.Template) - 1; i >= 0; i-- {
		root = map[string]any{kind.Template[i]: root}
	}
	return root
}
