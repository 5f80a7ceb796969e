package cmdline

import (
	"errors"
	"strings"

	"github.com/spf13/pflag"

	"github.com/garboard-dev/garboard/resolver/policy"
)

// PolicyOptions are the flags that a policy is made of, but for its name.
type PolicyOptions struct {
	matchTag        optionalBool
	matchPreRelease optionalBool
	filter, extract string
	exclude         []string
	variant         []string
}

// AddFlags adds the flags to a command.
func (o *PolicyOptions) AddFlags(flags *pflag.FlagSet) {
	flags.Var(&o.matchTag, "match-tag", "for force: follow the same tag; the default is true where the current tag is no version")
	flags.Var(&o.matchPreRelease, "match-prerelease", "false allows any pre-release; the default is true")
	flags.Lookup("match-tag").NoOptDefVal = "true"
	flags.Lookup("match-prerelease").NoOptDefVal = "true"
	flags.StringVar(&o.filter, "filter", "", "regexp that drops the tags it does not match")
	flags.StringVar(&o.extract, "extract", "", "template ($1, $name, ${name}) of what is compared of a filtered tag")
	flags.StringSliceVar(&o.exclude, "exclude", nil, "globs of tags to drop, comma-separated; may be repeated")
	flags.StringSliceVar(&o.variant, "variant", nil, "globs of variants that count as one, comma-separated; may be repeated")
}

// settingFlags are the flags behind the settings that a policy is made of.
var settingFlags = map[string]string{
	"policy": "--policy", "matchTag": "--match-tag", "filter": "--filter", "extract": "--extract", "exclude": "--exclude", "variant": "--variant",
}

// Compile returns the policy of a name, or all its faults.
func (o *PolicyOptions) Compile(name string) (*policy.Policy, Faults) {
	compiled, err := policy.Parse(policy.Spec{
		Name: name, MatchTag: o.matchTag.value, MatchPreRelease: o.matchPreRelease.value,
		Filter: o.filter, Extract: o.extract, Exclude: globs(o.exclude), Variant: globs(o.variant),
	})
	var wrong policy.Faults
	var faults Faults
	if errors.As(err, &wrong) {
		for _, fault := range wrong {
			fault.Field = settingFlags[fault.Field]
			faults = append(faults, fault.Error())
		}
	}
	return compiled, faults
}

// globs trims what is between the commas, as is done with the annotation. Behind
// the last comma there may be nothing.
func globs(values []string) []string {
	var trimmed []string
	for _, value := range values {
		if glob := strings.TrimSpace(value); glob != "" {
			trimmed = append(trimmed, glob)
		}
	}
	return trimmed
}
