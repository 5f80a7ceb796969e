package main

import (
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/garboard-dev/garboard/updater/move"
)

func TestBoundsOfThePace(t *testing.T) {
	for name, tt := range map[string]struct {
		flags []string
		want  move.Pace
	}{
		"no flag":              {nil, move.Pace{Cluster: 50, Namespace: move.ThreeQuarters}},
		"fewer places":         {[]string{"--max-rollouts=10"}, move.Pace{Cluster: 10, Namespace: move.ThreeQuarters}},
		"no bound":             {[]string{"--max-rollouts=0"}, move.Pace{Namespace: move.ThreeQuarters}},
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
			if pace != tt.want {
				t.Errorf("got %+v, want %+v", pace, tt.want)
			}
		})
	}
	faults := paceFaults(move.Pace{Cluster: -1, Namespace: -2, Registry: -1})
	if len(faults) != 3 || !strings.Contains(faults[1], "--max-rollouts-per-namespace: -2: allowed: -1 or more") {
		t.Errorf("faults %q", faults)
	}
}
