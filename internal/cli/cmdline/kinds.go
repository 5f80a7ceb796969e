package cmdline

import (
	"github.com/spf13/pflag"

	"github.com/garboard-dev/garboard/internal/workload"
)

// KindOptions is the flag that adds custom kinds to those of Kubernetes itself.
type KindOptions struct{ entries []string }

// AddFlags adds the flag to a command.
func (o *KindOptions) AddFlags(flags *pflag.FlagSet) {
	flags.StringSliceVar(&o.entries, "custom-kinds", nil,
		"more kinds of workload: `KIND.VERSION.GROUP=PATH` of the pod template, such as Rollout.v1alpha1.argoproj.io=spec.template")
}

// Check returns the faults of the flag's value.
func (o *KindOptions) Check() Faults {
	_, wrong := workload.ParseKinds(o.entries)
	faults := make(Faults, 0, len(wrong))
	for _, fault := range wrong {
		faults = append(faults, "--custom-kinds: "+fault.Error())
	}
	return faults
}

// Kinds are those of Kubernetes itself and of the flag, which check has looked
// at.
func (o *KindOptions) Kinds() workload.Kinds {
	kinds, _ := workload.ParseKinds(o.entries)
	return kinds
}
