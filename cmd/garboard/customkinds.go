package main

import (
	"github.com/spf13/pflag"

	"github.com/garboard-dev/garboard/internal/workload"
)

// kindOptions is the flag that adds custom kinds to those of Kubernetes itself.
type kindOptions struct{ entries []string }

func (o *kindOptions) addFlags(flags *pflag.FlagSet) {
	flags.StringSliceVar(&o.entries, "custom-kinds", nil,
		"more kinds of workload: `KIND.VERSION.GROUP=PATH` of the pod template, such as Rollout.v1alpha1.argoproj.io=spec.template")
}

// check returns the faults of the flag's value.
func (o *kindOptions) check() usageFaults {
	_, wrong := workload.ParseKinds(o.entries)
	faults := make(usageFaults, 0, len(wrong))
	for _, fault := range wrong {
		faults = append(faults, "--custom-kinds: "+fault.Error())
	}
	return faults
}

// kinds are those of Kubernetes itself and of the flag, which check has looked
// at.
func (o *kindOptions) kinds() workload.Kinds {
	kinds, _ := workload.ParseKinds(o.entries)
	return kinds
}
