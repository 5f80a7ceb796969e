package settings

// Gate is a setting that stands between a candidate and its use, by its name without
// prefix.
type Gate string

// The gates, in the order in which they are judged.
const (
	GateMinAge    Gate = keyMinAge
	GateAfter     Gate = keyAfter
	GateWindow    Gate = keyWindow
	GateCanary    Gate = keyCanary
	GateApprovals Gate = keyApprovals
)

// gates is the one list of them. Admission asks it what keeps a write from resolving,
// the updater has a judge for each, and docs/updater.md shows them.
var gates = []struct {
	gate         Gate
	bindsWriters bool
	set          func(Rule) bool
}{
	{GateMinAge, true, func(r Rule) bool { return r.MinAge > 0 }},
	{GateAfter, true, func(r Rule) bool { return len(r.After) > 0 }},
	{GateWindow, true, func(r Rule) bool { return r.Window != nil }},
	{GateCanary, false, func(r Rule) bool { return r.Canary.Set != "" }},
	{GateApprovals, true, func(r Rule) bool { return r.Approvals.Votes > 0 }},
}

// AllGates returns every gate, in the order in which they are judged.
func AllGates() []Gate {
	all := make([]Gate, len(gates))
	for i := range gates {
		all[i] = gates[i].gate
	}
	return all
}

// BindsWriters reports whether no write resolves while the gate is set, so that only
// the updater's bumps move the slot. Other gates bind the updater alone.
func (g Gate) BindsWriters() bool {
	for i := range gates {
		if gates[i].gate == g {
			return gates[i].bindsWriters
		}
	}
	return true // an unknown gate is closed rather than open
}

// Gates returns the gates that are set, in the order in which they are judged.
func (r Rule) Gates() []Gate {
	var set []Gate
	for i := range gates {
		if gates[i].set(r) {
			set = append(set, gates[i].gate)
		}
	}
	return set
}

// Gated reports whether the slot is moved only by the updater's bumps, and not by other
// writers of the workload.
func (r Rule) Gated() bool {
	for i := range gates {
		if gates[i].bindsWriters && gates[i].set(r) {
			return true
		}
	}
	return false
}
