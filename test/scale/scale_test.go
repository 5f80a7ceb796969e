package main

import (
	"os"
	"testing"
)

// The counts of a small run are those of a large one: nothing is asked while nothing
// happens, one list is read a poll, and a workload is moved by one bump, whether one updater
// does so or several share the repositories.
//
// It takes more than 20 seconds: six of rest for each size, the Leases of three updaters, and the start of a cluster.
func TestScale(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a cluster")
	}
	o, err := parse([]string{"-source=../..", "-workloads=20,100", "-updaters=1,3", "-repositories=10", "-interval=2s", "-rest=6s", "-pace=10"})
	if err != nil {
		t.Fatal(err)
	}
	figures, err := measure(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	printFigures(os.Stdout, o, figures)
	for _, fault := range faults(o, figures) {
		t.Error(fault)
	}
}

func TestOptionsAreRefusedWithWhatIsAllowed(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"fewer shards than updaters":        {[]string{"-updaters=3", "-shards=2"}, "-shards: 2: allowed: 3, one for each of -updaters, to 32"},
		"an updater for each measurement":   {[]string{"-workloads=1000,2000,3000", "-updaters=1,3"}, `-updaters: "1,3": allowed: one number, or one for each of -workloads=1000,2000,3000`},
		"no updater":                        {[]string{"-updaters=0"}, `-updaters: "0": allowed: numbers of 1 or more, such as 1000,10000`},
		"fewer workloads than before":       {[]string{"-workloads=2000,1000"}, "-workloads: 1000: allowed: as many as before and as -repositories says, 2000, or more"},
		"fewer workloads than repositories": {[]string{"-workloads=100"}, "-workloads: 100: allowed: as many as before and as -repositories says, 200, or more"},
		"fewer rollouts than updaters":      {[]string{"-updaters=3", "-pace=2"}, "-pace: 2: allowed: 3, one for each of -updaters, or more"},
		"words":                             {[]string{"large"}, `arguments ["large"]: allowed: flags only`},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := parse(test.args); err == nil || err.Error() != test.want {
				t.Errorf("parse(%q) = %v, want %s", test.args, err, test.want)
			}
		})
	}
}
