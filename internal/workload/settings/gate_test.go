package settings_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/internal/workload/settings"
)

// Without it, a gate that is added to the settings alone lets every write through.
func TestGates(t *testing.T) {
	values := map[settings.Gate]string{
		settings.GateMinAge: "3d", settings.GateAfter: "staging for 24h", settings.GateWindow: "@daily for 1h", settings.GateCanary: "shop", settings.GateApprovals: "2",
	}
	writers := map[settings.Gate]bool{settings.GateMinAge: true, settings.GateAfter: true, settings.GateWindow: true, settings.GateApprovals: true}
	all := keys{"garboard.dev/policy": "minor"}
	for _, gate := range settings.AllGates() {
		value, ok := values[gate]
		if !ok {
			t.Errorf("no value of %s is tried here", gate)
			continue
		}
		all[workload.Prefix+string(gate)] = value
		one := keys{"garboard.dev/policy": "minor", workload.Prefix + string(gate): value}
		rule := ruleOf(t, one)
		if diff := cmp.Diff([]settings.Gate{gate}, rule.Gates()); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", gate, diff)
		}
		if rule.Gated() != writers[gate] || gate.BindsWriters() != writers[gate] {
			t.Errorf("%s: gated is %v, binds writers %v, want %v", gate, rule.Gated(), gate.BindsWriters(), writers[gate])
		}
	}
	if diff := cmp.Diff(settings.AllGates(), ruleOf(t, all).Gates()); diff != "" {
		t.Errorf("all together: (-want +got)\n%s", diff)
	}
	if none := ruleOf(t, keys{"garboard.dev/policy": "minor", "garboard.dev/minAge": "0s", "garboard.dev/approvals": "0"}); none.Gated() || none.Gates() != nil {
		t.Errorf("without a gate: %v", none.Gates())
	}
	if !settings.Gate("votes").BindsWriters() {
		t.Error("a gate that nobody knows lets writers through")
	}
}
