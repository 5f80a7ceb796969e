package main

import (
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/garboard-dev/garboard/updater/move"
)

// Whoever may write one namespace has as many rollouts as they like that come to nothing.
func TestOneNamespaceLeavesPlacesForRolloutsOfOthers(t *testing.T) {
	for name, tt := range map[string]struct {
		flags []string
		want  move.Pace
	}{
		"no flag":              {nil, move.Pace{Cluster: 50, Namespace: 38}},
		"fewer places":         {[]string{"--max-rollouts=10"}, move.Pace{Cluster: 10, Namespace: 8}},
		"one place":            {[]string{"--max-rollouts=1"}, move.Pace{Cluster: 1, Namespace: 1}},
		"no bound":             {[]string{"--max-rollouts=0"}, move.Pace{}},
		"none in a namespace":  {[]string{"--max-rollouts-per-namespace=0"}, move.Pace{Cluster: 50}},
		"one of their own":     {[]string{"--max-rollouts-per-namespace=5"}, move.Pace{Cluster: 50, Namespace: 5}},
		"no bound but for one": {[]string{"--max-rollouts=0", "--max-rollouts-per-namespace=5"}, move.Pace{Namespace: 5}},
	} {
		t.Run(name, func(t *testing.T) {
			var pace move.Pace
			flags := pflag.NewFlagSet("", pflag.ContinueOnError)
			addPaceFlags(flags, &pace)
			if err := flags.Parse(tt.flags); err != nil {
				t.Fatal(err)
			}
			if faults := paceFaults(pace); len(faults) > 0 {
				t.Error(faults)
			}
			if got := inForce(pace); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
	faults := paceFaults(move.Pace{Cluster: -1, Namespace: -2, Registry: -1})
	if len(faults) != 3 || !strings.Contains(faults[1], "--max-rollouts-per-namespace: -2: allowed: -1 or more") {
		t.Errorf("faults %q", faults)
	}
}
