package settings

import (
	"maps"
	"slices"

	"github.com/garboard-dev/garboard/internal/workload"
	"github.com/garboard-dev/garboard/resolver/policy"
)

// Static is what can be told of Garboard's own keys from a key and its value
// alone, for those who judge settings elsewhere. All lists are sorted, or in
// the order in which messages name them.
type Static struct {
	// Known are the settings, without prefix; Later those of coming versions.
	Known, Later []string
	// Written are whole keys that are written by Garboard and are no settings.
	Written []string
	// Labels are whole keys that are no settings and are good as a label alone.
	Labels []string
	// Choices are the settings that take one of a few values.
	Choices map[string][]string
	// Policies are whole values of policy and policy.<container>, Patterns
	// those that take an argument after a colon.
	Policies, Patterns []string
}

// StaticSettings returns what can be told of settings from a key and its value
// alone.
func StaticSettings() Static {
	return Static{
		Known: slices.Sorted(maps.Keys(checks)), Later: slices.Sorted(maps.Keys(later)),
		Written: slices.Sorted(maps.Keys(written)), Labels: []string{workload.LabelSkip}, Choices: maps.Clone(choices),
		Policies: policy.Names(), Patterns: policy.Patterns(),
	}
}
